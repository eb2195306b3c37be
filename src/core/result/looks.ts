import type { Application } from '../application/types.js';
import type { SeenHooks } from '../within/hooks.js';
import { NO_FAILURES, type PodFailures } from '../within/lasting-failures.js';
import type { Cause } from './causes.js';

/** What looks within an Application have told so far; small, whatever they saw. */
export interface Looks {
  /** As of the last one, with what is remembered of hooks. */
  readonly causes: readonly Cause[];
  readonly hooks: SeenHooks;
  readonly failures: PodFailures;
}

export const NO_LOOKS: Looks = { causes: [], hooks: new Map(), failures: NO_FAILURES };

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
export function isExplained(rule: string | undefined, application: Observed): boolean {
  if (OF_OPERATION.has(rule ?? '')) return waitsForResources(application);
  return OF_FAILED_OPERATION.has(rule ?? '') || OF_HEALTH.has(rule ?? '');
}

type Observed = Pick<Application, 'operation'>;

/**
 * A hook of its operation runs, or failed and may be run again, or a resource of a wave is not well
 * yet. It may wait for something else too: a sync window, or a person.
 */
export function waitsForResources({ operation }: Observed): boolean {
  return (operation?.results ?? []).some(
    ({ hookType, hookPhase }) =>
      hookPhase === 'Running' || (hookType !== '' && ['Failed', 'Error'].includes(hookPhase)),
  );
}

/**
 * The causes that say why a row applies: a hook has nothing to do with health, nor with an operation
 * that failed what is not well since before.
 */
export function causesFor(
  rule: string | undefined,
  application: Observed,
  { causes }: Looks,
): readonly Cause[] {
  if (!isExplained(rule, application)) return [];
  const hooks = causes.filter(({ hook }) => hook);
  const others = causes.filter(({ hook }) => !hook);
  if (OF_FAILED_OPERATION.has(rule ?? '')) return hooks;
  return OF_HEALTH.has(rule ?? '') ? others : [...hooks, ...others];
}
