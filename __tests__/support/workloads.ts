import type { KubeObject } from './api-server.ts';

/**
 * Objects within an Application in the namespace `shop`, made by hand, with the words of the API
 * server, the controllers, the scheduler and the kubelet of Kubernetes 1.3x.
 */

interface Over {
  readonly spec?: object;
  readonly status?: object;
  readonly metadata?: object;
}

const API: Readonly<Record<string, string>> = {
  ...{ Deployment: 'apps/v1', ReplicaSet: 'apps/v1', StatefulSet: 'apps/v1', DaemonSet: 'apps/v1' },
  ...{ Job: 'batch/v1', Ingress: 'networking.k8s.io/v1', ControllerRevision: 'apps/v1' },
  HorizontalPodAutoscaler: 'autoscaling/v2',
};

/** `Kind/name`, owned by another. */
export function object(kindAndName: string, owner?: KubeObject, over: Over = {}): KubeObject {
  const [kind = '', name = ''] = kindAndName.split('/');
  const { metadata = {}, spec, status } = over;
  const owners = owner
    ? [{ kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true }]
    : undefined;
  return {
    ...{ apiVersion: API[kind] ?? 'v1', kind },
    metadata: {
      ...{ namespace: 'shop', name, uid: `uid-${kind}-${name}` },
      ...{ creationTimestamp: '2026-03-01T12:00:00Z' },
      ...(owners ? { ownerReferences: owners } : {}),
      ...metadata,
    },
    ...(spec ? { spec } : {}),
    ...(status ? { status } : {}),
  };
}

const SELECTOR = { matchLabels: { app: 'web' } };
const ROLLING = {
  ...{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' },
  message: 'ReplicaSet "web-6cf" is progressing.',
};

/** Of revision 2, which waits for its one new pod while an old one serves. */
export const WEB = web([ROLLING]);

export function web(conditions: readonly object[], updatedReplicas = 1): KubeObject {
  return object('Deployment/web', undefined, {
    metadata: { annotations: { 'deployment.kubernetes.io/revision': '2' } },
    spec: { replicas: 1, selector: SELECTOR },
    status: { replicas: 1 + updatedReplicas, updatedReplicas, availableReplicas: 1, conditions },
  });
}

export const OLD_SET = set('567', '1', { replicas: 1, availableReplicas: 1 });
export const NEW_SET = set('6cf', '2', { replicas: 1 });

export function set(hash: string, revision: string, status: object): KubeObject {
  return object(`ReplicaSet/web-${hash}`, WEB, {
    metadata: { annotations: { 'deployment.kubernetes.io/revision': revision } },
    spec: { replicas: 1 },
    status,
  });
}

/** A container's status, and its spec beside it. */
export interface Container {
  readonly name: string;
  readonly role?: 'init' | 'sidecar';
  readonly image?: string;
  readonly state?: object;
  readonly [field: string]: unknown;
}

interface PodOver {
  readonly labels?: Readonly<Record<string, string>>;
  readonly phase?: string;
  readonly conditions?: readonly object[];
  readonly nodeName?: string;
  readonly restartPolicy?: string;
  readonly status?: object;
  readonly spec?: object;
}

export function pod(
  name: string,
  owner: KubeObject | undefined,
  containers: readonly Container[],
  over: PodOver = {},
): KubeObject {
  const {
    phase = 'Pending',
    conditions = [],
    nodeName = 'node-1',
    restartPolicy = 'Always',
  } = over;
  const hash = name.split('-')[1] ?? '';
  const ordinary = containers.filter(({ role }) => role === undefined);
  const init = containers.filter(({ role }) => role !== undefined);
  return object(`Pod/${name}`, owner, {
    metadata: { labels: over.labels ?? { app: 'web', 'pod-template-hash': hash } },
    spec: {
      ...{ restartPolicy, containers: ordinary.map(specOf), initContainers: init.map(specOf) },
      ...(nodeName === '' ? {} : { nodeName }),
      ...over.spec,
    },
    status: {
      ...{ phase, conditions },
      ...(init.length > 0 ? { initContainerStatuses: init.map(statusOf) } : {}),
      ...(ordinary.length > 0 && nodeName !== ''
        ? { containerStatuses: ordinary.map(statusOf) }
        : {}),
      ...over.status,
    },
  });
}

function specOf({ name, role, image = `registry.example.com/${name}:2` }: Container): object {
  return { name, image, ...(role === 'sidecar' ? { restartPolicy: 'Always' } : {}) };
}

function statusOf({ role, image, ...status }: Container): object {
  return { ready: false, restartCount: 0, ...status };
}

export function waiting(reason: string, message?: string): object {
  return { waiting: { reason, ...(message === undefined ? {} : { message }) } };
}

export function terminated(exitCode: number, reason = 'Error', message?: string): object {
  const times = { startedAt: '2026-03-01T12:00:10Z', finishedAt: '2026-03-01T12:00:20Z' };
  return { terminated: { exitCode, reason, ...times, ...(message ? { message } : {}) } };
}

export const RUNS = { running: { startedAt: '2026-03-01T12:00:30Z' } };
export const CREATING = waiting('ContainerCreating');

let events = 0;

/** A warning about an object, or another event. */
export function event(
  about: KubeObject,
  reason: string,
  message: string,
  over: { readonly type?: string; readonly at?: string } = {},
): KubeObject {
  events += 1;
  const { kind, metadata } = about;
  return {
    ...object(`Event/e${events}`),
    ...{ type: over.type ?? 'Warning', reason, message },
    lastTimestamp: over.at ?? '2026-03-01T12:01:00Z',
    involvedObject: { kind, namespace: 'shop', name: metadata.name, uid: metadata.uid },
  };
}

/** The condition of a pod that the scheduler finds no node for. */
export function unscheduled(message: string, reason = 'Unschedulable'): object {
  return { type: 'PodScheduled', status: 'False', reason, message };
}
