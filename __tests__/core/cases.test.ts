import { describe, expect, test } from '@jest/globals';
import { settle, timedOut } from '../../src/core/result/settle.js';
import { caseNames, loadCase, type Trace } from '../support/replay.ts';
import { changesOf, expectedEnd, lies, looksOf, type Played, play } from './support/recordings.ts';

function resultOf(trace: Trace, { verdict, state, now }: Played) {
  const end = verdict.kind === 'waiting' ? timedOut(verdict) : verdict;
  return settle(trace.application, state, end, now).result;
}

function expectEnd(trace: Trace, from: number): void {
  const { expect: truth } = trace;
  const played = play(trace, looksOf(trace, from));
  const { conclusion, reason, message, revision } = resultOf(trace, played);
  expect(`${conclusion} ${reason}`).toBe(expectedEnd(trace));
  for (const text of truth.says ?? []) expect(message).toContain(text);
  for (const text of truth.neverSays ?? []) expect(message).not.toContain(text);
  if (truth.deployed) expect(revision).toBe(truth.deployed);
  expect(lies(trace, played.changes)).toEqual([]);
}

describe('a wait for a case', () => {
  test.each(caseNames())('%s, from the start', (name) => {
    const trace = loadCase(name);
    expectEnd(trace, 0);
    const { changes } = play(trace, looksOf(trace));
    if (trace.expect.changes) expect(changesOf(changes)).toEqual(trace.expect.changes);
  });

  const late = caseNames().flatMap((name) =>
    loadCase(name)
      .events.slice(1)
      .map((_, i) => [name, i + 1] as const),
  );
  test.each(late)('%s, from event %i', (name, from) => {
    expectEnd(loadCase(name), from);
  });
});
