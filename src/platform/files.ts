import { readFileSync, realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';

/** More than any event of GitHub's, and than any list of filters. */
const LARGEST_BYTES = 32 * 1024 * 1024;

/**
 * The text of a file that others may have put there: a checkout may hold a link to a device that
 * never ends, or to what is none of the repository's business.
 * @param within the directory that it must be in, links followed
 * @throws where there is no such file
 */
export function readOthersFile(path: string, within?: string): string {
  const real = realpathSync(path);
  if (within !== undefined && !real.startsWith(`${realpathSync(within)}${sep}`)) {
    throw new Error(`it is outside of ${within}`);
  }
  const file = statSync(real);
  if (!file.isFile()) throw new Error('it is no regular file');
  if (file.size > LARGEST_BYTES) throw new Error(`it has more than ${LARGEST_BYTES} bytes`);
  return readFileSync(real, 'utf8');
}
