/**
 * What Argo Rollouts says about a Rollout, and about the AnalysisRuns that judge it. Times are
 * RFC 3339 strings by the cluster's clock; empty where absent. All text is foreign.
 */
export interface RolloutState {
  /** It went back to the stable version. */
  readonly abort?: { readonly since: string };
  readonly pause?: RolloutPause;
  /** Absent: it has no steps, all of them are done, or it is not known. */
  readonly step?: RolloutStep;
  /** Percent of the traffic (without a traffic router: of the pods) that the new version has. */
  readonly weight?: number;
}

export interface RolloutStep {
  /** Counted from 1. */
  readonly number: number;
  readonly of: number;
  /** The key of the step: `setWeight`, `pause`, `analysis`, …; empty: none that is known. */
  readonly action: string;
}

export interface RolloutPause {
  /** `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun`, …; empty: `spec.paused`. */
  readonly reason: string;
  readonly since: string;
  /** Absent: not known. A duration is as in the manifest: `10m`, `30s`. */
  readonly ends?: 'by-hand' | 'about-to' | { readonly after: string };
}

export interface AnalysisState {
  /** `Pending`, `Running`, `Successful`, `Failed`, `Error`, `Inconclusive`; may be empty. */
  readonly phase: string;
  readonly message: string;
  /** Those that count: no dry runs. */
  readonly metrics: readonly MetricState[];
}

export interface MetricState {
  readonly name: string;
  readonly phase: string;
  readonly message: string;
  /** As last measured; empty: nothing was. */
  readonly value: string;
}

/** A message of a Rollout that is Degraded begins with the reason. */
const REASON = /^(RolloutAborted|ProgressDeadlineExceeded|InvalidSpec): (.*)$/s;

/** The message of a Rollout, and the word for it that it began with; empty: no such word. */
export function splitMessage(message: string): { readonly reason: string; readonly said: string } {
  const [, reason = '', said = message] = REASON.exec(message) ?? [];
  return { reason, said };
}

/** What the health of a Rollout tells where the Rollout itself was not read. */
export function rolloutInHealth(status: string, message: string): RolloutState {
  if (status === 'Suspended') {
    const reason = message === 'manually paused' ? '' : message || 'Paused';
    return { pause: { reason, since: '' } };
  }
  const isAborted = status === 'Degraded' && splitMessage(message).reason === 'RolloutAborted';
  return isAborted ? { abort: { since: '' } } : {};
}

const PHASES: ReadonlyMap<string, string> = new Map([
  ['Healthy', 'Successful'],
  ['Degraded', 'Failed'],
  ['Unknown', 'Inconclusive'],
  ['Progressing', 'Running'],
]);

/** What the health of an AnalysisRun tells where the AnalysisRun itself was not read. */
export function analysisInHealth(status: string, message: string): AnalysisState {
  return { phase: PHASES.get(status) ?? '', message, metrics: [] };
}
