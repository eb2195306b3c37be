import { type Family, treeOf } from '../core/children/family.js';
import type { Moment } from '../core/decision/moment.js';
import {
  brief,
  type End,
  type Settled,
  settle,
  settleBriefly,
  timedOut,
} from '../core/result/settle.js';
import type { TerminalError } from '../platform/errors.js';
import type { Outcome, Wait, Waiting } from './waits.js';

/** What ended the wait from outside. */
export interface Circumstances {
  readonly error: TerminalError | undefined;
  readonly cancelled: boolean;
  /** Why the server has no answer. */
  readonly trouble: string | undefined;
  readonly failedFast: boolean;
}

/**
 * A cancelled run classifies so many resources, and those of the Application in which it passes
 * them. Thousands of Applications may have hundreds of thousands, which take seconds, and GitHub
 * kills a cancelled run soon.
 */
const CANCELLED_RESOURCES = 5_000;

/**
 * Ends every wait as it stands.
 * @param waits is emptied: of thousands, what each has seen takes more room than its end
 * @param nameOf what the user calls an Application, by its key
 */
export function endAll(
  waits: Map<string, Wait>,
  circumstances: Circumstances,
  nameOf: (key: string) => string,
  now: Moment,
): Outcome {
  const { error, cancelled } = circumstances;
  const ends = new Map<string, Settled>();
  let room = cancelled ? CANCELLED_RESOURCES : Number.POSITIVE_INFINITY;
  let untold = 0;
  for (const [key, wait] of waits) {
    const settled = ended(wait, nameOf(key), circumstances, now, room > 0);
    if (room <= 0) untold += 1;
    room -= Math.max(settled.result.changes.length, resourcesIn(wait));
    ends.set(key, settled);
    waits.delete(key);
  }
  return { ends, ...(untold > 0 ? { untold } : {}), ...(error ? { error } : {}) };
}

/**
 * The same ends in the order in which they are told: what is waited for by name first, then what
 * that manages, down the tree; each of those with the one that manages it.
 */
export function inFamily(
  outcome: Outcome,
  family: Family,
  nameOf: (key: string) => string,
): Outcome {
  if (family.size === 0) return outcome;
  const parentOf = (key: string) => family.get(key)?.parent;
  const tree = treeOf([...outcome.ends.keys()], parentOf);
  const [roots, below] = [tree.filter(([, depth]) => depth === 0), tree.filter(([, d]) => d > 0)];
  const ends = [...roots, ...below].flatMap(([key]) => {
    const settled = outcome.ends.get(key);
    const parent = parentOf(key);
    if (!settled) return [];
    const { result } = settled;
    const told = parent === undefined ? result : { ...result, parent: nameOf(parent) };
    return [[key, { ...settled, result: told }] as const];
  });
  return { ...outcome, ends: new Map(ends) };
}

function resourcesIn(wait: Wait): number {
  return wait.kind === 'done' ? 0 : (wait.state.application?.comparison.resources.length ?? 0);
}

function ended(
  wait: Wait,
  name: string,
  circumstances: Circumstances,
  now: Moment,
  withChanges: boolean,
): Settled {
  if (wait.kind === 'done') return withChanges ? wait.settled : brief(wait.settled);
  const end = endOf(wait.verdict, circumstances);
  return (withChanges ? settle : settleBriefly)(name, wait.state, end, now);
}

function endOf(verdict: Waiting, { error, cancelled, trouble, failedFast }: Circumstances): End {
  if (cancelled) return { conclusion: 'cancelled', reason: 'cancelled', what: verdict.what };
  if (error) return { conclusion: 'failure', reason: error.reason, what: error.message };
  if (failedFast) {
    const what = `${verdict.what}, as another Application failed`;
    return { conclusion: 'cancelled', reason: 'cancelled', what };
  }
  if (trouble !== undefined) {
    const what = `an answer from the server (${trouble.replace(/\.$/, '')})`;
    return { conclusion: 'timeout', reason: 'unreachable', what };
  }
  return timedOut(verdict);
}
