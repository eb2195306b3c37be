import { splitMessage } from './rollout-state.js';
import type { Family, TreeNode } from './tree.js';

/** What made a Rollout stop before its end. */
export interface StoppedRollout {
  readonly symptom: 'was aborted' | 'is paused';
  /** `RolloutAborted` and `RolloutPaused`, as Argo Rollouts has it in conditions and events. */
  readonly reason: string;
  readonly said: string;
  readonly since: string;
  /** The AnalysisRun for which it stopped. */
  readonly analysis?: TreeNode;
}

/** Why a Rollout does not go on, whatever its pods are; undefined: it goes on, or is no Rollout. */
export function stoppedRollout(family: Family, at: TreeNode) {
  return aborted(family, at) ?? paused(family, at);
}

function aborted(family: Family, at: TreeNode): StoppedRollout | undefined {
  const abort = at.rollout?.abort;
  if (!abort) return undefined;
  const { said } = splitMessage(at.healthMessage);
  // A person may abort it too, long after an analysis of an earlier attempt failed.
  const judged = /\b(analysis|assessed)\b/i.test(said);
  const analysis = judged ? newestRun(family, at, ['Failed', 'Error']) : undefined;
  const about = { symptom: 'was aborted', reason: 'RolloutAborted', said } as const;
  return { ...about, since: abort.since, ...(analysis ? { analysis } : {}) };
}

function paused(family: Family, at: TreeNode): StoppedRollout | undefined {
  const pause = at.rollout?.pause;
  if (!pause) return undefined;
  const { reason: said, since } = pause;
  const judged = said === 'InconclusiveAnalysisRun';
  const analysis = judged ? newestRun(family, at, ['Inconclusive']) : undefined;
  const about = { symptom: 'is paused', reason: 'RolloutPaused', said, since } as const;
  return { ...about, ...(analysis ? { analysis } : {}) };
}

/** The AnalysisRun of the present version that ended so last: each attempt makes new ones. */
function newestRun(family: Family, at: TreeNode, phases: readonly string[]): TreeNode | undefined {
  const [first] = family
    .runsOf(at)
    .filter(({ analysis }) => phases.includes(analysis?.phase ?? ''))
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return first;
}
