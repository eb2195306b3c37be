import { messageOf, TransientError } from '../platform/errors.js';
import { type Json, record, text } from './json.js';

/** An answer that was read completely. */
export interface Answer {
  readonly status: number;
  /** What the server calls the body; empty where it does not say. */
  readonly type: string;
  readonly retryAfter: string;
  readonly location: string;
  readonly body: string;
}

export function isSuccess(answer: Answer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

/**
 * The JSON of a successful answer.
 * @param doubt what to check where it is not JSON
 * @throws TransientError where it is not JSON: a proxy's page, or cut short
 */
export function jsonOf(
  answer: Answer,
  server: string,
  doubt = 'is `server` the Kubernetes API?',
): unknown {
  try {
    return JSON.parse(answer.body);
  } catch (thrown) {
    const type = answer.type || 'something';
    throw new TransientError(
      `${server} answered with ${type} that is not JSON (${messageOf(thrown).slice(0, 100)}): ${doubt}`,
    );
  }
}

/** `Retry-After` as Kubernetes sends it, in seconds; in milliseconds. */
export function retryAfterMs(header: string): number | undefined {
  return /^\d+$/.test(header.trim()) ? Number(header) * 1000 : undefined;
}

/**
 * What an answer says, or the beginning of whatever else was answered, in one line.
 * @param messageIn where the message is; by default the `message` of a Status
 */
export function sayingOf(answer: Answer, messageIn = (body: Json) => text(body.message)): string {
  return inShort(messageIn(record(parsed(answer.body))) || answer.body) || 'no explanation';
}

const SHOWN_LETTERS = 500;
/** Of what is mostly white space, so much is looked through for something to show. */
const READ_LETTERS = 20 * SHOWN_LETTERS;

/** The beginning of a foreign text, in one line. */
export function inShort(said: string): string {
  const line = said.slice(0, READ_LETTERS).replace(/\s+/g, ' ').trim();
  return line.length > SHOWN_LETTERS ? `${line.slice(0, SHOWN_LETTERS)}…` : line;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Login pages carry state in the query that is nobody's business. */
export function withoutQuery(location: string): string {
  return location.split(/[?#]/, 1)[0] || 'nowhere';
}
