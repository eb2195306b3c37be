import { delimiter, dirname, join } from 'node:path';
import { invalid } from '../../http/endpoint.js';
import { record } from '../../http/json.js';
import type { Access } from '../../inputs/types.js';
import { messageOf } from '../../platform/errors.js';
import { readOthersFile } from '../../platform/files.js';

/** The text of a kubeconfig, and where relative paths in it start. */
export interface KubeconfigText {
  /** As messages call it. */
  readonly name: string;
  readonly text: string;
  /** Empty: the working directory. */
  readonly directory: string;
}

/**
 * The kubeconfigs to merge: the input, else the files of `KUBECONFIG`, else `~/.kube/config`.
 * @returns empty without a file
 * @throws TerminalError where `KUBECONFIG` names only files that do not exist, or one cannot be read
 */
export function findKubeconfigs(access: Access): readonly KubeconfigText[] {
  if (access.kubeconfig !== '') {
    return [{ name: '`kubeconfig`', text: access.kubeconfig, directory: '' }];
  }
  const named = access.kubeconfigEnv.split(delimiter).filter((path) => path !== '');
  const home = access.home === '' ? [] : [join(access.home, '.kube', 'config')];
  const found = (named.length > 0 ? named : home).map(read);
  const files = found.filter((file) => file !== undefined);
  if (named.length > 0 && files.length === 0) {
    throw invalid(`KUBECONFIG names no file that exists: ${named.join(', ')}.`);
  }
  return files;
}

/** Like kubectl, passes over a file that does not exist. */
function read(path: string): KubeconfigText | undefined {
  try {
    return { name: path, text: readOthersFile(path), directory: dirname(path) };
  } catch (thrown) {
    if (record(thrown).code === 'ENOENT') return undefined;
    throw invalid(`The kubeconfig ${path} cannot be read: ${messageOf(thrown)}.`);
  }
}
