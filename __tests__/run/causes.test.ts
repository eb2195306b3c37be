import { afterEach, describe, expect, test } from '@jest/globals';
import type { StepResult } from '../support/action.ts';
import {
  type ApiServer,
  type Fault,
  type KubeObject,
  startApiServer,
} from '../support/api-server.ts';
import { type ArgocdServer, startArgocdServer } from '../support/argocd-server.ts';
import { type Inside, liveIn, readInside, withinOf } from '../support/inside.ts';
import { manifest } from '../support/manifest.ts';
import { fasterClock, runHere } from '../support/run-here.ts';

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
/** So many times faster than a person waits. */
const SPEED = 10;

/** Paths of looks within an Application. */
const WITHIN = /resource-tree|\/(pods|deployments|replicasets)\b/;

interface Way {
  readonly requests: ArgocdServer['requests'];
  readonly inputs: Readonly<Record<string, string>>;
  set(moment: Inside): void;
  put(object: KubeObject): void;
}

async function throughArgocd(intercept?: (path: string) => Fault | undefined): Promise<Way> {
  const server = await startArgocdServer({
    objects: [SHOP],
    ...(intercept ? { intercept: ({ path }) => intercept(path) } : {}),
  });
  closing.push(() => server.close());
  const set = (moment: Inside) => {
    server.setLive(liveIn(moment));
    server.within = () => ({
      ...withinOf(IMAGE, moment),
      logs: { 'web-6cfb658bb6-rlp65/main': ['first', 'last'] },
    });
  };
  set(IMAGE.after);
  const inputs = {
    source: 'argocd',
    'argocd-server': server.url,
    'argocd-token': server.token,
    'certificate-authority': server.ca,
  };
  return { requests: server.requests, inputs, set, put: (object) => void server.put(object) };
}

/** Lists of pods have no kinds of their own. */
function withKinds({ objects }: Inside): readonly KubeObject[] {
  return Object.values(objects).flat();
}

async function throughKubernetes(intercept?: (path: string) => Fault | undefined): Promise<Way> {
  const server: ApiServer = await startApiServer({
    objects: [SHOP],
    live: withKinds(IMAGE.after),
    ...(intercept ? { intercept: ({ path }) => intercept(path) } : {}),
  });
  closing.push(() => server.close());
  const inputs = {
    server: server.url,
    token: server.token,
    'certificate-authority': server.ca,
  };
  const set = (moment: Inside) => server.setLive(withKinds(moment));
  return { requests: server.requests, inputs, set, put: (object) => void server.put(object) };
}

function run(
  way: Way,
  inputs: Readonly<Record<string, string>> = {},
  onLine?: (line: string) => void,
): Promise<StepResult> {
  return runHere({
    clock: fasterClock(SPEED),
    ...(onLine ? { onLine } : {}),
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

  test('one that is well again before that goes on, and ends by the timeout', async () => {
    const way = await open();
    let said = 0;
    const { outputs } = await run(way, { timeout: '45s' }, (line) => {
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
      timeout: '30s',
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
      timeout: '40s',
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
    const { outputs } = await run(await open(hang), { timeout: '30s', 'degraded-grace': 'never' });
    expect(outputs).toMatchObject({ conclusion: 'timeout', causes: '[]' });
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
