import { afterEach, describe, expect, test } from '@jest/globals';
import type { StepResult } from '../support/action.ts';
import {
  type ApiServer,
  type ApiServerOptions,
  type Fault,
  type KubeObject,
  startApiServer,
} from '../support/api-server.ts';
import { type ArgocdServer, startArgocdServer } from '../support/argocd-server.ts';
import { type InsideMoment, liveIn, readInside, withinOf } from '../support/inside.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { runHere } from '../support/run-here.ts';
import { turnClock } from '../support/turn-clock.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const IMAGE = readInside('why-image-pull');
/** As it is for the ten minutes before the Deployment's deadline. */
const SHOP: KubeObject = {
  ...IMAGE.after.application,
  status: { ...(IMAGE.after.application['status'] as object), health: { status: 'Progressing' } },
};
const { name: application } = SHOP.metadata;
const PULL =
  'Deployment/web cannot pull registry.example.com/shop/web:missing (ImagePullBackOff, pod web-6cfb658bb6-rlp65)';
/** Paths of looks within an Application. */
const WITHIN = /resource-tree|\/(pods|deployments|replicasets)\b/;

const HOOK = readInside('why-hook');

/** Its operation, and the hook in it, in a phase. */
function hooked(phase: string, hookPhase: string): KubeObject {
  const { status, operation, ...rest } = HOOK.after.application as KubeObject & {
    readonly status: { readonly operationState: Operation };
  };
  const { operationState } = status;
  const { syncResult } = operationState;
  const resources = syncResult.resources.map((each) => {
    return each['hookType'] ? { ...each, hookPhase } : each;
  });
  const state = { ...operationState, phase, syncResult: { ...syncResult, resources } };
  const asked = phase === 'Running' ? { operation } : {};
  return { ...rest, ...asked, status: { ...status, operationState: state } };
}

interface Operation {
  readonly syncResult: { readonly resources: readonly Readonly<Record<string, string>>[] };
}

type Intercept = (path: string) => Fault | undefined;
const POD = 'web-6cfb658bb6-rlp65';

interface Way {
  readonly requests: ArgocdServer['requests'];
  readonly inputs: Readonly<Record<string, string>>;
  set(moment: InsideMoment): void;
  put(object: KubeObject): void;
}

const LOG = ['the first words', 'more', 'the last words'];

/** The container has run, so that it has a log. */
const CRASHED: InsideMoment = {
  ...IMAGE.after,
  objects: {
    ...IMAGE.after.objects,
    pods: (IMAGE.after.objects['pods'] ?? []).map((each) =>
      each.metadata.name === POD ? crashed(each) : each,
    ),
  },
};

function crashed(pod: KubeObject): KubeObject {
  const terminated = { exitCode: 1, reason: 'Error' };
  const containerStatuses = [
    {
      ...{ name: 'main', restartCount: 3, lastState: { terminated } },
      state: { waiting: { reason: 'CrashLoopBackOff' } },
    },
  ];
  const status = { ...(pod['status'] as object), phase: 'Running', containerStatuses };
  const annotations = { 'previous.test/main': LOG.join('\n') };
  return { ...pod, status, metadata: { ...pod.metadata, annotations } };
}

async function throughArgocd(intercept?: Intercept, moment = IMAGE.after): Promise<Way> {
  const server = await startArgocdServer({
    objects: [SHOP],
    ...(intercept ? { intercept: ({ path }) => intercept(path) } : {}),
  });
  closing.push(() => server.close());
  const set = (now: InsideMoment) => {
    server.setLive(liveIn(now));
    server.within = () => ({
      ...withinOf(IMAGE, now),
      logs: { [`${POD}/main/previous`]: LOG },
    });
  };
  set(moment);
  const inputs = {
    source: 'argocd',
    'argocd-server': server.url,
    'argocd-token': server.token,
    'certificate-authority': server.ca,
  };
  return { requests: server.requests, inputs, set, put: (object) => void server.put(object) };
}

/** Lists of pods have no kinds of their own. */
function withKinds({ objects }: InsideMoment): readonly KubeObject[] {
  return Object.values(objects).flat();
}

async function throughKubernetes(intercept?: Intercept, moment = IMAGE.after): Promise<Way> {
  const server: ApiServer = await startApiServer({
    objects: [SHOP],
    live: withKinds(moment),
    ...(intercept ? { intercept: ({ path }) => intercept(path) } : {}),
  });
  closing.push(() => server.close());
  const inputs = {
    server: server.url,
    token: server.token,
    'certificate-authority': server.ca,
  };
  const set = (now: InsideMoment) => server.setLive(withKinds(now));
  return { requests: server.requests, inputs, set, put: (object) => void server.put(object) };
}

function run(
  way: Way,
  inputs: Readonly<Record<string, string>> = {},
  onLine?: (line: string) => void,
  expectMore?: () => void,
): Promise<StepResult> {
  return runHere({
    clock: turnClock(),
    ...(onLine ? { onLine } : {}),
    ...(expectMore ? { expectMore } : {}),
    inputs: {
      ...way.inputs,
      application,
      revision: 'none',
      timeout: '5m',
      'degraded-grace': '0s',
      'live-evidence': 'off',
      ...inputs,
    },
  });
}

/** Requests that looked within the Application. */
function looks({ requests }: Way): readonly string[] {
  return requests.map(({ path }) => path).filter((path) => WITHIN.test(path));
}

const WAYS = [
  ['argocd', throughArgocd],
  ['cluster', throughKubernetes],
] as const;

describe.each(WAYS)('source: %s', (_, open) => {
  test('a container that cannot start ends the wait at the second look', async () => {
    const way = await open();
    const { outputs, stdout, summary, exitCode } = await run(way);
    expect(exitCode).toBe(1);
    expect(outputs).toMatchObject({ conclusion: 'failure', reason: 'pod-failure' });
    expect(outputs['message']).toContain(`${application} failed: ${PULL}`);
    expect(stdout).toContain(`::error::${application} failed: ${PULL}`);
    expect(JSON.parse(outputs['causes'] ?? '')).toEqual([
      expect.objectContaining({
        application,
        subject: 'Deployment/web',
        reason: 'ImagePullBackOff',
        container: 'main',
        image: 'registry.example.com/shop/web:missing',
      }),
    ]);
    expect(outputs['causes']).not.toMatch(/"(log|count|hook)"/);
    expect(summary).toContain('### Why');
    // While it still waited.
    expect(stdout).toMatch(/waiting for Healthy \(it is \w+\): Deployment\/web cannot pull/);
  });

  test('thousands of resources are expected once, with the first look of several', async () => {
    const way = await open();
    const before: number[] = [];
    const expectMore = () => void before.push(looks(way).length);
    await run(way, {}, undefined, expectMore);
    expect(before).toEqual([0]);
    expect(looks(way).length).toBeGreaterThan(1);
  });

  test('one that is well again before that goes on, and ends by the timeout', async () => {
    const way = await open();
    let said = 0;
    const { outputs } = await run(way, { timeout: '35s' }, (line) => {
      if (!line.includes('cannot pull')) return;
      said += 1;
      way.set(IMAGE.before);
    });
    expect(said).toBeGreaterThan(0);
    expect(outputs).toMatchObject({ conclusion: 'timeout', causes: '[]' });
  });

  test('pod-failures: wait, with the cause on timeout', async () => {
    const { outputs } = await run(await open(), {
      'pod-failures': 'wait',
      timeout: '22s',
      'degraded-grace': 'never',
    });
    expect(outputs['conclusion']).toBe('timeout');
    expect(outputs['message']).toContain(`timed out waiting for Healthy`);
    expect(outputs['message']).toContain(PULL);
  });

  test('nothing may be seen: told once, and the wait goes on as without', async () => {
    const refused = (path: string): Fault | undefined =>
      WITHIN.test(path) ? { kind: 'status', code: 403 } : undefined;
    const way = await open(refused);
    const { outputs, stdout } = await run(way, {
      timeout: '25s',
      'pod-failures': 'fail',
      'degraded-grace': 'never',
    });
    expect(outputs).toMatchObject({ conclusion: 'timeout', causes: '[]' });
    expect(
      stdout.match(/does not allow|denied permission|forbidden/gi)?.length ?? 0,
    ).toBeGreaterThan(0);
    expect(looks(way)).toEqual([...new Set(looks(way))]);
  });

  test('an API that does not answer delays nothing for long', async () => {
    const hang = (path: string): Fault | undefined =>
      WITHIN.test(path) ? { kind: 'hang' } : undefined;
    const { outputs } = await run(await open(hang), { timeout: '22s', 'degraded-grace': 'never' });
    expect(outputs).toMatchObject({ conclusion: 'timeout', causes: '[]' });
  });

  test('log-lines: the last lines of the container, and never in outputs', async () => {
    const way = await open(undefined, CRASHED);
    const { outputs, stdout, summary, results } = await run(way, { 'log-lines': '2' });
    expect(outputs['reason']).toBe('pod-failure');
    expect(stdout).toMatch(/::group::Last lines of the log of Deployment\/web, container main/);
    expect(stdout).toMatch(/^the last words$/m);
    expect(stdout).not.toContain('the first words');
    expect(summary).toContain('the last words');
    expect(JSON.stringify([outputs, results])).not.toContain('the last words');
  });

  test('a failed hook, whose pod is gone by the end', async () => {
    const way = await open();
    way.set(HOOK.after);
    way.put(hooked('Running', 'Running'));
    let seen = false;
    const { outputs } = await run(way, { application: 'why-hook' }, (line) => {
      if (seen || !line.includes('exit code 1')) return;
      seen = true;
      way.set(HOOK.before);
      way.put(hooked('Failed', 'Failed'));
    });
    expect(outputs).toMatchObject({ conclusion: 'failure', reason: 'sync-failed' });
    expect(outputs['message']).toMatch(
      /^why-hook failed: PostSync hook Job\/smoke: .*\(.*exit code 1.*pod smoke-mn8w9\)/,
    );
    expect(JSON.parse(outputs['causes'] ?? '')).toEqual([
      expect.objectContaining({ subject: 'Job/smoke', 'exit-code': 1 }),
    ]);
  });

  test('a wait that succeeds in its first 10 s looks at nothing', async () => {
    const way = await open();
    way.put(manifest('other', { health: 'Progressing' }));
    const { outputs } = await runHere({
      inputs: { ...way.inputs, application: 'other', revision: 'none' },
      onLine: (line) => {
        if (line.includes('Progressing')) way.put(manifest('other'));
      },
    });
    expect(outputs).toMatchObject({ conclusion: 'success', causes: '[]' });
    expect(looks(way)).toEqual([]);
  });
});

describe('a sync window', () => {
  const deny = { kind: 'deny', schedule: '0 22 * * *', duration: '8h', manualSync: true };
  // A manual sync is allowed: that is what `canSync` says.
  const windows = { canSync: true, assignedWindows: [deny], activeWindows: [deny] };
  const BLOCKED = manifest('shop', { revision: B, sync: 'OutOfSync', synced: A });
  const BLOCKED_OPERATION = manifest('shop', {
    ...{ revision: B, sync: 'OutOfSync', synced: B, phase: 'Running' },
    message: 'Sync operation blocked by sync window',
  });
  const inputs = { application: 'shop', revision: B, timeout: '13s' };
  const TOLD = 'a deny sync window (0 22 * * *, 8h) blocks auto-sync; a manual sync is allowed';

  const projectWith = (...syncWindows: readonly object[]): KubeObject => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { namespace: 'argocd', name: 'default' },
    spec: { syncWindows },
  });
  /** Without an end, whatever time it is. */
  const FREEZE = { ...deny, schedule: '* * * * *', manualSync: false, applications: ['shop'] };
  const FROZEN_WINDOWS = { assignedWindows: [FREEZE], activeWindows: [FREEZE] };
  const FROZEN =
    'a deny sync window (* * * * *, 8h) blocks auto-sync; auto-sync cannot start within a year';

  async function blocked(intercept?: Intercept, told: object = windows): Promise<Way> {
    const server = await startArgocdServer({
      objects: [BLOCKED],
      within: () => ({ tree: {}, windows: { canSync: true, ...told } }),
      projects: [projectWith(FREEZE)],
      ...(intercept ? { intercept: ({ path }) => intercept(path) } : {}),
    });
    closing.push(() => server.close());
    const way = {
      source: 'argocd',
      'argocd-server': server.url,
      'argocd-token': server.token,
      'certificate-authority': server.ca,
    };
    const put = (object: KubeObject) => void server.put(object);
    return { requests: server.requests, inputs: way, set: () => undefined, put };
  }
  const asked = ({ requests }: Way) => requests.filter(({ path }) => /syncwindows/.test(path));

  test('is told while it waits, and is the reason of the timeout', async () => {
    const way = await blocked();
    const { outputs, stdout, exitCode } = await run(way, inputs);
    expect(exitCode).toBe(1);
    expect(outputs).toMatchObject({ conclusion: 'timeout', reason: 'sync-window' });
    expect(outputs['message']).toBe(
      `shop: timed out waiting for an operation for bbbbbbbb: ${TOLD}`,
    );
    expect(JSON.parse(outputs['causes'] ?? '')).toEqual([
      { application: 'shop', subject: 'sync window', reason: 'SyncWindow', message: TOLD },
    ]);
    expect(stdout).toContain(`waiting for an operation for bbbbbbbb: ${TOLD}`);
    expect(looks(way)).toEqual([]);
  });

  test('that the last look alone sees is the reason too', async () => {
    const way = await blocked();
    const { outputs } = await run(way, { ...inputs, timeout: '3s' });
    expect(outputs).toMatchObject({ conclusion: 'timeout', reason: 'sync-window' });
    expect(asked(way)).toHaveLength(1);
  });

  test('that may not be asked for delays and fails nothing', async () => {
    const way = await blocked((path) =>
      path.endsWith('/syncwindows') ? { kind: 'status', code: 403 } : undefined,
    );
    const { outputs } = await run(way, inputs);
    expect(outputs).toMatchObject({ conclusion: 'timeout', reason: 'timeout', causes: '[]' });
    expect(asked(way)).toHaveLength(1);
  });

  async function blockedInCluster(
    project: KubeObject | undefined,
    over: ApiServerOptions = {},
  ): Promise<Way & { readonly server: ApiServer }> {
    const server = await startApiServer({
      objects: [BLOCKED],
      live: project ? [project] : [],
      ...over,
    });
    closing.push(() => server.close());
    const { url, token, ca } = server;
    const set = () => undefined;
    const put = (object: KubeObject) => void server.put(object);
    const way = { server: url, token, 'certificate-authority': ca };
    return { server, requests: server.requests, inputs: way, set, put };
  }
  const projectsAsked = ({ requests }: Way) =>
    requests.filter(({ path }) => /\/appprojects\//.test(path));

  test.each([
    ['the Argo CD API', () => blocked(undefined, FROZEN_WINDOWS)],
    ['the Kubernetes API', () => blockedInCluster(projectWith(FREEZE))],
  ])('that does not open before the timeout ends the wait: by %s', async (_, open) => {
    const way = await open();
    const { outputs, exitCode } = await run(way, { ...inputs, timeout: '10m' });
    expect(exitCode).toBe(1);
    expect(outputs).toMatchObject({ conclusion: 'failure', reason: 'sync-window' });
    expect(outputs['message']).toBe(`shop: auto-sync cannot start before the timeout: ${FROZEN}`);
    expect(JSON.parse(outputs['causes'] ?? '')).toMatchObject([{ message: FROZEN }]);
    expect(looks(way)).toEqual([]);
  });

  test('that the AppProject does not have, or that is not for this Application', async () => {
    const way = await blockedInCluster(projectWith({ ...FREEZE, applications: ['web'] }));
    const { outputs } = await run(way, inputs);
    expect(outputs).toMatchObject({ conclusion: 'timeout', reason: 'timeout', causes: '[]' });
    expect(outputs['message']).toContain('no operation started: a sync window may be closed');
    expect(projectsAsked(way)).toHaveLength(2);
  });

  test('of an AppProject that may not be read: told once, and waited for', async () => {
    const way = await blockedInCluster(projectWith(FREEZE), {
      authorize: ({ resource }) => resource !== 'appprojects',
    });
    const { outputs, stdout } = await run(way, { ...inputs, timeout: '33s' });
    expect(outputs).toMatchObject({ conclusion: 'timeout', reason: 'timeout', causes: '[]' });
    expect(stdout.match(/does not allow reading sync windows/g)).toHaveLength(1);
    expect(stdout).toContain('resources: [appprojects], verbs: [get]');
    expect(projectsAsked(way)).toHaveLength(1);
  });

  test('that holds an operation: which one, and when it can start', async () => {
    const way = await blockedInCluster(projectWith(FREEZE), { objects: [BLOCKED_OPERATION] });
    const { outputs } = await run(way, inputs);
    expect(outputs).toMatchObject({ conclusion: 'timeout', reason: 'sync-window' });
    expect(outputs['message']).toContain(
      'a deny sync window (* * * * *, 8h) blocks the operation; it cannot start within a year',
    );
    expect(looks(way)).toEqual([]);
  });

  test('is not asked for where auto-sync starts at once', async () => {
    const way = await blocked();
    const { outputs } = await run(way, inputs, (line) => {
      if (line.includes('an operation for')) way.put(manifest('shop', { revision: B }));
    });
    expect(outputs['conclusion']).toBe('success');
    expect(asked(way)).toEqual([]);
  });
});
