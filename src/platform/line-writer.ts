import { writeSync } from 'node:fs';

/** Writes lines to a file descriptor; after the first failure, nothing more. */
export interface LineWriter {
  write(line: string): void;
  /**
   * Writes what a full pipe has held up, unless nobody reads it.
   * @returns why lines were lost; undefined: none were
   */
  flush(): Promise<unknown>;
}

/** How long a full pipe is waited for at the end, and between two attempts, in milliseconds. */
const FLUSH_MS = 1000;
const AGAIN_MS = 10;

/**
 * A writer without the stream that Node would make of the descriptor.
 * @param write as `fs.writeSync`: may take less than it is given, and throws
 */
export function lineWriter(
  fd: number,
  write: (fd: number, bytes: Uint8Array) => number = writeSync,
): LineWriter {
  let held = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  let fault: unknown;

  const drain = (): void => {
    timer = undefined;
    try {
      while (held.length > 0) held = held.subarray(write(fd, held));
    } catch (thrown) {
      if (isFullPipe(thrown)) timer = setTimeout(drain, AGAIN_MS);
      else fault = thrown;
    }
  };

  return {
    write(line) {
      if (fault !== undefined) return;
      held = Buffer.concat([held, Buffer.from(`${line}\n`)]);
      if (timer === undefined) drain();
    },
    async flush() {
      for (let waited = 0; timer !== undefined && waited < FLUSH_MS; waited += AGAIN_MS) {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
      clearTimeout(timer);
      return fault ?? (held.length > 0 ? new Error('nobody reads it') : undefined);
    },
  };
}

function isFullPipe(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN';
}
