import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { loadTrace, replay, type Trace, traceNames } from '../support/replay.ts';

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
  readonly applications: readonly { readonly 'all-resources': readonly Resource[] }[];
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

async function waitOn(trace: Trace, inputs: Readonly<Record<string, string>> = {}) {
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const playing = replay(server, trace, { begin, speed: SPEED });
  const result = await runAction({
    inputs: {
      server: server.url,
      token: server.token,
      'certificate-authority': server.ca,
      application: trace.application,
      revision: trace.revision,
      timeout: '30s',
      ...INPUTS[trace.trace],
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
