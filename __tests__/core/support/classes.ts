import type { Application } from '../../../src/core/application/types.js';
import { classify, gradeOf } from '../../../src/core/changes/classify.js';
import { type LiveTimes, withLive } from '../../../src/core/changes/live-times.js';
import type { Scope } from '../../../src/core/changes/scope.js';
import type { Observations } from '../../../src/core/decision/observations.js';
import type { Change } from '../../../src/core/result/vocabulary.js';

/** What is said in the end of an Application's resources. */
export interface Classes {
  readonly changes: readonly Change[];
  /** What the live objects could not decide either. */
  readonly undecided: readonly Change[];
  readonly evidence: 'complete' | 'partial';
}

export type Classifier = (
  application: Application,
  seen: Observations,
  scope: Scope,
  live: ReadonlyMap<string, LiveTimes>,
) => Classes;

/** The classes by all there is to know, with the live objects last. */
export const classifyAll: Classifier = (application, seen, scope, live) => {
  const { changes: told, lost, written } = classify('shop', application, seen, scope);
  const changes = withLive(told, written, live);
  const undecided = changes.filter((each) => each.evidence === 'reported');
  return { changes, undecided, evidence: gradeOf({ changes, lost }) };
};
