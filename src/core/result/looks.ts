import type { Application } from '../application/types.js';
import type { Moment } from '../decision/moment.js';
import {
  hooksOf,
  NO_HOOKS,
  rememberHooks,
  type SeenHooks,
  withSeenHooks,
} from '../within/hooks.js';
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

/** @param name what the user calls the Application */
export function lookOptions(
  application: Pick<Application, 'destination' | 'operation' | 'comparison'>,
  name: string,
): CauseOptions {
  const { namespace } = application.destination;
  return { application: name, namespace, hooks: hooksOf(application) };
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

/** Rows of the table of verdicts that wait for an operation, and those that judge how one ended. */
const OF_OPERATION: ReadonlySet<string> = new Set(['operation-running']);
const OF_FAILED_OPERATION: ReadonlySet<string> = new Set([
  'operation-failed',
  'attempt-failed',
  'last-operation-failed',
]);
/** Rows that wait for health, or judge it. */
const OF_HEALTH: ReadonlySet<string> = new Set([
  'health-outdated',
  'pod-failure',
  'degraded',
  'not-healthy',
]);

/** Whether causes can say more of what a row says. */
export function isExplained(rule: string | undefined): boolean {
  return [OF_OPERATION, OF_FAILED_OPERATION, OF_HEALTH].some((rules) => rules.has(rule ?? ''));
}

/**
 * The causes that say why a row applies: a hook has nothing to do with health, nor with an operation
 * that failed what is not well since before.
 */
export function causesFor(rule: string | undefined, { causes }: Looks): readonly Cause[] {
  const hooks = causes.filter(({ hook }) => hook);
  const others = causes.filter(({ hook }) => !hook);
  if (OF_OPERATION.has(rule ?? '')) return [...hooks, ...others];
  if (OF_FAILED_OPERATION.has(rule ?? '')) return hooks;
  return OF_HEALTH.has(rule ?? '') ? others : [];
}
