import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';

/** More than any event of GitHub's, than any list of filters, and than any kubeconfig. */
const LARGEST_BYTES = 32 * 1024 * 1024;

/**
 * The text of a file that others may have put there: a checkout may hold a link to a device that
 * never ends, to a pipe that nobody writes to, or to a file outside of the repository.
 * @param within the directory that it must be in, links followed
 * @throws Error where there is no such file, with the code of the system call if one failed
 */
export function readOthersFile(path: string, within?: string): string {
  const real = within === undefined ? path : pathWithin(path, within);
  // Without O_NONBLOCK, opening a pipe waits for whoever writes to it, deaf to signals.
  const file = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is not a regular file');
    if (stats.size > LARGEST_BYTES) throw new Error(`it has more than ${LARGEST_BYTES} bytes`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function pathWithin(path: string, directory: string): string {
  const real = realpathSync(path);
  if (real.startsWith(`${realpathSync(directory)}${sep}`)) return real;
  throw new Error(`it is outside of ${directory}`);
}
