import { PassingError } from '../../errors.js';

const NEWLINE = 0x0a;
/** Etcd takes objects of 1.5 MB, some are set up for more; nobody's are so large. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/**
 * The lines of a stream, however its chunks are cut; empty ones are left out.
 * @throws PassingError where the stream ends in the middle of a line, or a line does not end
 */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  // A line of megabytes comes in many chunks: they are joined once, at its end.
  let begun: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...begun, chunk.subarray(start, end)]).toString();
      begun = [];
      size = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > LARGEST_BYTES) throw new PassingError('A watch sent a line without an end.');
  }
  if (begun.length > 0) throw new PassingError('The watch ended in the middle of an event.');
}
