import { inShort } from '../../http/answers.js';
import { objectIdentityOf, record, text } from '../../http/json.js';
import { messageOf, TransientError } from '../../platform/errors.js';
import type { WatchEvent } from '../protocol.js';

/** @throws TransientError for a line that is not an event */
export function watchEvent(line: string): WatchEvent {
  const { type, object } = record(jsonIn(line));
  const position = objectIdentityOf(object).resourceVersion;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'changed', object, position };
    case 'DELETED':
      return { kind: 'deleted', object, position };
    case 'BOOKMARK':
      return { kind: 'bookmark', complete: endsInitialEvents(object), position };
    case 'ERROR':
      return failure(object);
    default:
      throw new TransientError(`A watch sent an event of unknown type: ${line.slice(0, 100)}`);
  }
}

function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    throw new TransientError(
      `A watch sent a line that is not JSON: ${messageOf(thrown).slice(0, 100)}`,
    );
  }
}

function endsInitialEvents(object: unknown): boolean {
  const annotations = record(record(record(object).metadata).annotations);
  return annotations['k8s.io/initial-events-end'] === 'true';
}

function failure(object: unknown): WatchEvent {
  const status = record(object);
  if (status.code === 410 || status.reason === 'Expired' || status.reason === 'Gone') {
    return { kind: 'expired' };
  }
  const message = `A watch reported: ${inShort(text(status.message)) || 'an error without a message'}`;
  const seconds = Number(record(status.details).retryAfterSeconds ?? Number.NaN);
  return {
    kind: 'error',
    error: new TransientError(message, Number.isFinite(seconds) ? seconds * 1000 : undefined),
  };
}
