import { DecodeError } from '../core/application/decode.js';
import { evaluate } from '../core/filters/filter.js';
import { decided } from '../core/result/settle.js';
import type { ApplicationResult, Change, Conclusion, Reason } from '../core/result/vocabulary.js';
import type { Inputs } from '../inputs/types.js';
import { InputError, messageOf, TerminalError } from '../platform/errors.js';
import type { Report } from '../report/report.js';
import type { Outcome } from '../wait/waits.js';
import type { LiveEvidence } from './live-evidence.js';
import { remedyFor, UNKNOWN_SHAPE } from './remedies.js';

/** By Application key, the results with what live objects said. */
export function decidedResults(
  { ends }: Pick<Outcome, 'ends'>,
  live: LiveEvidence,
): ReadonlyMap<string, ApplicationResult> {
  const told = [...ends].map(([key, settled]) => {
    const times = live.get(key);
    return [key, times ? decided(settled, times) : settled.result] as const;
  });
  return new Map(told);
}

/**
 * Everything a run says in the end, from how its wait ended.
 * @param results with everything that was found out after the wait
 */
export function reportOf(
  inputs: Inputs,
  outcome: Pick<Outcome, 'error'>,
  results: ReadonlyMap<string, ApplicationResult>,
  waitedMs: number,
): Report {
  const applications = [...results.values()];
  const whole = overall(applications);
  const first = applications.find((each) => each.conclusion === whole.conclusion);
  return {
    ...whole,
    remedy: outcome.error
      ? outcome.error.remedy
      : remedyFor({ ...whole, ...(first?.rule ? { rule: first.rule } : {}) }, inputs),
    applications,
    filters: inputs.filters,
    matched: matchedBy(inputs, applications),
    changes: inputs.changes,
    fieldValues: inputs.fields === 'values',
    waitedMs,
  };
}

/** Filter name to matched changes, over all Applications. */
function matchedBy(
  {
    filters,
    changes: classes,
    applicationNamespace,
  }: Pick<Inputs, 'filters' | 'changes' | 'applicationNamespace'>,
  applications: readonly ApplicationResult[],
): ReadonlyMap<string, readonly Change[]> {
  return new Map(
    filters.map((filter) => [
      filter.name,
      applications.flatMap((each) =>
        evaluate(filter, each.changes, classes, {
          applicationNamespace,
          imagesOf: imagesOf(each),
        }),
      ),
    ]),
  );
}

/** Argo CD before 3.0 says no images by resource: then all of the Application's may be meant. */
function imagesOf({ changes, summaryImages }: ApplicationResult) {
  const told = changes.some((each) => each.images.length > 0);
  return (change: Change) => (told ? change.images : summaryImages);
}

/**
 * The report of a run that failed before it saw an Application.
 * @param inputs where they could be read: their filters match nothing
 */
export function noReport(thrown: unknown, inputs?: Inputs): Report {
  return emptyReport({ conclusion: 'failure', ...faultOf(thrown) }, inputs);
}

/** The report of a run that was cancelled before it saw an Application. */
export function cancelledReport(inputs: Inputs): Report {
  const message = 'The run was cancelled before any Application was read';
  return emptyReport({ conclusion: 'cancelled', reason: 'cancelled', message, remedy: '' }, inputs);
}

function emptyReport(
  end: Pick<Report, 'conclusion' | 'reason' | 'message' | 'remedy'>,
  inputs: Inputs | undefined,
): Report {
  return {
    ...end,
    applications: [],
    filters: inputs?.filters ?? [],
    matched: new Map(),
    changes: inputs?.changes ?? [],
    fieldValues: false,
    waitedMs: 0,
  };
}

function faultOf(thrown: unknown): Pick<Report, 'reason' | 'message' | 'remedy'> {
  if (thrown instanceof InputError) return inputFault(thrown.problems);
  if (thrown instanceof TerminalError) {
    return { reason: thrown.reason, message: thrown.message, remedy: thrown.remedy };
  }
  const said = messageOf(thrown);
  return thrown instanceof DecodeError
    ? {
        reason: 'internal-error',
        message: `What the server sent cannot be read: ${said}`,
        remedy: UNKNOWN_SHAPE,
      }
    : {
        reason: 'internal-error',
        message: `This is a bug of argocd-post-sync: ${said}`,
        remedy: 'Please report it with the log of this step.',
      };
}

function inputFault(problems: readonly string[]): Pick<Report, 'reason' | 'message' | 'remedy'> {
  const reason = 'invalid-input';
  const [only = 'an input is not valid'] = problems;
  if (problems.length < 2) return { reason, message: only, remedy: '' };
  const message = `${problems.length} inputs are not valid`;
  return { reason, message, remedy: problems.join('\n') };
}

/** The worst conclusion first. */
const CONCLUSIONS: readonly Conclusion[] = [
  'failure',
  'timeout',
  'cancelled',
  'success',
  'skipped',
];
const ENDED: Readonly<Record<Conclusion, string>> = {
  failure: 'failed',
  timeout: 'timed out',
  cancelled: 'were cancelled',
  success: 'succeeded',
  skipped: 'were skipped',
};
/** Of several successes, the one that a later step may care about most. */
const REASONS: readonly Reason[] = ['superseded', 'synced', 'no-change'];

function overall(
  applications: readonly ApplicationResult[],
): Pick<Report, 'conclusion' | 'reason' | 'message'> {
  const conclusion =
    CONCLUSIONS.find((each) => applications.some((a) => a.conclusion === each)) ?? 'failure';
  const those = applications.filter((each) => each.conclusion === conclusion);
  const [first] = those;
  const reason =
    REASONS.find((each) => conclusion === 'success' && those.some((a) => a.reason === each)) ??
    first?.reason ??
    'internal-error';
  if (!first || applications.length === 1) {
    return { conclusion, reason, message: first?.message ?? 'No Application was read' };
  }
  const count = `${those.length} of ${applications.length} Applications`;
  const message = `${count} ${ENDED[conclusion]}`;
  const good = conclusion === 'success' || conclusion === 'skipped';
  return {
    conclusion,
    reason,
    message: good ? message : `${message}; the first: ${first.message}`,
  };
}
