import {
  type Application,
  type ComparedResource,
  isInCluster,
  keyOf,
  type ResourceKey,
} from '../application/types.js';
import { isBusy } from '../decision/observations.js';
import { revisionKey } from '../decision/target.js';
import type { Conclusion, Reason } from '../result/vocabulary.js';

/**
 * The Applications that an Application manages (app of apps), by `namespace/name`: those among its
 * resources that Git has. What it deploys to another cluster is of the Argo CD there.
 */
export function managedBy(application: Application): readonly string[] {
  return managed(application, 'Application').filter((key) => key !== keyOf(application));
}

/** The ApplicationSets that it manages, in the same way: what those generate is managed too. */
export function setsOf(application: Application): readonly string[] {
  return managed(application, 'ApplicationSet');
}

type Kind = 'Application' | 'ApplicationSet';

function managed(application: Application, kind: Kind): readonly string[] {
  if (!isInCluster(application.destination)) return [];
  const resources = application.comparison.resources.filter((each) => isOf(kind, each));
  const kept = resources.filter((each) => !each.hook && !leftGit(each));
  const left = new Set(resources.filter(leftGit).map(keyIn(application)));
  const fresh = applied(application, kind).map(keyIn(application));
  const keys = [...kept.map(keyIn(application)), ...fresh.filter((key) => !left.has(key))];
  return [...new Set(keys)];
}

/** While Argo CD cannot read Git, it calls all that is there to be pruned, of unknown status. */
function leftGit({ requiresPruning, status }: ComparedResource): boolean {
  return requiresPruning && status !== 'Unknown';
}

/** How a wait ends of whose Application no operation for the target will come, or succeed. */
const UNSYNCED: ReadonlySet<Reason> = new Set([
  ...(['sync-failed', 'auto-sync-refused', 'not-automated', 'sync-window'] as const),
]);

/**
 * Whether an Application may still create those that it lists.
 * @param end of its own wait
 */
export function mayCreate(
  application: Application,
  { conclusion, reason }: { readonly conclusion: Conclusion; readonly reason: Reason },
): boolean {
  return conclusion !== 'failure' || !UNSYNCED.has(reason) || isBusy(application);
}

/** Whether it deploys Applications, or what generates them, to another cluster. */
export function managesElsewhere({ destination, comparison }: Application): boolean {
  if (isInCluster(destination)) return false;
  return comparison.resources.some(
    (each) => isOf('Application', each) || isOf('ApplicationSet', each),
  );
}

/** An operation may end before Argo CD has compared what it deployed: then its results know more. */
function applied({ comparison, operation }: Application, wanted: Kind): readonly ResourceKey[] {
  if (!operation || operation.dryRun) return [];
  if (revisionKey(comparison.revisions) === revisionKey(operation.revisions)) return [];
  return operation.results.filter(
    (each) => isOf(wanted, each) && each.hookType === '' && each.status === 'Synced',
  );
}

function keyIn({ namespace: own }: Application): (resource: ResourceKey) => string {
  return ({ namespace, name }) => keyOf({ namespace: namespace || own, name });
}

function isOf(wanted: Kind, { group, kind, name }: ResourceKey): boolean {
  return group === 'argoproj.io' && kind === wanted && name !== '';
}
