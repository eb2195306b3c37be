import type { Application } from '../application/types.js';
import { type Rollout, rolloutSentence } from '../applicationset/rollout.js';
import type { Opening } from '../windows/opening.js';
import type { SeenHooks } from '../within/hooks.js';
import { NO_FAILURES, type PodFailures } from '../within/lasting-failures.js';
import type { Cause } from './causes.js';

/** What looks within an Application have told so far; small, whatever they saw. */
export interface Looks {
  /** As of the last one, with what is remembered of hooks. */
  readonly causes: readonly Cause[];
  /** The sync windows that block auto-sync or the operation, as of the last look at them. */
  readonly windows: WindowsLook;
  /** Where it stands in the RollingSync of its ApplicationSet, `none`: that has none. */
  readonly rollout?: Rollout | 'none';
  readonly hooks: SeenHooks;
  readonly failures: PodFailures;
}

/** What the sync windows of an Application say. */
export interface WindowsLook {
  /** Those because of which no sync starts: one cause, or none. */
  readonly causes: readonly Cause[];
  /** When a sync may start; absent: nothing keeps it from starting, or that cannot be told. */
  readonly opening?: Opening;
}

export const NO_WINDOWS: WindowsLook = { causes: [] };

export const NO_LOOKS: Looks = {
  causes: [],
  windows: NO_WINDOWS,
  hooks: new Map(),
  failures: NO_FAILURES,
};

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
  'suspended',
  'degraded',
  'not-healthy',
]);

/** Rows that wait for auto-sync: there are no resources of the new version yet. */
const OF_AUTO_SYNC: ReadonlySet<string> = new Set(['sync-window', 'auto-sync-pending']);

/** Rows that may wait for the Application's turn in a RollingSync. */
const OF_ROLLING_SYNC: ReadonlySet<string> = new Set(['rolling-sync', 'not-deployed']);

/** What a look is at. */
export type LookAt = 'resources' | 'sync-windows' | 'applicationset';

/** Where the cause of what a row says is to be found. */
export function lookAtFor(rule: string | undefined, application: Observed): LookAt {
  if (OF_ROLLING_SYNC.has(rule ?? '') && mayBeInRollout(application)) return 'applicationset';
  const held = OF_OPERATION.has(rule ?? '') && isHeldByWindow(application);
  return held || OF_AUTO_SYNC.has(rule ?? '') ? 'sync-windows' : 'resources';
}

/** Argo CD has an operation wait for a sync window, and looks again now and then. */
export function isHeldByWindow({ operation }: Observed): boolean {
  return operation?.phase === 'Running' && operation.message.includes(HELD);
}

const HELD = 'blocked by sync window';

/** Whether causes can say more of what a row says. */
export function isExplained(rule: string | undefined, application: Observed): boolean {
  if (OF_OPERATION.has(rule ?? '')) return hasSomethingToSee(application);
  if (OF_ROLLING_SYNC.has(rule ?? '')) return mayBeInRollout(application);
  return [OF_FAILED_OPERATION, OF_HEALTH, OF_AUTO_SYNC].some((rows) => rows.has(rule ?? ''));
}

type Observed = Pick<Application, 'operation' | 'automated' | 'applicationSet' | 'comparison'>;

/** It has something to sync, and RollingSync takes auto-sync away from the Applications. */
function mayBeInRollout({ automated, applicationSet, comparison }: Observed): boolean {
  return applicationSet !== undefined && !automated && comparison.status === 'OutOfSync';
}

/** Whether a look can say what its operation waits for. */
export function hasSomethingToSee(application: Observed): boolean {
  return isHeldByWindow(application) || waitsForResources(application);
}

/**
 * A hook of its operation runs, or failed and may be run again, or a resource of a wave is not well
 * yet. It may wait for something else too: a person.
 */
function waitsForResources({ operation }: Observed): boolean {
  return (operation?.results ?? []).some(
    ({ hookType, hookPhase }) =>
      hookPhase === 'Running' || (hookType !== '' && ['Failed', 'Error'].includes(hookPhase)),
  );
}

/**
 * The causes that say why a row applies: a hook has nothing to do with health, nor with an operation
 * that failed what is not well since before.
 * @param name what the user calls the Application
 */
export function causesFor(
  rule: string | undefined,
  application: Observed,
  { causes, windows, rollout }: Looks,
  name: string,
): readonly Cause[] {
  if (!isExplained(rule, application)) return [];
  if (OF_ROLLING_SYNC.has(rule ?? '')) return rolloutCauses(rollout, name);
  if (lookAtFor(rule, application) === 'sync-windows') return windows.causes;
  const hooks = causes.filter(({ hook }) => hook);
  const others = causes.filter(({ hook }) => !hook);
  if (OF_FAILED_OPERATION.has(rule ?? '')) return hooks;
  return OF_HEALTH.has(rule ?? '') ? others : [...hooks, ...others];
}

function rolloutCauses(rollout: Looks['rollout'], application: string): readonly Cause[] {
  if (!rollout || rollout === 'none') return [];
  const subject = `ApplicationSet/${rollout.set}`;
  return [{ application, subject, reason: 'RollingSync', message: rolloutSentence(rollout) }];
}
