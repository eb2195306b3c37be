import { type Application, isInCluster, keyOf, type ResourceKey } from '../application/types.js';

/**
 * The Applications that an Application manages (app of apps), by `namespace/name`: those among its
 * resources that Git has. What it deploys to another cluster is of the Argo CD there.
 */
export function managedBy(application: Application): readonly string[] {
  if (!isInCluster(application.destination)) return [];
  const own = keyOf(application);
  const keys = application.comparison.resources
    .filter((each) => isApplication(each) && !each.hook && !each.requiresPruning)
    .map(({ namespace, name }) => keyOf({ namespace: namespace || application.namespace, name }));
  return [...new Set(keys)].filter((key) => key !== own);
}

/** Whether it deploys Applications to another cluster. */
export function managesElsewhere({ destination, comparison }: Application): boolean {
  return !isInCluster(destination) && comparison.resources.some(isApplication);
}

function isApplication({ group, kind, name }: ResourceKey): boolean {
  return group === 'argoproj.io' && kind === 'Application' && name !== '';
}
