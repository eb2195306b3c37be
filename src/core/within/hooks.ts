import { type Application, resourceName } from '../application/types.js';
import { isFailure, isHopeless } from './findings.js';
import {
  type ContainerState,
  familyOf,
  type Hooks,
  type ResourceTree,
  type TreeNode,
} from './tree.js';

/** The hooks of an Application: of its operation, and those that an earlier one left behind. */
export function hooksOf({
  operation,
  comparison,
}: Pick<Application, 'operation' | 'comparison'>): Hooks {
  const left = comparison.resources.filter((each) => each.hook);
  const run = operation?.results.filter((each) => each.hookType !== '') ?? [];
  return new Map([
    ...left.map((each) => [resourceName(each), ''] as const),
    ...run.map((each) => [resourceName(each), each.hookType] as const),
  ]);
}

/** The names of its hooks that have succeeded in whatever phases they are of. */
export function succeededHooks({ operation }: Pick<Application, 'operation'>): ReadonlySet<string> {
  const run = operation?.results.filter((each) => each.hookType !== '') ?? [];
  const left = new Set(run.filter((each) => each.hookPhase !== 'Succeeded').map(resourceName));
  return new Set(run.map(resourceName).filter((name) => !left.has(name)));
}

/**
 * What was last seen of each hook while its pods told of a failure, by the hook's name: its delete
 * policy, or a retry, takes them away.
 */
export type SeenHooks = ReadonlyMap<string, readonly TreeNode[]>;

/** More are not remembered. */
const MOST_HOOKS = 50;
const MOST_PODS = 10;

/**
 * Takes in a look. A hook that succeeds in the end has nothing to tell.
 * @param succeeded may be gone already, as its delete policy has it
 */
export function rememberHooks(
  seen: SeenHooks,
  tree: ResourceTree,
  hooks: Hooks,
  succeeded: ReadonlySet<string>,
): SeenHooks {
  const next = new Map(seen);
  const family = familyOf(tree);
  for (const root of family.roots) {
    const name = resourceName(root);
    if (!hooks.has(name)) continue;
    const failed = family.currentBelow(root).filter(hasFailed);
    const below = failed.filter((pod) => pod !== root).slice(0, MOST_PODS);
    if (root.health === 'Healthy') next.delete(name);
    else if (failed.length > 0) next.set(name, [root, ...below]);
    // The pods tell more than the Job, which may be all that is left.
    else if (root.health === 'Degraded' && !next.has(name)) next.set(name, [root]);
  }
  const open = [...next].filter(([name]) => !succeeded.has(name));
  return new Map(open.slice(-MOST_HOOKS));
}

function hasFailed({ pod }: TreeNode): boolean {
  if (!pod) return false;
  return pod.phase === 'Failed' || pod.containers.some(hasEndedBadly);
}

function hasEndedBadly({ terminated, lastTerminated, waiting }: ContainerState): boolean {
  const badly = [terminated, lastTerminated].some((each) => each && isFailure(each));
  return badly || (waiting !== undefined && isHopeless(waiting.reason));
}

/** A look, and what was seen of hooks where it tells less. */
export function withSeenHooks(tree: ResourceTree, seen: SeenHooks): ResourceTree {
  const family = familyOf(tree);
  const telling = new Set(
    tree.nodes.filter(hasFailed).map((node) => resourceName(family.rootOf(node))),
  );
  const remembered = [...seen].filter(([name]) => !telling.has(name));
  if (remembered.length === 0) return tree;
  const names = new Set(remembered.map(([name]) => name));
  const others = tree.nodes.filter((node) => !names.has(resourceName(family.rootOf(node))));
  return { ...tree, nodes: [...others, ...remembered.flatMap(([, nodes]) => nodes)] };
}
