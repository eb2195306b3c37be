import type { ResourceEvent } from '../core/within/tree.js';
import { type Json, list, record, text } from '../http/json.js';
import { shortText } from './live-pod.js';

/** One object has a few kinds of events; they are counted, not repeated. */
const MOST = 500;

/** Events of the type Normal that tell what something waits for. */
const TELLING: ReadonlySet<string> = new Set([
  ...['Pulling', 'Pulled'],
  ...['FailedBinding', 'WaitForFirstConsumer', 'WaitForPodScheduled', 'ExternalProvisioning'],
]);

/**
 * The warnings of an EventList, and what else tells why something is not well. What is not of its
 * type counts as absent.
 * @param uid of what they must be about
 */
export function tellingEventsIn(answer: unknown, uid: string): readonly ResourceEvent[] {
  return list(record(answer).items)
    .slice(0, MOST)
    .map(record)
    .filter((event) => record(event.involvedObject).uid === uid)
    .filter(({ type, reason }) => type === 'Warning' || TELLING.has(text(reason)))
    .map(eventIn);
}

function eventIn(event: Json): ResourceEvent {
  const { lastTimestamp, eventTime, firstTimestamp, series } = event;
  const times = [record(series).lastObservedTime, lastTimestamp, eventTime, firstTimestamp];
  return {
    about: text(record(event.involvedObject).uid),
    reason: shortText(event.reason),
    message: shortText(event.message),
    at: times.map(text).find((each) => each !== '') ?? '',
  };
}
