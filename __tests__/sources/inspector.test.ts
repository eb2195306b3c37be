import { afterEach, describe, expect, test } from '@jest/globals';
import { causesOf } from '../../src/core/result/causes.js';
import { hooksOf } from '../../src/core/within/hooks.js';
import { podFailuresOf } from '../../src/core/within/pod-failures.js';
import type { Inspector } from '../../src/sources/inspector.js';
import { liveIn, readInside, withinOf } from '../support/inside.ts';
import { type Inspecting, NEVER, overArgocd, overKubernetes, read } from './inspectors.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function opened<T>(inspecting: Inspecting<T>): Inspector {
  closing.push(inspecting.close);
  return inspecting.inspector;
}

type Name = 'why-image-pull' | 'why-hook' | 'why-autoscaler';

async function inspectorOf(api: 'argocd' | 'kubernetes', name: Name): Promise<Inspector> {
  const recording = readInside(name);
  const { after } = recording;
  const objects = [after.application];
  const live = liveIn(after);
  if (api === 'kubernetes') return opened(await overKubernetes({ objects, live }));
  const within = () => withinOf(recording, after);
  return opened(await overArgocd({ objects, live, within }));
}

/** What a real cluster said, by either API: the same causes. */
describe.each(['argocd', 'kubernetes'] as const)('by the API of %s', (api) => {
  const look = async (name: Name) => {
    const application = read(readInside(name).after.application);
    const inspection = await (await inspectorOf(api, name)).inspect(application, NEVER);
    if (inspection.kind !== 'seen') throw new Error(inspection.message);
    expect(inspection.lacks).toEqual([]);
    const hooks = hooksOf(application);
    const { tree } = inspection;
    return {
      causes: causesOf(tree, { application: 'shop', namespace: name, hooks }),
      failures: podFailuresOf(tree, hooks),
    };
  };

  test('an image that does not exist', async () => {
    const { causes, failures } = await look('why-image-pull');
    expect(causes).toEqual([
      {
        application: 'shop',
        subject: 'Deployment/web',
        reason: 'ImagePullBackOff',
        message:
          'Deployment/web cannot pull registry.example.com/shop/web:missing (ImagePullBackOff, pod web-6cfb658bb6-rlp65): ErrImagePull: not found',
        container: 'main',
        image: 'registry.example.com/shop/web:missing',
        since: '2026-11-25T20:56:15Z',
      },
    ]);
    expect(failures).toEqual([
      {
        pod: 'c1e10f1e-7e73-4022-9274-af15e26ad440',
        container: 'main',
        reason: 'ImagePullBackOff',
        resource: 'apps/Deployment/why-image-pull/web',
      },
    ]);
  });

  test('a hook that fails, which ends no wait by itself', async () => {
    const { causes, failures } = await look('why-hook');
    expect(causes).toEqual([
      expect.objectContaining({
        subject: 'Job/smoke',
        message:
          'PostSync hook Job/smoke: container main failed (Error, exit code 1, pod smoke-mn8w9)',
        exitCode: 1,
      }),
    ]);
    expect(failures).toEqual([]);
  });

  test('an autoscaler that waits, and nothing of what the Application blames', async () => {
    const { causes } = await look('why-autoscaler');
    expect(causes).toEqual([
      expect.objectContaining({
        subject: 'HorizontalPodAutoscaler/api',
        message: 'HorizontalPodAutoscaler/api is Progressing: Waiting to Autoscale',
      }),
    ]);
  });
});
