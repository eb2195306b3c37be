import {
  type ComparedResource,
  type ResourceKey,
  resourceName,
} from '../../core/application/types.js';
import { hooksOf } from '../../core/within/hooks.js';
import type { TreeNode } from '../../core/within/tree.js';
import type { Inspected } from '../inspector.js';
import { WORKLOADS, type WorkloadKind } from './workloads.js';

/** A resource of an Application that may not be well, and how to ask for it. */
export interface Candidate {
  readonly type: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly hook: boolean;
}

/**
 * The resources that are worth a request, those first that are likeliest not to be well. An
 * Application may know its resources' health; then only those that are not well are looked at.
 */
export function candidatesOf(application: Inspected): readonly Candidate[] {
  const hooks = hooksOf(application);
  const managed = application.comparison.resources.filter(
    (each) => !each.hook && each.health !== 'Healthy' && !isTold(each),
  );
  const hook = (application.operation?.results ?? []).filter(
    ({ hookType, hookPhase }) => hookType !== '' && hookPhase !== 'Succeeded',
  );
  const likely = likelihood(application);
  const all = [...hook, ...managed].flatMap((each) => {
    const type = typeOf(each);
    const namespace = each.namespace || application.destination.namespace;
    const candidate = { namespace, name: each.name, hook: hooks.has(resourceName(each)) };
    return type && namespace !== ''
      ? [{ candidate: { type, ...candidate }, likely: likely(each) }]
      : [];
  });
  return all.sort((a, b) => b.likely - a.likely).map(({ candidate }) => candidate);
}

function typeOf({ group, kind }: ResourceKey): WorkloadKind | undefined {
  return WORKLOADS.find((each) => each.group === group && each.kind === kind);
}

/** What turned the health of an Application is named in its message, though it may be well by now. */
function likelihood({ operation, health }: Inspected): (resource: ResourceKey) => number {
  const applied = new Map(operation?.results.map((each) => [resourceName(each), each]) ?? []);
  return (resource) => {
    const { group, kind, namespace, name } = resource;
    const result = applied.get(resourceName(resource));
    if (result && result.hookType !== '') return 3;
    if (health.message.includes(`${group}/${kind}:${namespace}/${name}`)) return 2;
    return result && !result.message.endsWith('unchanged') ? 1 : 0;
  };
}

/** What the Application itself says is enough. */
function isTold(resource: ComparedResource): boolean {
  const type = typeOf(resource);
  return resource.health !== '' && (!type || type.seldom === true);
}

/** Resources that are not read, as far as the Application itself says how they are. */
export function toldNodes({ comparison }: Inspected): readonly TreeNode[] {
  return comparison.resources
    .filter((each) => !each.hook && isTold(each) && each.health !== 'Healthy')
    .map(toldNode);
}

function toldNode(resource: ComparedResource): TreeNode {
  const { group, kind, namespace, name, health, healthMessage } = resource;
  return {
    ...{ group, kind, namespace, name, health, healthMessage },
    ...{ uid: '', owners: [], createdAt: '', healthReason: '', revision: 0 },
  };
}
