import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import { type ApiServer, type Fault, startApiServer } from '../support/api-server.ts';
import { type ArgocdServer, isStream, startArgocdServer } from '../support/argocd-server.ts';
import { loadFan, playFan } from '../support/fan.ts';
import { A, B, type Look, manifest } from '../support/manifest.ts';
import { applicationsOf } from '../support/results.ts';
import { runHere } from '../support/run-here.ts';
import { setManifest } from '../support/set-manifest.ts';

const fan = loadFan('app-of-apps');

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.close()));
});

interface Played {
  readonly server: ApiServer | ArgocdServer;
  readonly access: Readonly<Record<string, string>>;
  readonly begin: Promise<unknown>;
}

type Intercept = (request: { readonly path: string }) => Fault | undefined;

async function cluster(intercept: Intercept = () => undefined): Promise<Played> {
  const server = await startApiServer({ intercept });
  running.push(server);
  const { url, token, ca } = server;
  const begin = server.seen(({ verb }) => verb === 'watch');
  return { server, begin, access: { server: url, token, 'certificate-authority': ca } };
}

async function argocd(intercept: Intercept = () => undefined): Promise<Played> {
  const server = await startArgocdServer({ intercept });
  running.push(server);
  const { url, token, ca } = server;
  const access = { source: 'argocd', 'argocd-server': url, 'argocd-token': token };
  return {
    server,
    begin: server.seen(isStream),
    access: { ...access, 'certificate-authority': ca },
  };
}

describe.each([
  ['the Kubernetes API', cluster],
  ['the Argo CD API', argocd],
])('an app of apps by %s', (_, start) => {
  test('is waited for with all that it manages', async () => {
    const { server, access, begin } = await start();
    const playing = playFan(server, fan, { begin, speed: 4 });
    const result = await runHere({
      inputs: {
        ...access,
        application: 'root',
        children: 'true',
        revision: fan.revision,
        timeout: '30s',
        filters: 'late: Deployment/late\nweb: Deployment/web\nother: ConfigMap/*',
      },
    });
    await playing;
    expectEnd(result, 'success', 'synced');
    const ends = applicationsOf(result).map(({ application, conclusion, reason }) => [
      application,
      conclusion,
      reason,
    ]);
    expect(ends).toEqual([
      ['root', 'success', 'synced'],
      ['kid-a', 'success', 'synced'],
      ['kid-b', 'success', 'no-change'],
      ['kid-c', 'success', 'synced'],
    ]);
    const told = JSON.parse(result.outputs['applications'] ?? '') as { parent?: string }[];
    expect(told.map(({ parent }) => parent)).toEqual([undefined, 'root', 'root', 'root']);
    expect(result.outputs).toMatchObject({ late: 'true', web: 'true', other: 'false' });
    expect(said(result, 'warning')).toEqual([]);
    expect(result.summary).toMatch(/&emsp;↳ ✅ .*kid-c/);
  });
});

describe.each([
  ['the Kubernetes API', cluster],
  ['the Argo CD API', argocd],
])('an ApplicationSet in an app of apps by %s', (_, start) => {
  const SHOPS = { ...kid('shops'), kind: 'ApplicationSet' };
  const root = (look: Look) => manifest('root', { ...look, resources: [SHOPS] });
  const owned = (name: string, look: Look = {}) => {
    const { metadata, ...rest } = manifest(name, look);
    const ownerReferences = [{ kind: 'ApplicationSet', name: 'shops' }];
    return { metadata: { ...metadata, ownerReferences }, ...rest };
  };
  const isReading = ({ path }: { readonly path: string }) =>
    path.endsWith('/applicationsets/shops');
  const step = (access: Played['access']) =>
    runHere({ inputs: { ...access, ...INPUTS, timeout: '60s' } });
  const endsOf = (result: Awaited<ReturnType<typeof step>>) =>
    applicationsOf(result).map(({ application, reason }) => [application, reason]);

  test('what it generates is waited for, and what it has not generated yet', async () => {
    const { server, access, begin } = await start();
    for (const each of [root({ revision: A }), owned('shop-a'), owned('shop-b')]) server.put(each);
    server.put(setManifest({ state: 'generating', applications: ['shop-a'] }));
    void begin.then(() => setTimeout(() => server.put(root({ revision: B })), 200));
    void server.seen(isReading).then(() => {
      server.remove('argocd', 'shop-b');
      server.put(owned('shop-a', { revision: B }));
      server.put(owned('shop-c', { revision: B, sync: 'OutOfSync', phase: 'Running' }));
      server.put(setManifest({ applications: ['shop-a', 'shop-c'] }));
      setTimeout(() => server.put(owned('shop-c', { revision: B })), 300);
    });
    const result = await step(access);
    expectEnd(result, 'success', 'synced');
    expect(endsOf(result).map(([name]) => name)).toEqual(['root', 'shop-a', 'shop-c']);
    expect(result.stdout).toContain('root: at bbbbbbbb');
    expect(result.stdout).toContain(
      'waiting for ApplicationSet shops to generate its Applications for its present spec',
    );
    expect(said(result, 'warning')).toEqual([]);
  });

  test('that may not be read fails nothing, and the log says so once', async () => {
    const { server, access } = await start((request) =>
      isReading(request) ? { kind: 'status', code: 403 } : undefined,
    );
    for (const each of [root({ revision: B }), owned('shop-a', { revision: B })]) server.put(each);
    const result = await step(access);
    expectEnd(result, 'success', 'synced');
    expect(endsOf(result).map(([name]) => name)).toEqual(['root', 'shop-a']);
    const notes = result.stdout.split('\n').filter((line) => line.includes('has to tell whether'));
    expect(notes).toHaveLength(1);
    expect(result.stdout).toContain('applicationsets');
  });
});

/** A resource of kind Application in a parent's status. */
function kid(name: string, namespace = 'argocd'): object {
  const key = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application', name, namespace };
  return { ...key, status: 'Synced' };
}

const parent = (names: readonly string[], look: Look = {}) =>
  manifest('root', { ...look, resources: names.map((name) => kid(name)) });

const INPUTS = { application: 'root', children: 'true', revision: B, timeout: '60s' };

describe('by the Kubernetes API', () => {
  const names = Array.from({ length: 200 }, (_, i) => `kid-${i}`);

  test.each<[string, (server: ApiServer) => void]>([
    ['watched', () => undefined],
    ['whose connection breaks in between', (server) => server.dropWatches()],
    [
      'that expires in between',
      (server) => {
        server.compact();
        server.dropWatches();
      },
    ],
  ])('200 children by one watch %s', async (_, happens) => {
    const server = await startApiServer();
    running.push(server);
    server.put(parent(names));
    for (const name of names) server.put(manifest(name));
    server.put(manifest('stranger', { phase: 'Failed' }));
    void server
      .seen(({ verb }) => verb === 'watch')
      .then(async () => {
        await sleep(100);
        for (const name of names.slice(0, 100)) server.put(manifest(name, { revision: B }));
        happens(server);
        for (const name of names.slice(100)) server.put(manifest(name, { revision: B }));
        server.put(parent(names, { revision: B }));
      });
    const result = await stepHere(server, INPUTS);
    expectEnd(result, 'success', 'synced');
    expect(applicationsOf(result)).toHaveLength(201);
    expect(said(result, 'warning')).toEqual([]);
    // What the log shows of hundreds stays short.
    expect(result.stdout.split('\n').filter((line) => /^\[ *\d/.test(line)).length).toBeLessThan(
      40,
    );
    const [first, ...more] = server.requests.map(({ verb }) => verb);
    expect(first).toBe('watch');
    if (_ === 'watched') expect(more).toEqual([]);
  });

  test('a child in a namespace that is not watched ends the step, and says what to do', async () => {
    const server = await startApiServer();
    running.push(server);
    server.put(manifest('root', { resources: [kid('shop', 'team-a')] }));
    const result = await stepHere(server, INPUTS);
    expectEnd(result, 'failure', 'invalid-input');
    expect(result.outputs['message']).toContain('team-a/shop: another Application manages it');
    expect(said(result, 'error').join()).toContain("application-namespace: '*'");
    server.put(manifest('shop', { namespace: 'team-a' }));
    const everywhere = { application: 'argocd/root', 'application-namespace': '*', revision: A };
    const other = await stepHere(server, { ...INPUTS, ...everywhere });
    expectEnd(other, 'success', 'synced');
    expect(applicationsOf(other).map(({ application }) => application)).toEqual([
      'argocd/root',
      'team-a/shop',
    ]);
  });

  test('what a parent deploys to another cluster is not waited for, and a warning says so', async () => {
    const server = await startApiServer();
    running.push(server);
    const destination = { server: 'https://spoke.example.com', namespace: 'argocd' };
    server.put(manifest('root', { revision: B, destination, resources: [kid('shop')] }));
    const result = await stepHere(server, INPUTS);
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning')).toEqual([
      expect.stringContaining('argocd/root deploys Applications to another cluster'),
    ]);
  });

  test('before the sync, objects are read of those that are waited for, and of no others', async () => {
    const server = await startApiServer();
    running.push(server);
    const web = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop' };
    const having = (name: string, look: Look = {}) =>
      manifest(name, { ...look, resources: [{ ...web, name: `${name}-web`, status: 'Synced' }] });
    server.put(parent(['kid']));
    for (const name of ['kid', 'stranger']) server.put(having(name));
    void server
      .seen(({ name }) => name === 'kid-web')
      .then(() => {
        server.put(having('kid', { revision: B }));
        server.put(parent(['kid'], { revision: B }));
      });
    const result = await stepHere(server, { ...INPUTS, fields: 'paths' });
    expectEnd(result, 'success', 'synced');
    const read = server.requests.filter(({ verb }) => verb === 'get').map(({ name }) => name);
    // To its parent the child is an object too.
    expect(new Set(read)).toEqual(new Set(['kid', 'kid-web']));
  });

  test('a look at everything, with timeout: 0', async () => {
    const server = await startApiServer();
    running.push(server);
    server.put(parent(['kid'], { revision: B }));
    server.put(manifest('kid', { revision: B }));
    const once = { ...INPUTS, timeout: '0' };
    const done = await stepHere(server, once);
    expectEnd(done, 'success', 'synced');
    expect(applicationsOf(done)).toHaveLength(2);
    server.put(manifest('kid', { revision: A }));
    expectEnd(await stepHere(server, once), 'timeout', 'timeout');
  });
});
