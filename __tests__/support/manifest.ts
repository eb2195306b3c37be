import type { KubeObject } from './api/store.ts';

/** Commits, oldest first. */
export const A = 'a'.repeat(40);
export const B = 'b'.repeat(40);
export const C = 'c'.repeat(40);

/** What an Application on the wire is to look like; the rest is that of one that is done. */
export interface Look {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly deleting?: boolean;
  readonly version?: string;
  readonly repoURL?: string;
  readonly targetRevision?: string;
  /** `spec.sources`, in place of the one source. */
  readonly sources?: readonly object[];
  readonly destination?: object;
  /** `spec.syncPolicy`; default: auto-sync. */
  readonly syncPolicy?: object;
  /** `operation`, as it is. */
  readonly requested?: object;
  /** What was compared; default `A`. */
  readonly revision?: string;
  readonly sync?: string;
  readonly health?: string;
  /** What was synced last; default: what was compared. */
  readonly synced?: string;
  /** Phase of `status.operationState`; empty: there is none. */
  readonly phase?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly reconciledAt?: string;
  readonly message?: string;
  /** More of `status.operationState.operation`. */
  readonly operation?: object;
  /** `syncResult.resources` and `status.resources`. */
  readonly results?: readonly object[];
  readonly resources?: readonly object[];
  readonly conditions?: readonly object[];
  readonly history?: readonly object[];
  /** `status.sourceHydrator`: its source is the dry one of a source hydrator. */
  readonly hydrator?: object;
}

export const STARTED = '2026-11-21T07:00:00Z';
export const FINISHED = '2026-11-21T07:00:05Z';
/** After the finish: health on show was computed then, so it is believed. */
export const RECONCILED = '2026-11-21T07:00:07Z';

/**
 * An Application that auto-syncs `https://github.com/acme/shop`, as the API has it: with all that
 * the schema of its definition requires.
 */
export function manifest(name: string, look: Look = {}): KubeObject {
  const { namespace = 'argocd', version, labels, annotations } = look;
  const uid = look.uid ?? `uid-of-${namespace}-${name}`;
  return {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' },
    metadata: {
      namespace,
      name,
      uid,
      ...(look.deleting ? { deletionTimestamp: STARTED } : {}),
      ...(version ? { resourceVersion: version } : {}),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    spec: specOf(look),
    ...(look.requested ? { operation: look.requested } : {}),
    status: statusOf(look),
  };
}

function sourceOf({ repoURL = 'https://github.com/acme/shop.git', targetRevision = 'main' }: Look) {
  return { repoURL, targetRevision, path: 'shop' };
}

function destinationOf({ destination }: Look): object {
  return destination ?? { server: 'https://kubernetes.default.svc', namespace: 'shop' };
}

function specOf(look: Look): object {
  return {
    project: 'default',
    ...(look.sources ? { sources: look.sources } : { source: sourceOf(look) }),
    ...(look.hydrator ? { sourceHydrator: { drySource: sourceOf(look) } } : {}),
    destination: destinationOf(look),
    syncPolicy: look.syncPolicy ?? { automated: { prune: true, selfHeal: true } },
  };
}

function statusOf(look: Look): object {
  const { revision = A, sync = 'Synced', health = 'Healthy', reconciledAt = RECONCILED } = look;
  const { phase = 'Succeeded', resources = [], conditions = [], history } = look;
  const source = sourceOf(look);
  const synced = look.synced ?? revision;
  const deployed = phase === 'Succeeded' ? [{ revision: synced, ...times(look), source }] : [];
  return {
    sync: { status: sync, revision, comparedTo: { source, destination: destinationOf(look) } },
    health: { status: health },
    reconciledAt,
    resources,
    conditions,
    history: (history ?? deployed).map((entry, id) => ({ id, ...entry })),
    ...(look.hydrator ? { sourceHydrator: look.hydrator } : {}),
    ...(phase === '' ? {} : { operationState: operationOf(look, synced, phase) }),
  };
}

function times({ startedAt = STARTED, finishedAt = FINISHED }: Look): object {
  return { deployStartedAt: startedAt, deployedAt: finishedAt };
}

function operationOf(look: Look, revision: string, phase: string): object {
  const { startedAt = STARTED, finishedAt = FINISHED, message = '', results = [] } = look;
  const running = phase === 'Running' || phase === 'Terminating';
  // Argo CD always writes the group; that of the core is empty.
  const resources = results.map((each) => ({ group: '', ...each }));
  return {
    phase,
    message,
    startedAt,
    ...(running ? {} : { finishedAt }),
    operation: { sync: { revision }, initiatedBy: { automated: true }, ...look.operation },
    syncResult: { revision, source: sourceOf(look), resources },
  };
}
