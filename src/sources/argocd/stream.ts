import { record } from '../../http/json.js';
import { messageOf, TransientError } from '../../platform/errors.js';
import type { WatchEvent } from '../protocol.js';
import { answerIn, LIST_ACTION, refusal } from './refusals.js';

/** @throws TerminalError or TransientError for a line that reports an error, or is not an event */
export function streamEvent(line: string, server: string): WatchEvent {
  const { result, error } = record(jsonIn(line, server));
  if (error !== undefined) throw refusal(answerIn(error), LIST_ACTION, server);
  const { type, application: object } = record(result);
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
