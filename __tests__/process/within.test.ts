import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROOT, runAction, type StepResult } from '../support/action.ts';
import { startApiServer } from '../support/api-server.ts';
import { startArgocdServer } from '../support/argocd-server.ts';
import { atATime } from '../support/at-a-time.ts';
import { liveIn, readInside, withinOf } from '../support/inside.ts';

/** The built action on every recording of why an Application is not well, by either API. */

const NAMES = globSync('__tests__/inside/why-*.json', { cwd: ROOT })
  .map((file) => basename(file, '.json'))
  .sort();

interface Truth {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly conclusion: string;
  readonly reason: string;
  readonly causes: readonly object[];
  readonly message: string;
}

/** As the recordings' README has it, and the objects in them. */
const EXPECTED: Readonly<Record<string, Truth>> = {
  'why-autoscaler': {
    ...{ conclusion: 'timeout', reason: 'timeout' },
    causes: [
      {
        ...{ subject: 'HorizontalPodAutoscaler/api', reason: 'Progressing' },
        message: 'HorizontalPodAutoscaler/api is Progressing: Waiting to Autoscale',
      },
    ],
    message:
      'why-autoscaler: timed out waiting for Healthy (it is Progressing): HorizontalPodAutoscaler/api is Progressing: Waiting to Autoscale',
  },
  'why-hook': {
    ...{ conclusion: 'timeout', reason: 'timeout' },
    causes: [{ subject: 'Job/smoke', reason: 'Error', container: 'main', 'exit-code': 1 }],
    message: 'PostSync hook Job/smoke: container main failed (Error, exit code 1, pod smoke-mn8w9)',
  },
  'why-image-pull': {
    inputs: { 'degraded-grace': '0s' },
    ...{ conclusion: 'failure', reason: 'degraded' },
    causes: [
      {
        ...{ subject: 'Deployment/web', reason: 'ImagePullBackOff', container: 'main' },
        image: 'registry.example.com/shop/web:missing',
      },
    ],
    message:
      'why-image-pull failed: Deployment/web cannot pull registry.example.com/shop/web:missing (ImagePullBackOff, pod web-6cfb658bb6-rlp65): ErrImagePull: not found',
  },
};

type Access = Readonly<Record<string, string>>;

/** Long enough for a first look while it waits, and for a machine that is busy. */
const TIMEOUT = '20s';

function step(name: string, access: Access): Promise<StepResult> {
  const revision = readInside(name).revisions.to;
  const common = { application: name, revision, timeout: TIMEOUT, 'live-evidence': 'off' };
  return runAction({ inputs: { ...common, ...access, ...EXPECTED[name]?.inputs } });
}

async function throughKubernetes(name: string): Promise<StepResult> {
  const { after } = readInside(name);
  const server = await startApiServer({ objects: [after.application], live: liveIn(after) });
  const { url, token, ca } = server;
  return step(name, { server: url, token, 'certificate-authority': ca }).finally(server.close);
}

async function throughArgocd(name: string): Promise<StepResult> {
  const recording = readInside(name);
  const { after } = recording;
  const within = () => withinOf(recording, after);
  const server = await startArgocdServer({
    ...{ objects: [after.application], live: liveIn(after), within },
  });
  const { url, token, ca } = server;
  const access = { 'argocd-server': url, 'argocd-token': token, 'certificate-authority': ca };
  return step(name, { source: 'argocd', ...access }).finally(server.close);
}

/** They wait most of the time. */
const AT_A_TIME = 4;
let runs: ReadonlyMap<string, Promise<readonly [kubernetes: StepResult, argocd: StepResult]>>;

beforeAll(() => {
  runs = atATime(AT_A_TIME, NAMES, (name) =>
    Promise.all([throughKubernetes(name), throughArgocd(name)]),
  );
});
afterAll(() => Promise.allSettled(runs.values()));

test('every recording has its expectation', () => {
  expect(Object.keys(EXPECTED)).toEqual(NAMES);
});

describe.each(NAMES)('%s', (name) => {
  test.each([
    ['cluster', 0],
    ['argocd', 1],
  ] as const)('source: %s', async (_, at) => {
    const result = (await runs.get(name))?.[at];
    if (!result) throw new Error(`no run of ${name}`);
    const { conclusion, reason, causes, message } = EXPECTED[name] ?? {};
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({ conclusion, reason });
    expect(result.outputs['message']).toContain(message);
    expect(result.stdout).toContain(message);
    expect(JSON.parse(result.outputs['causes'] ?? '')).toEqual(
      causes?.map((each) => expect.objectContaining({ application: name, ...each })),
    );
    expect(result.summary).toContain('### Why');
    // What the Application itself says of its health is of another moment.
    expect(result.outputs['message']).not.toContain('Caused by');
  });
});
