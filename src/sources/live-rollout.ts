import type {
  AnalysisState,
  MetricState,
  RolloutPause,
  RolloutState,
  RolloutStep,
} from '../core/within/rollout-state.js';
import type { TreeNode } from '../core/within/tree.js';
import { type Json, list, record, text } from '../http/json.js';
import { metadataOf, shortText } from './live-pod.js';

/** An analysis has a few metrics, a strategy a few dozen steps. */
const MOST_METRICS = 50;
const MOST_STEPS = 1000;

/** The label that tells the pods, and the AnalysisRuns, of a Rollout's versions apart. */
export const ROLLOUT_HASH = 'rollouts-pod-template-hash';

/**
 * What a Rollout tells about its rollout, from its object of the Kubernetes API. What is not of its
 * type counts as absent.
 */
export function rolloutIn(object: unknown): Pick<TreeNode, 'rollout' | 'currentPodLabels'> {
  const { spec, status } = record(object);
  const hash = text(record(status).currentPodHash);
  return {
    rollout: rolloutState(record(spec), record(status)),
    ...(hash === '' ? {} : { currentPodLabels: { [ROLLOUT_HASH]: hash } }),
  };
}

function rolloutState(spec: Json, status: Json): RolloutState {
  const { canary } = record(spec.strategy);
  const steps = list(record(canary).steps).slice(0, MOST_STEPS).map(record);
  const at = countIn(status.currentStepIndex) ?? 0;
  const pause = pauseIn(spec, status, steps[at]);
  const step = stepIn(steps, at);
  const weight = canary === undefined ? undefined : weightIn(status, steps, at);
  return {
    ...(status.abort === true ? { abort: { since: text(status.abortedAt) } } : {}),
    ...(pause ? { pause } : {}),
    ...(step ? { step } : {}),
    ...(weight === undefined ? {} : { weight }),
  };
}

function countIn(value: unknown): number | undefined {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  return isCount ? value : undefined;
}

function stepIn(steps: readonly Json[], at: number): RolloutStep | undefined {
  const step = steps[at];
  if (!step) return undefined;
  const action = shortText(Object.keys(step).find((key) => step[key] !== null));
  return { number: at + 1, of: steps.length, action };
}

/** What a traffic router was told, else the last weight that a step set; after all steps it is 100. */
function weightIn(status: Json, steps: readonly Json[], at: number): number | undefined {
  const routed = countIn(record(record(record(status.canary).weights).canary).weight);
  if (routed !== undefined) return routed;
  if (steps.length > 0 && at >= steps.length) return 100;
  const set = steps.slice(0, at + 1).map((step) => countIn(step['setWeight']));
  return set.findLast((weight) => weight !== undefined);
}

/** A list of conditions that a person emptied says that the Rollout is about to go on. */
function pauseIn(spec: Json, status: Json, step: Json | undefined): RolloutPause | undefined {
  if (spec.paused === true) return { reason: '', since: '', ends: 'by-hand' };
  const [condition] = list(status.pauseConditions).map(record);
  if (!condition) {
    const resumed = status.phase === 'Paused' && status.controllerPause === true;
    return resumed ? { reason: 'Resumed', since: '', ends: 'about-to' } : undefined;
  }
  const reason = shortText(condition.reason);
  const after = lastingFor(reason, spec, step);
  const since = text(condition.startTime);
  return { reason, since, ends: after === '' ? 'by-hand' : { after } };
}

/** How long a pause lasts by itself; empty: until a person ends it. */
function lastingFor(reason: string, spec: Json, step: Json | undefined): string {
  if (reason === 'CanaryPauseStep') return durationIn(record(step?.['pause']).duration);
  if (reason !== 'BlueGreenPause') return '';
  const { autoPromotionEnabled, autoPromotionSeconds } = record(record(spec.strategy).blueGreen);
  return autoPromotionEnabled === false ? '' : durationIn(autoPromotionSeconds);
}

/** A number, or digits, are seconds. */
function durationIn(value: unknown): string {
  const duration = shortText(value);
  return /^\d+$/.test(duration) ? `${duration}s` : duration;
}

/** An AnalysisRun as the Kubernetes API has it, as a node of a tree. */
export function analysisNode(object: unknown): TreeNode {
  const { metadata, status } = record(object);
  const annotations = record(record(metadata).annotations);
  const analysis = analysisState(record(status));
  return {
    ...{ group: 'argoproj.io', kind: 'AnalysisRun', healthReason: '' },
    ...metadataOf(record(metadata)),
    revision: countIn(Number(text(annotations['rollout.argoproj.io/revision']) || 0)) ?? 0,
    // It is judged by the Rollout, not by itself.
    ...{ health: '', healthMessage: '', analysis },
  };
}

function analysisState(status: Json): AnalysisState {
  return {
    phase: shortText(status.phase),
    message: shortText(status.message),
    metrics: list(status.metricResults)
      .slice(0, MOST_METRICS)
      .map(record)
      .filter(({ dryRun }) => dryRun !== true)
      .map(metricState),
  };
}

function metricState({ name, phase, message, measurements }: Json): MetricState {
  const last = record(list(measurements).at(-1));
  return {
    name: shortText(name),
    phase: shortText(phase),
    message: shortText(message),
    value: shortText(last.value),
  };
}
