import { inShort } from '../../http/answers.js';
import { identityOf, record, text } from '../../http/json.js';
import { messageOf, TransientError } from '../../platform/errors.js';

/** An event of a watch. Positions are resource versions. */
export type WireEvent =
  | { readonly kind: 'changed' | 'gone'; readonly object: unknown; readonly position: string }
  /** @property complete all objects that were there at the beginning have been sent */
  | { readonly kind: 'bookmark'; readonly complete: boolean; readonly position: string }
  /** The versions since the position are not remembered any more. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'fault'; readonly fault: TransientError };

/** @throws TransientError for a line that is no event */
export function wireEvent(line: string): WireEvent {
  const { type, object } = record(jsonIn(line));
  const position = identityOf(object).resourceVersion;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'changed', object, position };
    case 'DELETED':
      return { kind: 'gone', object, position };
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
    throw new TransientError(`A watch sent what is not JSON: ${messageOf(thrown).slice(0, 100)}`);
  }
}

function endsInitialEvents(object: unknown): boolean {
  const annotations = record(record(record(object).metadata).annotations);
  return annotations['k8s.io/initial-events-end'] === 'true';
}

function failure(object: unknown): WireEvent {
  const status = record(object);
  if (status.code === 410 || status.reason === 'Expired' || status.reason === 'Gone') {
    return { kind: 'expired' };
  }
  const message = `A watch reported: ${inShort(text(status.message)) || 'an error without a message'}`;
  const seconds = Number(record(status.details).retryAfterSeconds ?? Number.NaN);
  return {
    kind: 'fault',
    fault: new TransientError(message, Number.isFinite(seconds) ? seconds * 1000 : undefined),
  };
}
