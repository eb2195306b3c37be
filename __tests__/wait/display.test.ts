import { expect, test } from '@jest/globals';
import { createProgress } from '../../src/report/progress.js';
import { createDisplay } from '../../src/wait/display.js';
import type { Wait, Waits } from '../../src/wait/waits.js';
import { memory } from '../report/reports.js';

test('a server that does not answer is told of before anything was seen', () => {
  const { log, said } = memory();
  const time = { elapsed: 0 };
  const clock = { now: () => time };
  const display = createDisplay(createProgress(log, clock), clock, 'argocd');
  display.changed(new Map(), 'connection refused');
  for (let second = 0; second < 10; second += 1) {
    time.elapsed += 1_000;
    display.beat();
  }
  expect(said).toEqual([
    'info: [  5.0s] waiting for an answer from the server: connection refused',
  ]);
});

const DONE = { kind: 'done', entries: [], shown: {} } as unknown as Wait;

test.each([
  // Each change is shown at once.
  [5, [1, 2, 3, 4, 5]],
  // Of many, what came within 200 ms is shown with the next heartbeat or at the end, and nothing twice.
  [6, [1, 3, 4, 5]],
])('of %i Applications, changes %j are shown', (count, expected) => {
  const shown: number[] = [];
  const time = { elapsed: 0 };
  const display = createDisplay(
    { update: (_, trouble) => shown.push(Number(trouble)), heartbeat() {}, final() {} },
    { now: () => time },
    'argocd',
  );
  const waits: Waits = new Map(Array.from({ length: count }, (_, i) => [`argocd/${i}`, DONE]));
  const change = (elapsed: number, what: number) => {
    time.elapsed = elapsed;
    display.changed(waits, String(what));
  };
  change(1_000, 1);
  change(1_100, 2);
  change(1_199, 3);
  display.beat();
  display.beat();
  change(1_399, 4);
  change(1_400, 5);
  display.end();
  expect(shown).toEqual(expected);
});
