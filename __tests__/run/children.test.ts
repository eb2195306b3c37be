import { afterEach, describe, expect, test } from '@jest/globals';
import { expectEnd, said } from '../process/steps.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type ArgocdServer, isStream, startArgocdServer } from '../support/argocd-server.ts';
import { loadFan, playFan } from '../support/fan.ts';
import { applicationsOf } from '../support/results.ts';
import { runHere } from '../support/run-here.ts';

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

async function cluster(): Promise<Played> {
  const server = await startApiServer();
  running.push(server);
  const { url, token, ca } = server;
  const begin = server.seen(({ verb }) => verb === 'watch');
  return { server, begin, access: { server: url, token, 'certificate-authority': ca } };
}

async function argocd(): Promise<Played> {
  const server = await startArgocdServer();
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
