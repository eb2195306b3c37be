import type { ContainerState, TreeNode } from './tree.js';

/** How causes are put into words. Foreign text is cut here, and cleaned where it is shown. */

const LONGEST = 300;

/** In one line, cut. */
export function inLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

/**
 * `Deployment/web`; with its namespace where that is not the Application's own.
 * @param namespace of the Application's destination
 */
export function subjectOf(node: TreeNode, namespace: string): string {
  const elsewhere = node.namespace !== '' && node.namespace !== namespace;
  return [node.kind, ...(elsewhere ? [node.namespace] : []), node.name].join('/');
}

/** `init container migrate`, `a container` */
export function containerName({ role, name }: Pick<ContainerState, 'role' | 'name'>): string {
  const what = { init: 'init container', sidecar: 'sidecar container', container: 'container' };
  if (name !== '') return `${what[role]} ${name}`;
  return role === 'init' ? 'an init container' : `a ${what[role]}`;
}

/**
 * What the kubelet says beyond what the sentence says already.
 * @param image as in the sentence
 */
export function kubeletWords(message: string, image: string): string {
  const line = inLine(message);
  // Its back-off names the pod and the container, and nothing else.
  if (/^back-off \S+ restarting failed container/i.test(line)) return '';
  const repeated = `Back-off pulling image "${image}"`;
  const rest = line.startsWith(repeated) ? line.slice(repeated.length) : line;
  return rest.replace(/^[:\s]+/, '');
}

/** `pod web-6cf`, `10 pods, such as web-6cf` */
export function podNames(names: readonly string[]): string {
  const [first = ''] = names;
  if (names.length === 0) return '';
  return names.length === 1 ? `pod ${first}` : `${names.length} pods, such as ${first}`;
}

/** `Deployment/web cannot pull X (ImagePullBackOff, pod web-6cf): not found` */
export function sentence(beginning: string, details: readonly string[], words: string): string {
  const told = details.filter((each) => each !== '');
  const brackets = told.length === 0 ? '' : ` (${told.join(', ')})`;
  return `${beginning}${brackets}${words === '' ? '' : `: ${words}`}`;
}
