import type { Moment } from '../decision/moment.js';
import { NO_HOOKS, rememberHooks, type SeenHooks, withSeenHooks } from '../within/hooks.js';
import {
  NO_FAILURES,
  observePodFailures,
  type PodFailures,
  podFailuresOf,
} from '../within/pod-failures.js';
import type { ResourceTree } from '../within/tree.js';
import { type Cause, type CauseOptions, causesOf } from './causes.js';

/** What looks within an Application have told so far; small, whatever they saw. */
export interface Looks {
  /** As of the last one, with what is remembered of hooks. */
  readonly causes: readonly Cause[];
  readonly hooks: SeenHooks;
  readonly failures: PodFailures;
}

export const NO_LOOKS: Looks = { causes: [], hooks: NO_HOOKS, failures: NO_FAILURES };

/**
 * Takes in a look. One that failed tells nothing: leave it out.
 * @param settled the operation has ended: from then on a container that cannot start is hopeless,
 *   and what was seen of it before does not count
 */
export function observeTree(
  known: Looks,
  tree: ResourceTree,
  options: CauseOptions,
  now: Moment,
  settled: boolean,
): Looks {
  const hooks = rememberHooks(known.hooks, tree, options.hooks);
  const causes = causesOf(withSeenHooks(tree, hooks), options);
  const found = settled ? podFailuresOf(tree, options.hooks) : [];
  return { causes, hooks, failures: observePodFailures(known.failures, found, now) };
}
