import { record } from '../../http/json.js';
import { messageOf, TransientError } from '../../platform/errors.js';
import { answerIn, LISTING, refusal } from './refusals.js';

/** An event of a stream of Applications. */
export interface StreamEvent {
  /** `first`: added, or there when the stream began. */
  readonly kind: 'first' | 'changed' | 'gone';
  readonly object: unknown;
}

const KINDS: ReadonlyMap<unknown, StreamEvent['kind']> = new Map([
  ['ADDED', 'first'],
  ['MODIFIED', 'changed'],
  ['DELETED', 'gone'],
]);

/** @throws TerminalError or TransientError for a line that reports one, or that is no event */
export function streamEvent(line: string, server: string): StreamEvent {
  const { result, error } = record(jsonIn(line, server));
  if (error !== undefined) throw refusal(answerIn(error), LISTING, server);
  const { type, application } = record(result);
  const kind = KINDS.get(type);
  if (kind) return { kind, object: application };
  throw new TransientError(`${server} sent an event of unknown type: ${line.slice(0, 100)}`);
}

function jsonIn(line: string, server: string): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    const why = messageOf(thrown).slice(0, 100);
    throw new TransientError(`${server} sent what is not JSON in a stream: ${why}`);
  }
}
