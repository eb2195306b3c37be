import { resourceName } from '../application/types.js';
import { type Finding, findingsIn, isHopeless } from './findings.js';
import { familyOf, type Hooks, type ResourceTree } from './tree.js';

/** A container of the new version that cannot start. */
export interface PodFailure {
  /** `uid` of the pod. */
  readonly pod: string;
  /** Empty: not known. */
  readonly container: string;
  /** It waits for this reason; one may follow another while it never starts. */
  readonly reason: string;
  /** Of the resource of the Application that the pod is of. */
  readonly resource: string;
}

/**
 * Containers of the new version that only a change can start. Not those of hooks: whether a hook has
 * failed is for its operation to say, which may run it again; nor those of an analysis, which may be
 * repeated.
 */
export function podFailuresOf(tree: ResourceTree, hooks: Hooks): readonly PodFailure[] {
  const { ancestorsOf } = familyOf(tree);
  return findingsIn(tree)
    .filter(({ root }) => !hooks.has(resourceName(root)))
    .filter(({ at }) => !ancestorsOf(at).some(({ analysis }) => analysis))
    .flatMap(failureIn);
}

function failureIn({ at, root, container, reason }: Finding): readonly PodFailure[] {
  if (!container?.waiting || !isHopeless(reason)) return [];
  return [{ pod: at.uid, container: container.name, reason, resource: resourceName(root) }];
}
