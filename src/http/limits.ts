import { TerminalError } from '../platform/errors.js';

/** How much of each kind of answer is read, in bytes after decompression. */
export interface Limits {
  /** One page of a list, or a list that has no pages. */
  readonly list: number;
  /** The last lines of a container's log: some hundred at most. */
  readonly log: number;
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
  log: 8 * MIB,
  answer: 8 * MIB,
  event: 8 * MIB,
  explanation: 256 * KIB,
};

/** As messages show it. */
export function sizeOf(bytes: number): string {
  if (bytes >= MIB) return `${Math.floor(bytes / MIB)} MiB`;
  return bytes >= KIB ? `${Math.floor(bytes / KIB)} KiB` : `${bytes} bytes`;
}

/** What a success answers with. */
export type AnswerKind = Exclude<keyof Limits, 'event' | 'explanation'>;

/** A success that is larger than any that is needed; the same again would be no smaller. */
export class TooLarge extends TerminalError {
  constructor(server: string, kind: AnswerKind, limit: number) {
    const [what, remedy] = BY_KIND[kind];
    super(
      'unreachable',
      `${server} sent ${what} of more than ${sizeOf(limit)}, the limit.`,
      remedy,
    );
  }
}

const CHECK = 'Check that this is the server that was meant.';

const BY_KIND: Readonly<Record<AnswerKind, readonly [what: string, remedy: string]>> = {
  list: [
    'a list',
    `${CHECK} If it is, wait for fewer Applications at a time, by \`application\`, \`application-namespace\` or \`selector\`.`,
  ],
  log: ['a log', 'Ask for fewer of its lines:\nwith:\n  log-lines: 20'],
  answer: ['an answer', CHECK],
};
