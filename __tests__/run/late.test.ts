import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import type { StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { loadTrace, replay, type Trace } from '../support/replay.ts';
import { changesOf, resourcesOf } from '../support/results.ts';

/** How many times faster than recorded. */
const SPEED = 20;

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

/** Waits on a recording from a later point of it. */
async function waitFrom(
  trace: Trace,
  startAt: number,
  inputs: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const playing = replay(server, trace, { begin, startAt, speed: SPEED });
  const { application, revision } = trace;
  const result = await stepHere(server, { application, revision, timeout: '20s', ...inputs });
  playing.stop();
  return result;
}

const truthOf = (trace: Trace) => [...(trace.expect.changes ?? [])].sort();

describe('the live objects tell a late start what it has not seen', () => {
  test.each([
    ['create-server-side', 1135],
    ['create-server-side', 1474],
    ['create-server-side', 1753],
    ['create-server-side', 2878],
    ['update-create-prune-server-side', 115],
    ['update-create-prune-server-side', 713],
    ['update-create-prune-server-side', 745],
    ['update-create-prune-server-side', 2693],
    ['started-late', 0],
    ['started-late-replaced-operation', 0],
  ])('%s from %i ms on', async (name, startAt) => {
    const trace = loadTrace(name);
    const result = await waitFrom(trace, startAt);
    expectEnd(result, 'success', 'synced');
    expect(changesOf(result)).toEqual(truthOf(trace));
    expect(resourcesOf(result).filter(({ evidence }) => evidence === 'reported')).toEqual([]);
  });

  test('by small requests: metadata only, once for each resource', async () => {
    const trace = loadTrace('started-late');
    await waitFrom(trace, 0);
    const live = server.requests.filter(({ verb }) => verb === 'get');
    expect(live.length).toBeGreaterThan(0);
    expect(new Set(live.map(({ path }) => path)).size).toBe(live.length);
    expect(live.every(({ headers }) => headers.accept.includes('as=PartialObjectMetadata'))).toBe(
      true,
    );
    expect(live.filter(({ resource }) => resource === 'secrets')).toEqual([]);
  });
});

describe('without them, too much is called changed rather than too little', () => {
  async function expectGuess(trace: Trace, result: StepResult): Promise<void> {
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['evidence']).toBe('partial');
    expect(resourcesOf(result).some(({ evidence }) => evidence === 'reported')).toBe(true);
    const changed = changesOf(result).map((change) => change.replace(/^\w+ /, ''));
    for (const change of truthOf(trace)) expect(changed).toContain(change.replace(/^\w+ /, ''));
    expect(changed.length).toBeGreaterThan(truthOf(trace).length);
  }

  test('live-evidence: off asks for none', async () => {
    const trace = loadTrace('started-late');
    const result = await waitFrom(trace, 0, { 'live-evidence': 'off' });
    await expectGuess(trace, result);
    expect(server.requests.map(({ resource }) => resource)).toEqual(['applications.argoproj.io']);
    expect(said(result, 'notice')).toEqual([]);
  });

  test('objects that may not be read: a notice with the rule that would help', async () => {
    const trace = loadTrace('started-late');
    server.authorize = ({ group }) => group === 'argoproj.io';
    const result = await waitFrom(trace, 0);
    await expectGuess(trace, result);
    const [notice = '', ...others] = said(result, 'notice');
    expect(others).toEqual([]);
    expect(notice).toContain('live-evidence: off');
    expect(notice).toContain('verbs: [get]');
  });

  test('objects that are gone', async () => {
    const trace = loadTrace('update-server-side');
    await expectGuess(trace, await waitFrom(trace, 1426));
  });
});
