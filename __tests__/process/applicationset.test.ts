import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { startApiServer } from '../support/api-server.ts';
import { isStream, startArgocdServer } from '../support/argocd-server.ts';
import { atATime } from '../support/at-a-time.ts';
import { loadFan, playFan } from '../support/fan.ts';
import { applicationsOf, changesOf } from '../support/results.ts';

/** The built action on the recording of a RollingSync, through Kubernetes and through Argo CD. */

const FAN = loadFan('applicationset-rolling-sync');
const SPEED = 4;
/** Processes are dear: the core plays from every event. */
const STARTS = [0, 26, 52, -1].map((i) => FAN.events.at(i)?.t ?? 0);
const LAST = FAN.events.at(-1)?.t ?? 0;

async function throughKubernetes(startAt: number, gaps = false): Promise<StepResult> {
  const server = await startApiServer();
  const begin = server.seen(({ verb, path }) => verb === 'watch' && path.endsWith('/applications'));
  const { url, token, ca } = server;
  const access = { server: url, token, 'certificate-authority': ca };
  const playing = playFan(server, FAN, { begin, speed: SPEED, startAt });
  const breaking = setInterval(() => {
    if (!gaps) return;
    server.compact();
    server.dropWatches();
  }, 150);
  try {
    const result = await step(access);
    // What begins at the end is over before it watches.
    if (startAt < LAST) await playing;
    return result;
  } finally {
    clearInterval(breaking);
    await server.close();
  }
}

async function throughArgocd(startAt: number): Promise<StepResult> {
  const server = await startArgocdServer({ rootPath: '/argocd' });
  const { url, token, ca } = server;
  const access = { source: 'argocd', 'argocd-server': url, 'argocd-token': token };
  const playing = playFan(server, FAN, { begin: server.seen(isStream), speed: SPEED, startAt });
  try {
    const result = await step({ ...access, 'certificate-authority': ca });
    if (startAt < LAST) await playing;
    return result;
  } finally {
    await server.close();
  }
}

function step(access: Readonly<Record<string, string>>): Promise<StepResult> {
  const inputs = { applicationset: 'shops', revision: FAN.revision, timeout: '90s' };
  return runAction({ inputs: { ...inputs, ...access }, killAfterMs: 100_000 });
}

const NAMES = Object.keys(FAN.expect).sort();
const EXPECTED = Object.values(FAN.expect).flat().sort();

type Way = (startAt: number) => Promise<StepResult>;
const WAYS: readonly (readonly [string, Way])[] = [
  ['the Kubernetes API', throughKubernetes],
  ['the Kubernetes API, whose watches break and expire', (at) => throughKubernetes(at, true)],
  ['the Argo CD API', throughArgocd],
];
const RUNS = WAYS.flatMap(([name, way]) => STARTS.map((startAt) => ({ name, way, startAt })));

let runs: ReadonlyMap<(typeof RUNS)[number], Promise<StepResult>>;
beforeAll(() => {
  runs = atATime(4, RUNS, ({ way, startAt }) => way(startAt));
});
afterAll(() => Promise.allSettled(runs.values()));

describe.each(RUNS)('by $name, from $startAt ms', (run) => {
  const result = async () => (await runs.get(run)) ?? Promise.reject(new Error('it was not run'));

  test('ends when all are at the commit', async () => {
    const { outputs, exitCode, stderr } = await result();
    expect(stderr).toBe('');
    expect(outputs).toMatchObject({ conclusion: 'success', revision: FAN.revision });
    expect(exitCode).toBe(0);
    expect(applicationsOf(await result()).map(({ application }) => application)).toEqual(NAMES);
  });

  test('tells no change that was none, and leaves none out', async () => {
    const { outputs } = await result();
    const changes = changesOf(await result());
    expect(changes).toEqual(expect.arrayContaining(EXPECTED));
    // What a late start cannot tell from a change is called one, and evidence says so.
    if (run.startAt === 0 && !run.name.includes('break')) {
      expect(outputs['evidence']).toBe('complete');
      expect(changes).toEqual(EXPECTED);
    }
    expect(outputs['evidence'] === 'partial' || changes.length === EXPECTED.length).toBe(true);
  });
});
