import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { isRecord } from '../../__tests__/support/api/store.ts';
import { type Look, manifest } from '../../__tests__/support/manifest.ts';

/** An Application made by hand, with all that the schema of Argo CD's definition requires. */
export function applicationOf(name: string, look: Look): KubeObject {
  const { metadata, spec, status } = manifest(name, look);
  if (!isRecord(spec) || !isRecord(status)) throw new Error('A manifest has a spec and a status.');
  const { destination } = spec;
  const { sync, history } = status;
  return {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata },
    spec: { ...spec, project: 'default' },
    status: {
      ...status,
      sync: withDestination(sync, destination),
      history: (history as readonly object[]).map((each, id) => ({ id, ...each })),
    },
  };
}

function withDestination(sync: unknown, destination: unknown): unknown {
  if (!isRecord(sync) || !isRecord(sync['comparedTo'])) return sync;
  return { ...sync, comparedTo: { ...sync['comparedTo'], destination } };
}
