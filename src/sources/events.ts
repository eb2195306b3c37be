import type { ResourceEvent } from '../core/within/tree.js';
import { type Json, list, record, text } from '../http/json.js';
import { shortText } from './live-pod.js';

/** One object has a few kinds of events; they are counted, not repeated. */
const MOST = 500;

/**
 * The warnings of an EventList. What is not of its type counts as absent.
 * @param uid of what they must be about
 */
export function warningsIn(answer: unknown, uid: string): readonly ResourceEvent[] {
  return list(record(answer).items)
    .slice(0, MOST)
    .map(record)
    .filter((event) => event.type === 'Warning' && record(event.involvedObject).uid === uid)
    .map(warning);
}

function warning(event: Json): ResourceEvent {
  const { lastTimestamp, eventTime, firstTimestamp, series } = event;
  const times = [record(series).lastObservedTime, lastTimestamp, eventTime, firstTimestamp];
  return {
    about: text(record(event.involvedObject).uid),
    reason: shortText(event.reason),
    message: shortText(event.message),
    at: times.map(text).find((each) => each !== '') ?? '',
  };
}
