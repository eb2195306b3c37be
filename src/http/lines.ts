import { TransientError } from '../platform/errors.js';

const NEWLINE = 0x0a;
/** Applications of more are few. */
const FIRST_BYTES = 64 * 1024;

/**
 * The lines of a stream, however its chunks are cut; empty ones are left out.
 * @param limit of a line, in bytes
 * @param tooLong what a line beyond it means
 * @throws TransientError where the stream ends in the middle of a line
 */
export async function* lines(
  chunks: AsyncIterable<Buffer>,
  limit: number,
  tooLong: () => Error,
): AsyncGenerator<string> {
  // One buffer for all lines: a watch has thousands of them, and each would be garbage.
  let buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  let size = 0;
  const append = (part: Buffer) => {
    const needed = size + part.length;
    if (needed > limit) throw tooLong();
    if (needed > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * buffer.length));
      buffer.copy(larger, 0, 0, size);
      buffer = larger;
    }
    part.copy(buffer, size);
    size = needed;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      append(chunk.subarray(start, end));
      const line = buffer.toString('utf8', 0, size);
      size = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    append(chunk.subarray(start));
  }
  if (size > 0) throw new TransientError('The watch ended in the middle of an event.');
}
