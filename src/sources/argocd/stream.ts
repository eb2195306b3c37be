import { record } from '../../http/json.js';
import { messageOf, TransientError } from '../../platform/errors.js';
import type { WatchEvent } from '../protocol.js';
import { type ArgocdAction, answerIn, refusal } from './refusals.js';

/** What a stream tells of. */
export interface Streamed {
  /** As messages call it. */
  readonly server: string;
  /** What was asked for, for messages. */
  readonly action: ArgocdAction;
  /** The field of an event that has the object. */
  readonly field: 'application' | 'applicationSet';
}

/** @throws TerminalError or TransientError for a line that reports an error, or is not an event */
export function streamEvent(line: string, { server, action, field }: Streamed): WatchEvent {
  const { result, error } = record(jsonIn(line, server));
  if (error !== undefined) throw refusal(answerIn(error), action, server);
  const { type, [field]: object } = record(result);
  switch (type) {
    case 'ADDED':
      return { kind: 'changed', object, position: '', initial: true };
    case 'MODIFIED':
      return { kind: 'changed', object, position: '' };
    case 'DELETED':
      return { kind: 'deleted', object, position: '' };
    default:
      throw new TransientError(`${server} sent an event of unknown type: ${line.slice(0, 100)}`);
  }
}

function jsonIn(line: string, server: string): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    const why = messageOf(thrown).slice(0, 100);
    throw new TransientError(`${server} sent a line that is not JSON in a stream: ${why}`);
  }
}
