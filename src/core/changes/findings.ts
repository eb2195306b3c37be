import type { Evidence } from '../result/vocabulary.js';
import { ALL_OUTCOMES, type ApplyOutcome } from './messages.js';

/** What is known of a resource: its class, or the outcomes that are still possible. */
export type Finding =
  | { readonly kind: 'fixed'; readonly change: 'pruned' | 'skipped' | 'failed' | 'hook' }
  | Open;

interface Open {
  readonly kind: 'open';
  readonly possible: readonly ApplyOutcome[];
  readonly evidence: Evidence;
}

/** Anything may have been done to it. */
export const ANYTHING: Finding = { kind: 'open', possible: ALL_OUTCOMES, evidence: 'applied' };

/** What two findings, one after the other, amount to. The first change wins; failure yields. */
export function combine(first: Finding, then: Finding): Finding {
  if (first.kind === 'open' && then.kind === 'open') return combinedOpen(first, then);
  if (first.kind === 'fixed' && then.kind === 'fixed') {
    return then.change === 'failed' ? first : then;
  }
  if (first.kind === 'fixed') return afterFixed(first, then);
  if (then.kind === 'fixed' && (then.change === 'failed' || then.change === 'skipped')) {
    return isCertainlyChanged(first) ? first : then;
  }
  return then;
}

function afterFixed(first: Extract<Finding, { kind: 'fixed' }>, then: Finding): Finding {
  const untouched = then.kind === 'open' && then.possible.every((each) => each === 'unchanged');
  return first.change !== 'failed' && untouched ? first : then;
}

function isCertainlyChanged(finding: Finding): boolean {
  return finding.kind === 'open' && !finding.possible.includes('unchanged');
}

function combinedOpen(first: Open, then: Open): Finding {
  const possible = inTurn(first.possible, then.possible);
  if (isSameSet(possible, first.possible)) return first;
  return { kind: 'open', possible, evidence: then.evidence };
}

function isSameSet(a: readonly ApplyOutcome[], b: readonly ApplyOutcome[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}

/** What two applies, one after the other, can have done together. */
export function inTurn(
  first: readonly ApplyOutcome[],
  then: readonly ApplyOutcome[],
): readonly ApplyOutcome[] {
  const pairs = first.flatMap((x) => then.map((y) => together(x, y)));
  return ALL_OUTCOMES.filter((each) => pairs.includes(each));
}

function together(first: ApplyOutcome, then: ApplyOutcome): ApplyOutcome {
  if (then === 'created' || first === 'unchanged') return then;
  return first;
}
