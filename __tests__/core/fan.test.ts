import { describe, expect, test } from '@jest/globals';
import { type Fan, loadFan } from '../support/fan.ts';
import type { Trace } from '../support/replay.ts';
import {
  changesOf,
  endOf,
  expectedEnd,
  isSuccess,
  lies,
  looksOf,
  play,
} from './support/recordings.ts';

/** One Application of a recording of several, as a recording of its own. */
function traceOf(fan: Fan, application: string): Trace {
  const events = fan.events.filter(
    ({ object }) => object.kind === 'Application' && object.metadata.name === application,
  );
  return {
    ...{ trace: `${fan.trace} ${application}`, about: '', application, namespace: 'argocd' },
    ...{ revision: fan.revision, live: [], events },
    expect: { conclusion: 'success', changes: fan.expect[application] ?? [] },
  };
}

/** Nothing but the Applications: their ApplicationSet is not asked. */
describe.each(['set-dev', 'set-staging', 'set-prod'])('%s of a RollingSync', (name) => {
  const trace = traceOf(loadFan('applicationset-rolling-sync'), name);
  const whole = play(trace, looksOf(trace));
  const later = trace.events.map((_, i) => i).slice(1);

  test('ends when its own operation has deployed the revision, with what that changed', () => {
    expect(endOf(whole, trace)).toBe(expectedEnd(trace));
    expect(changesOf(whole.changes)).toEqual(trace.expect.changes);
    expect(whole.changes.evidence).toBe('complete');
  });

  test.each(later)('from event %i: not before its end, and no class that is wrong', (first) => {
    const played = play(trace, looksOf(trace, first));
    expect(endOf(played, trace)).toBe(expectedEnd(trace));
    expect(lies(trace, played.changes)).toEqual([]);
    expect(isSuccess(played) && (played.overAt ?? 0) >= (whole.overAt ?? 0)).toBe(true);
  });

  /** An operation that finds nothing to do replaces the first one, whatever was seen of that. */
  test.each(later)('with all but the first look missed before event %i', (first) => {
    const [begin, ...rest] = looksOf(trace);
    if (!begin) throw new Error('the recording has no first look');
    const [after, ...others] = rest.slice(first - 1);
    const looks = [begin, ...(after ? [{ ...after, gap: true }] : []), ...others];
    const played = play(trace, looks);
    expect(endOf(played, trace)).toBe(expectedEnd(trace));
    expect(lies(trace, played.changes)).toEqual([]);
  });
});
