import type { Application } from '../application/types.js';
import type { Moment } from '../decision/moment.js';
import { hooksOf, rememberHooks, succeededHooks, withSeenHooks } from '../within/hooks.js';
import { observePodFailures } from '../within/lasting-failures.js';
import { podFailuresOf } from '../within/pod-failures.js';
import type { ResourceTree } from '../within/tree.js';
import { type CauseOptions, causesOf } from './causes.js';
import { type Looks, NO_WINDOWS } from './looks.js';

export interface TreeOptions extends CauseOptions {
  /** The names of the hooks that have succeeded. */
  readonly succeeded: ReadonlySet<string>;
}

/**
 * Takes in a look. One that failed tells nothing: leave it out.
 * @param settled the operation has ended: from then on a container that cannot start is hopeless,
 *   and what was seen of it before does not count
 */
export function observeTree(
  known: Looks,
  tree: ResourceTree,
  options: TreeOptions,
  now: Moment,
  settled: boolean,
): Looks {
  const hooks = rememberHooks(known.hooks, tree, options.hooks, options.succeeded);
  const causes = causesOf(withSeenHooks(tree, hooks), options);
  const found = settled ? podFailuresOf(tree, options.hooks) : [];
  // The windows were of another wait.
  const failures = observePodFailures(known.failures, found, now);
  return { causes, windows: NO_WINDOWS, hooks, failures };
}

/** @param name what the user calls the Application */
export function lookOptions(
  application: Pick<Application, 'destination' | 'operation' | 'comparison'>,
  name: string,
): TreeOptions {
  const { namespace } = application.destination;
  const succeeded = succeededHooks(application);
  return { application: name, namespace, hooks: hooksOf(application), succeeded };
}
