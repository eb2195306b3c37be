import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { said, stepHere } from '../process/steps.ts';
import type { StepResult } from '../support/action.ts';
import { startApiServer } from '../support/api-server.ts';
import { atATime } from '../support/at-a-time.ts';
import { caseNames, inputsOf, loadCase, replay } from '../support/replay.ts';
import { applicationsOf, changesOf } from '../support/results.ts';
import { clockFrom } from '../support/run-here.ts';

/** Every case from its first event, and from its last: what the annotation says, and the rule. */

/** How many times faster than written. */
const SPEED = 20;

const CASES = caseNames().flatMap((name) => {
  const last = loadCase(name).events.at(-1)?.t ?? 0;
  return last > 0 ? [[name, 0] as const, [name, last] as const] : [[name, 0] as const];
});

async function waitOn([name, startAt]: (typeof CASES)[number]): Promise<StepResult> {
  const trace = loadCase(name);
  const server = await startApiServer();
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const playing = replay(server, trace, { begin, startAt, speed: SPEED });
  const late = trace.expect.conclusion === 'timeout' ? { timeout: '5s' } : {};
  const step = { clock: clockFrom(begin) };
  return stepHere(server, { ...inputsOf(trace), ...late }, step).finally(() => {
    playing.stop();
    return server.close();
  });
}

let runs: ReadonlyMap<(typeof CASES)[number], Promise<StepResult>>;
beforeAll(() => {
  runs = atATime(4, CASES, waitOn);
});
afterAll(() => Promise.allSettled(runs.values()));

test.each(CASES.map((each) => [...each, each] as const))('%s, from %i ms', async (...row) => {
  const [name, startAt, key] = row;
  const { expect: truth } = loadCase(name);
  const result = await (runs.get(key) ?? Promise.reject(new Error(`no run of ${name}`)));
  expect(result.outputs).toMatchObject({ conclusion: truth.conclusion, reason: truth.reason });
  if (truth.deployed) expect(result.outputs['revision']).toBe(truth.deployed);
  // Late, a message alone does not tell an update.
  if (truth.changes && startAt === 0) expect(changesOf(result)).toEqual(truth.changes);
  const [annotation = ''] = said(result, 'error');
  for (const text of truth.says ?? []) expect(annotation).toContain(text);
  for (const text of truth.neverSays ?? []) expect(annotation).not.toContain(text);
  expect(applicationsOf(result)[0]?.rule).toMatch(/^[a-z-]+$/);
});
