import { invalid } from '../../http/endpoint.js';
import type { KubeconfigEntry } from './kubeconfig-entry.js';

const OF_CLUSTERS = [
  'server',
  'tls-server-name',
  'insecure-skip-tls-verify',
  'certificate-authority',
  'certificate-authority-data',
  'proxy-url',
  'disable-compression',
  'extensions',
];

const OF_USERS = [
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
  'as',
  'as-uid',
  'as-groups',
  'as-user-extra',
  'username',
  'password',
  'auth-provider',
  'exec',
  'extensions',
];

const OF_PLUGINS = [
  'command',
  'args',
  'env',
  'apiVersion',
  'installHint',
  'provideClusterInfo',
  'interactiveMode',
];

/**
 * What a field is called that is almost one of these is a mistake, and it would count as absent.
 * @throws TerminalError; fields that resemble none of them belong to other programs
 */
export function checkNames(cluster: KubeconfigEntry, user: KubeconfigEntry): void {
  check(cluster, OF_CLUSTERS);
  check(user, OF_USERS);
}

export function checkPluginNames(exec: KubeconfigEntry): void {
  check(exec, OF_PLUGINS);
}

function check({ fields, place }: KubeconfigEntry, known: readonly string[]): void {
  for (const field of Object.keys(fields)) {
    const meant = known.includes(field) ? undefined : known.find((name) => isSlip(field, name));
    if (meant !== undefined) {
      throw invalid(`${place} has a field ${field}, which does not exist: did you mean ${meant}?`);
    }
  }
}

const SHORTEST = 4;

/** Whether it is the name in another case or with other dashes, or but for a letter or two swapped. */
function isSlip(field: string, name: string): boolean {
  if (bare(field) === bare(name)) return true;
  const [short, long] = [Math.min(field.length, name.length), Math.max(field.length, name.length)];
  if (long < SHORTEST || long - short > 1) return false;
  let start = 0;
  while (start < short && field[start] === name[start]) start += 1;
  let end = 0;
  while (end < short - start && field.at(-1 - end) === name.at(-1 - end)) end += 1;
  return long - start - end <= (long === short ? 2 : 1);
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}
