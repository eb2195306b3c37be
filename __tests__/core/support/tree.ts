import type {
  ContainerState,
  PodState,
  ResourceEvent,
  ResourceTree,
  TreeNode,
} from '../../../src/core/within/tree.js';

/** Trees as inspectors make them, with what does not matter filled in. */

type Over = Partial<TreeNode> & { readonly owner?: TreeNode };

/** `Deployment/web`, of the group that the kind has. */
export function node(kindAndName: string, over: Over = {}): TreeNode {
  const [kind = '', name = ''] = kindAndName.split('/');
  const { owner, ...fields } = over;
  return {
    ...{ group: GROUPS[kind] ?? '', kind, namespace: 'shop', name, uid: `uid-${kind}-${name}` },
    ...{ owners: owner ? [owner.uid] : [], createdAt: '2026-03-01T12:00:00Z', revision: 0 },
    ...{ health: 'Progressing', healthMessage: '', healthReason: '' },
    ...fields,
  };
}

const GROUPS: Readonly<Record<string, string>> = {
  ...{ Deployment: 'apps', ReplicaSet: 'apps', StatefulSet: 'apps', DaemonSet: 'apps' },
  ...{ ControllerRevision: 'apps', Job: 'batch', CronJob: 'batch' },
  HorizontalPodAutoscaler: 'autoscaling',
};

export function container(over: Partial<ContainerState> = {}): ContainerState {
  return {
    ...{ role: 'container', name: 'main', image: 'registry.example.com/web:2' },
    ...{ ready: false, running: false, restarts: 0 },
    ...over,
  };
}

export const RUNNING = container({ running: true, ready: true });

export function waits(reason: string, message = '', over: Partial<ContainerState> = {}) {
  return container({ waiting: { reason, message }, ...over });
}

export function ended(exitCode: number, reason = 'Error', over: Partial<ContainerState> = {}) {
  const terminated = { reason, exitCode, message: '', finishedAt: '2026-03-01T12:01:00Z' };
  return container({ terminated, ...over });
}

export function pod(
  name: string,
  owner: TreeNode | undefined,
  containers: readonly ContainerState[],
  over: Partial<PodState> & Partial<Pick<TreeNode, 'createdAt' | 'health'>> = {},
): TreeNode {
  const { createdAt, health, ...state } = over;
  return node(`Pod/${name}`, {
    ...(owner ? { owner } : {}),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(health === undefined ? {} : { health }),
    pod: {
      ...{
        labels: {},
        deleting: false,
        placed: false,
        claims: [],
        phase: 'Pending',
        reason: '',
        message: '',
        containers,
      },
      ...state,
    },
  });
}

export function event(about: TreeNode, reason: string, message: string, at = ''): ResourceEvent {
  return { about: about.uid, reason, message, at };
}

export function tree(
  nodes: readonly TreeNode[],
  events: readonly ResourceEvent[] = [],
): ResourceTree {
  return { nodes, events, truncated: false };
}

/** A Deployment in the middle of a rollout: its ReplicaSets, the old one first. */
export const WEB = node('Deployment/web', { revision: 2 });
export const OLD = node('ReplicaSet/web-old', { owner: WEB, revision: 1, health: 'Healthy' });
export const NEW = node('ReplicaSet/web-new', { owner: WEB, revision: 2 });

/** Pods of its new version. */
export function rollout(...pods: readonly TreeNode[]): readonly TreeNode[] {
  return [WEB, OLD, NEW, ...pods];
}
