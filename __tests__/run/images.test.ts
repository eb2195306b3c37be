import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import type { StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type ArgocdServer, isStream, startArgocdServer } from '../support/argocd-server.ts';
import { manifest } from '../support/manifest.ts';
import { loadTrace, replay, type Stage, type Trace } from '../support/replay.ts';
import { changesOf } from '../support/results.ts';
import { clockFrom, runHere } from '../support/run-here.ts';

/** A wait for an image on the recordings, which say nothing of the revision that brings it. */

const SPEED = 20;
const WEB = 'registry.example.com/shop/web';

let server: ApiServer;
let argocd: ArgocdServer;
beforeEach(async () => {
  server = await startApiServer();
  argocd = await startArgocdServer();
});
afterEach(async () => {
  await server.close();
  await argocd.close();
});

type Inputs = Readonly<Record<string, string>>;
type Way = 'cluster' | 'argocd';

async function waitOn(trace: Trace, way: Way, inputs: Inputs, startAt = 0): Promise<StepResult> {
  const stage: Stage = way === 'cluster' ? server : argocd;
  const begin =
    way === 'cluster' ? server.seen(({ verb }) => verb === 'watch') : argocd.seen(isStream);
  const playing = replay(stage, trace, { begin, startAt, speed: SPEED });
  const wanted = { application: trace.application, revision: 'none', timeout: '20s', ...inputs };
  const clock = clockFrom(begin);
  const step =
    way === 'cluster'
      ? stepHere(server, wanted, { clock })
      : runHere({
          clock,
          inputs: {
            source: 'argocd',
            'argocd-server': argocd.url,
            'argocd-token': argocd.token,
            'certificate-authority': argocd.ca,
            ...wanted,
          },
        });
  return step.finally(playing.stop);
}

describe.each(['cluster', 'argocd'] as const)('source: %s', (way) => {
  test.each([
    ['update-client-side', `${WEB}:1.1.0`],
    ['update-server-side', '*/shop/web:1.1.*'],
    ['replace', `${WEB}:1.1.0`],
    // Argo CD 2.14 names no images in results.
    ['many-kinds-2.14', `${WEB}:1.1.0`],
  ])('%s: it comes, and what changed is what brought it', async (name, image) => {
    const trace = loadTrace(name);
    const result = await waitOn(trace, way, { image });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['message']).toContain(`image ${image} runs`);
    expect(changesOf(result)).toEqual([...(trace.expect.changes ?? [])].sort());
  });

  test('one that cannot be pulled is Degraded', async () => {
    const inputs = { image: `${WEB}:bad`, 'degraded-grace': '1s' };
    expectEnd(await waitOn(loadTrace('degraded'), way, inputs), 'failure', 'degraded');
  });

  test('another one that runs is waited past, and named in the end', async () => {
    const inputs = { image: `${WEB}:1.2.0`, timeout: '3s' };
    const result = await waitOn(loadTrace('update-client-side'), way, inputs);
    expectEnd(result, 'timeout', 'timeout');
    expect(result.outputs['message']).toContain(`image ${WEB}:1.2.0 (${WEB}:1.1.0 runs instead)`);
  });

  test('late', async () => {
    const trace = loadTrace('update-client-side');
    const last = trace.events.at(-1)?.t ?? 0;
    const result = await waitOn(trace, way, { image: `${WEB}:1.1.0` }, last);
    expectEnd(result, 'success', 'synced');
  });
});

test('is the target where the repository of the run is another one: no warning', async () => {
  const of = manifest('shop', { repoURL: 'https://github.com/acme/configuration.git' });
  const image = `${WEB}:1.1.0`;
  server.put({ ...of, status: { ...(of['status'] as object), summary: { images: [image] } } });
  const result = await stepHere(server, { image });
  expectEnd(result, 'success', 'synced');
  expect(result.stdout).toContain(`waiting for image ${image} at any revision`);
  expect(said(result, 'warning')).toEqual([]);
});

describe('refused', () => {
  test.each([
    [{ image: `${WEB}:1.1.0`, 'wait-for': 'deletion' }, 'remove one of them'],
    [{ image: WEB }, 'accepted are NAME:TAG'],
    [{ image: `${WEB}:` }, 'is its variable set?'],
  ])('%j', async (inputs, remedy) => {
    server.put(manifest('shop'));
    const result = await stepHere(server, inputs);
    expectEnd(result, 'failure', 'invalid-input');
    expect(said(result, 'error')[0]).toContain(remedy);
    expect(server.requests).toEqual([]);
  });
});
