import { delimiter, dirname, join } from 'node:path';
import { ALIASES } from '../../core/filters/yaml-nodes.js';
import { invalid } from '../../http/endpoint.js';
import { record } from '../../http/json.js';
import type { Access } from '../../inputs/types.js';
import { messageOf } from '../../platform/errors.js';
import { readOthersFile } from '../../platform/files.js';

/** What a kubeconfig says, and where relative paths in it start. */
export interface KubeconfigFile {
  /** As messages call it. */
  readonly name: string;
  readonly content: unknown;
  /** Empty: the working directory. */
  readonly directory: string;
}

/**
 * The kubeconfigs to merge: the input, else the files of `KUBECONFIG`, else `~/.kube/config`.
 * @returns empty without a file
 * @throws TerminalError where `KUBECONFIG` names only files that do not exist, or one cannot be read
 */
export async function findKubeconfigs(access: Access): Promise<readonly KubeconfigFile[]> {
  if (access.kubeconfig) {
    return [{ name: '`kubeconfig`', content: access.kubeconfig, directory: '' }];
  }
  const named = access.kubeconfigEnv.split(delimiter).filter((path) => path !== '');
  const home = access.home === '' ? [] : [join(access.home, '.kube', 'config')];
  const found = await Promise.all((named.length > 0 ? named : home).map(read));
  const files = found.filter((file) => file !== undefined);
  if (named.length > 0 && files.length === 0) {
    throw invalid(`KUBECONFIG names no file that exists: ${named.join(', ')}.`);
  }
  return files;
}

/** Like kubectl, passes over a file that does not exist. */
async function read(path: string): Promise<KubeconfigFile | undefined> {
  const text = textOf(path);
  if (text === undefined) return undefined;
  const { readData } = await import('../../yaml/read.js');
  const data = readData(text);
  if (data.ok) return { name: path, content: data.value, directory: dirname(path) };
  const { line, code, message } = data.fault;
  if (code === ALIASES) throw invalid(`${path} is not a kubeconfig: ${message}.`);
  // The library's message quotes the line, which may hold a secret.
  throw invalid(`${path} is not YAML: line ${line} (${code}).`);
}

function textOf(path: string): string | undefined {
  try {
    return readOthersFile(path);
  } catch (thrown) {
    if (record(thrown).code === 'ENOENT') return undefined;
    throw invalid(`The kubeconfig ${path} cannot be read: ${messageOf(thrown)}.`);
  }
}
