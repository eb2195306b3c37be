import type { Application, Deployment } from '../application/types.js';
import { isTarget, type Since } from '../decision/state.js';
import type { Target } from '../decision/target.js';

/** What was deployed after the revision of `since`, as far as it is on record. */
export interface Later {
  /** The end of the history. */
  readonly deployments: readonly Deployment[];
  /** Whether an operation that began then (RFC 3339) came after the revision. */
  readonly includes: (startedAt: string) => boolean;
  /** Deployments that came after it may be missing. */
  readonly unrecorded: boolean;
}

/**
 * Finds what came after a revision: by its last deployment on record, else by the time from which
 * on deployments came after it, else it may be everything on record.
 */
export function laterThan(since: Since, application: Application, target: Target): Later {
  const { history } = application;
  const known = history.findLastIndex((each) => isOf(since, application, target, each));
  const after = history[known]?.startedAt;
  if (after !== undefined) {
    const includes = (startedAt: string) => startedAt > after;
    return { deployments: history.slice(known + 1), includes, unrecorded: false };
  }
  const { from = '' } = since;
  const includes = (startedAt: string) => startedAt >= from;
  const first = history.findIndex((each) => includes(each.startedAt));
  const deployments = first < 0 ? [] : history.slice(first);
  // A record that begins later says nothing of what was before it.
  return { deployments, includes, unrecorded: history.length === deployments.length };
}

function isOf(
  { revision }: Since,
  application: Application,
  target: Target,
  { revisions }: Deployment,
): boolean {
  if (revision === '') return false;
  const sources = target.kind === 'revision' && target.sources ? { sources: target.sources } : {};
  const known: Target = { kind: 'revision', text: revision, ...sources, why: '' };
  return isTarget(application, known, revisions);
}
