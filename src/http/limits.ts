import { TerminalError } from '../platform/errors.js';

/** How much of each kind of answer is read, in bytes after decompression. */
export interface Limits {
  /** One page of a list, or a list that has no pages. */
  readonly list: number;
  /** Any other success. */
  readonly answer: number;
  /** One event of a stream: an API server takes no object of more than 3 MB. */
  readonly event: number;
  /** The body of a refusal, of which a message shows the beginning. */
  readonly explanation: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS: Limits = {
  list: 64 * MIB,
  answer: 8 * MIB,
  event: 8 * MIB,
  explanation: 256 * KIB,
};

/** As messages show it. */
export function sizeOf(bytes: number): string {
  if (bytes >= MIB) return `${Math.floor(bytes / MIB)} MiB`;
  return bytes >= KIB ? `${Math.floor(bytes / KIB)} KiB` : `${bytes} bytes`;
}

/** A success that is larger than any that is needed; the same again would be no smaller. */
export class TooLarge extends TerminalError {
  constructor(server: string, kind: 'list' | 'answer', limit: number) {
    const what = kind === 'list' ? 'a list' : 'an answer';
    const fewer = kind === 'list' ? ` ${FEWER}` : '';
    super(
      'unreachable',
      `${server} sent ${what} of more than ${sizeOf(limit)}, the limit.`,
      `Check that this is the server that was meant.${fewer}`,
    );
  }
}

const FEWER =
  'If it is, wait for fewer Applications at a time, by `application`, `application-namespace` or `selector`.';
