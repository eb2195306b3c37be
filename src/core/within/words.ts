import { type Finding, isOutOfMemory } from './findings.js';
import type { ContainerState, TreeNode } from './tree.js';

/** How findings are put into words. Foreign text is cut here, and cleaned where it is shown. */

const LONGEST = 300;

/** In one line, cut. */
function inLine(text: string): string {
  const line = text
    .slice(0, 4 * LONGEST)
    .replace(/\s+/g, ' ')
    .trim();
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

/**
 * `Deployment/web cannot pull X (ImagePullBackOff, pod web-6cf): not found`
 * @param subject of the finding's root
 * @param restarts the most of any pod that has it
 * @param pods the names of the pods that have it
 * @param more there may be more of them
 */
export function sentenceOf(
  finding: Finding,
  subject: string,
  restarts: number,
  pods: readonly string[],
  more: boolean,
): string {
  const predicate = predicateOf(finding);
  // The word of a health is in the sentence.
  const reason = predicate.endsWith(` ${finding.reason}`) ? '' : finding.reason;
  const again = restarts === 1 ? '1 restart' : restarts > 1 ? `${restarts} restarts` : '';
  const details = [reason, ...detailsOf(finding), again, podNames(pods, more)];
  const told = details.filter((each) => each !== '');
  const brackets = told.length === 0 ? '' : ` (${told.join(', ')})`;
  const words = wordsOf(finding);
  return `${inLine(`${subject}${predicate}`)}${brackets}${words === '' ? '' : `: ${words}`}`;
}

/** What goes after the name of the root. */
function predicateOf(finding: Finding): string {
  const { symptom, root, container, at, reason } = finding;
  const name = container ? containerName(container) : '';
  switch (symptom) {
    case 'cannot pull':
      return ` cannot pull ${container?.image || 'an image'}${container?.role === 'container' ? '' : ` for ${name}`}`;
    case 'cannot start':
      return ` cannot ${STARTING.get(reason) ?? 'start'} ${name}`;
    case 'crashes':
      return `: ${name} ${crashOf(finding)}`;
    case 'cannot be scheduled':
      return ' cannot be scheduled';
    case 'cannot mount':
      return ' cannot mount a volume';
    case 'cannot create pods':
      return ' cannot create its pods';
    case 'pod failed':
      return ': a pod failed';
    case 'warned of':
      return `${at === root ? '' : `: ${at.kind}/${at.name}`} is ${at.health || 'not ready'}`;
    case 'is not ready':
      return `: ${name} runs but is not ready`;
    case 'is starting':
      return ` waits for ${name} to start`;
    case 'is degraded':
    case 'is progressing':
      return ` is ${root.health}`;
  }
}

const STARTING: ReadonlyMap<string, string> = new Map([
  ['CreateContainerConfigError', 'configure'],
  ['CreateContainerError', 'create'],
  ['RunContainerError', 'run'],
]);

function crashOf(finding: Finding): string {
  const { reason, container } = finding;
  if (isOutOfMemory(finding)) return 'runs out of memory';
  const again = reason === 'CrashLoopBackOff' || (container?.restarts ?? 0) > 0;
  return again ? 'keeps crashing' : 'failed';
}

/** `init container migrate`, `a container` */
function containerName({ role, name }: Pick<ContainerState, 'role' | 'name'>): string {
  const what = { init: 'init container', sidecar: 'sidecar container', container: 'container' };
  if (name !== '') return `${what[role]} ${name}`;
  return role === 'init' ? 'an init container' : `a ${what[role]}`;
}

function detailsOf(finding: Finding): readonly string[] {
  const { reason, termination } = finding;
  const code = termination?.exitCode;
  return [
    isOutOfMemory(finding) && reason !== 'OOMKilled' ? 'OOMKilled' : '',
    code === undefined ? '' : `exit code ${code}`,
  ];
}

/** What the cluster says beyond what the sentence says already. */
function wordsOf({ said, container }: Finding): string {
  const line = inLine(said);
  // The kubelet's back-off names the pod and the container, and nothing else.
  if (/^back-off \S+ restarting failed container/i.test(line)) return '';
  const repeated = `Back-off pulling image "${container?.image}"`;
  return line.startsWith(repeated) ? line.slice(repeated.length).replace(/^[:\s]+/, '') : line;
}

/** `pod web-6cf`, `10 pods, such as web-6cf` */
function podNames(names: readonly string[], more: boolean): string {
  const [first = ''] = names;
  if (names.length === 0) return '';
  if (names.length === 1) return `pod ${first}`;
  return `${more ? 'at least ' : ''}${names.length} pods, such as ${first}`;
}
