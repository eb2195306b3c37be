/** The Applications that are waited for. */
import type { KubeObject } from '../../__tests__/support/api-server.ts';
import { B, type Look, manifest } from '../../__tests__/support/manifest.ts';

/** An Application whose revision is deployed. */
export const DONE: Look = {
  revision: B,
  startedAt: '2026-11-21T07:01:00Z',
  finishedAt: '2026-11-21T07:01:05Z',
  reconciledAt: '2026-11-21T07:01:06Z',
};

/** Objects that only their metadata tells about: server-side apply says the same of all. */
export const SETTINGS: readonly KubeObject[] = Array.from({ length: 5 }, (_, i) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'shop', name: `settings-${i}`, creationTimestamp: '2026-11-20T07:00:00Z' },
}));

/** Done, and a late start cannot know what the sync changed without a look at the live objects. */
export const DONE_LATE: Look = {
  ...DONE,
  results: SETTINGS.map(({ kind, metadata: { namespace, name } }) => ({
    ...{ group: '', version: 'v1', kind, namespace, name },
    ...{ status: 'Synced', message: `configmap/${name} configured`, syncPhase: 'Sync' },
  })),
};

export const LARGE_BYTES = 30_000;
const RESOURCES = 70;

/**
 * How an Application of about 30 KB looks at a time: its resources, twice, as on a real one.
 * @param shares with others of the kind the names of resources and the messages about them, as those
 * that a template makes do; else no name, image or message
 */
export function large(name: string, shares: boolean): (look: Look) => KubeObject {
  const mark = shares ? '' : `-of-${name}`;
  const named = Array.from({ length: RESOURCES }, (_, i) => ({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: `namespace-of-${name}`,
    name: `deployment-number-${i}${mark}`,
  }));
  const results = named.map((resource, i) => ({
    ...resource,
    status: 'Synced',
    message: `deployment.apps/${resource.name} ${i % 7 === 0 ? 'created' : 'unchanged'}`,
    hookPhase: 'Running',
    syncPhase: 'Sync',
    images: [`registry.example.com/shop/${resource.name}:1.0.0`],
  }));
  const resources = named.map((resource) => ({
    ...resource,
    status: 'Synced',
    health: { status: 'Healthy' },
  }));
  const labels = { team: 'shop' };
  const bare = manifest(name, { labels, results, resources });
  const filler = {
    manager: 'argocd-application-controller',
    fieldsV1: 'f'.repeat(Math.max(0, LARGE_BYTES - JSON.stringify(bare).length)),
  };
  return (look) => {
    const object = manifest(name, { ...look, labels, results, resources });
    return { ...object, metadata: { ...object.metadata, managedFields: [filler] } };
  };
}
