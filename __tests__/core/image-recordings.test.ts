import { expect, test } from '@jest/globals';
import { judge } from '../../src/core/decision/rules.js';
import { begin, step } from '../../src/core/decision/state.js';
import { loadTrace } from '../support/replay.ts';
import { ANY, imagePatterns, POLICY } from './support/follow.ts';
import { looksOf } from './support/recordings.ts';

/** A wait for an image on the recordings, begun at each of their points: never too early. */

const WEB = 'registry.example.com/shop/web';

const TRACES: readonly (readonly [trace: string, tag: string])[] = [
  ['update-client-side', '1.1.0'],
  ['update-server-side', '1.1.0'],
  ['update-create-prune-server-side', '1.1.0'],
  ['replace', '1.1.0'],
  ['superseded', '1.1.0'],
  ['many-kinds-2.14', '1.1.0'],
  ['hydrated-change', '1.1.0'],
];

test.each(TRACES)('%s', (name, tag) => {
  const trace = loadTrace(name);
  const images = imagePatterns(`${WEB}:${tag}`);
  for (const from of trace.events.keys()) {
    let ended = false;
    let state = begin({ ...POLICY, images }, () => ANY, { elapsed: 0 });
    for (const { t, application } of looksOf(trace, from)) {
      const now = { elapsed: t };
      if (!application) continue;
      state = step(state, { kind: 'snapshot', application, now, gap: false });
      const verdict = judge(state, now);
      if (verdict.kind !== 'done') continue;
      ended = true;
      expect([from, verdict.conclusion, verdict.reason]).toEqual([from, 'success', 'synced']);
      const tags = application.summaryImages.filter((each) => each.startsWith(`${WEB}:`));
      expect([from, tags]).toEqual([from, [`${WEB}:${tag}`]]);
      expect(application.health.status).toBe('Healthy');
    }
    expect([from, ended]).toEqual([from, true]);
  }
});
