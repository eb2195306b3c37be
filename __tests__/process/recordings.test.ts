import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import {
  caseNames,
  loadCase,
  loadTrace,
  replay,
  type Trace,
  traceNames,
} from '../support/replay.ts';
import { said } from './steps.ts';

/** How many times faster than recorded: what is over within 46 s then is over within 2.3 s. */
const SPEED = 20;

/** What a recording needs beside the defaults. */
const INPUTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  create: { 'if-missing': 'wait' },
  'create-server-side': { 'if-missing': 'wait' },
  'waves-first-sync': { 'if-missing': 'wait' },
  'paused-rollout-resumed': { suspended: 'succeed' },
  degraded: { 'degraded-grace': '1s' },
};

interface Resource {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly change: string;
  readonly evidence: string;
  readonly phase: string;
}

interface Results {
  readonly applications: readonly {
    readonly 'all-resources': readonly Resource[];
    readonly rule: string;
  }[];
}

function place({ group, kind, namespace, name }: Resource): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

function resourcesOf(result: StepResult): readonly Resource[] {
  return (result.results as Results).applications.flatMap((each) => each['all-resources']);
}

function changesOf(result: StepResult): readonly string[] {
  return resourcesOf(result)
    .filter((each) => !['unchanged', 'hook'].includes(each.change))
    .map((each) => `${each.change} ${place(each)}`)
    .sort();
}

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

async function waitOn(
  trace: Trace,
  inputs: Readonly<Record<string, string>> = {},
  startAt = 0,
): Promise<StepResult> {
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const playing = replay(server, trace, { begin, speed: SPEED, startAt });
  const result = await runAction({
    inputs: {
      server: server.url,
      token: server.token,
      'certificate-authority': server.ca,
      application: trace.application,
      revision: trace.revision,
      timeout: '30s',
      ...INPUTS[trace.trace],
      ...trace.inputs,
      ...inputs,
    },
    killAfterMs: 40_000,
  });
  playing.stop();
  return result;
}

describe('the built action on every recording, from its start', () => {
  test.each(traceNames())('%s', async (name) => {
    const trace = loadTrace(name);
    const { expect: truth } = trace;
    const result = await waitOn(trace);
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({ conclusion: truth.conclusion });
    expect(result.exitCode).toBe(truth.conclusion === 'success' ? 0 : 1);
    if (truth.reason) expect(result.outputs['reason']).toBe(truth.reason);
    if (truth.deployed) expect(result.outputs['revision']).toBe(truth.deployed);
    if (truth.health) expect(result.outputs['health-status']).toBe(truth.health);
    if (truth.syncStatus) expect(result.outputs['sync-status']).toBe(truth.syncStatus);
    if (truth.changes) expect(changesOf(result)).toEqual([...truth.changes].sort());
    if (truth.hooks) {
      const hooks = resourcesOf(result).filter((each) => each.change === 'hook');
      expect(hooks.map((each) => `${place(each)} ${each.phase}`).sort()).toEqual(
        [...truth.hooks].sort(),
      );
    }
  });
});

describe('the built action on every case', () => {
  const starts = caseNames().flatMap((name) => {
    const last = loadCase(name).events.at(-1)?.t ?? 0;
    return last > 0 ? [[name, 0] as const, [name, last] as const] : [[name, 0] as const];
  });

  test.each(starts)('%s, from %i ms', async (name, startAt) => {
    const trace = loadCase(name);
    const { expect: truth } = trace;
    const ends = truth.conclusion !== 'timeout';
    const result = await waitOn(trace, ends ? {} : { timeout: '3s' }, startAt);
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({ conclusion: truth.conclusion, reason: truth.reason });
    if (truth.deployed) expect(result.outputs['revision']).toBe(truth.deployed);
    // Late, a message alone does not tell an update.
    if (truth.changes && startAt === 0) expect(changesOf(result)).toEqual(truth.changes);
    const [annotation = ''] = said(result, 'error');
    for (const text of truth.says ?? []) expect(annotation).toContain(text);
    for (const text of truth.neverSays ?? []) expect(annotation).not.toContain(text);
    const [application] = (result.results as Results).applications;
    expect(application?.rule).toMatch(/^[a-z-]+$/);
  });
});
