import { expect, test } from '@jest/globals';
import { createProgress } from '../../src/report/progress.js';
import { createDisplay } from '../../src/wait/display.js';
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
