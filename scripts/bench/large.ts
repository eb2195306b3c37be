import type { KubeObject } from '../../__tests__/support/api-server.ts';
import { type Look, manifest } from '../../__tests__/support/manifest.ts';

export const LARGE_BYTES = 30_000;
const RESOURCES = 70;

/** How an Application of about 30 KB looks at a time: its resources, twice, as on a real one. */
export function large(name: string): (look: Look) => KubeObject {
  const named = Array.from({ length: RESOURCES }, (_, i) => ({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: `namespace-of-${name}`,
    name: `deployment-number-${i}`,
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
