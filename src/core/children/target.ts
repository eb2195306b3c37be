import type { Application, ApplicationSource } from '../application/types.js';
import { scopeOf } from '../changes/scope.js';
import type { Moment } from '../decision/moment.js';
import { targetProgress } from '../decision/progress.js';
import type { State } from '../decision/state.js';
import {
  isSha,
  namesRevision,
  type RevisionRequest,
  type RunOrigin,
  repositoryOf,
  resolveTarget,
  type Target,
  tracks,
} from '../decision/target.js';

/** What an Application says of the target of those that it manages. */
export interface Lead {
  /** What the user calls it. */
  readonly name: string;
  readonly target?: Target;
  /** Its sources that the target speaks of. */
  readonly sources: readonly ApplicationSource[];
  /** Revisions of these sources that took the place of the target: they contain it. */
  readonly successors: readonly string[];
  /** When the deployment of its target began (RFC 3339); empty: it needed none, or not yet. */
  readonly startedAt: string;
}

export function leadOf(name: string, state: State, now: Moment): Lead {
  const { target, application } = state;
  const sources = application && target ? leading(application, target) : [];
  const { startedAt } = scopeOf(state);
  const successors = successorsOf(state, sources, now);
  return { name, sources, successors, startedAt, ...(target ? { target } : {}) };
}

function successorsOf(
  state: State,
  sources: readonly ApplicationSource[],
  now: Moment,
): readonly string[] {
  const { superseded, revisions } = targetProgress(state, now);
  if (!superseded || !revisions || !state.application) return [];
  const all = state.application.sources;
  return revisions.resolved.filter((_, i) => all[i] && sources.includes(all[i]));
}

/** The revisions that are known to contain a target, by those that lead to it. */
export function successorsIn(leads: readonly Lead[], target: Target): readonly string[] {
  const same = leads.filter(
    (lead) =>
      lead.target?.kind === 'revision' &&
      target.kind === 'revision' &&
      lead.target.text === target.text,
  );
  return same.flatMap(({ successors }) => successors);
}

/** A revision alone does not say which of several sources has it: what was compared does. */
function leading(
  { sources, comparison }: Application,
  target: Target,
): readonly ApplicationSource[] {
  if (target.kind === 'any') return [];
  if (target.sources) return sources.filter((_, i) => target.sources?.has(i));
  if (sources.length < 2) return sources;
  const { resolved } = comparison.revisions;
  return sources.filter((_, i) => namesRevision(target.text, resolved[i] ?? ''));
}

/**
 * What a managed Application is to reach: the revision of one that manages it, where one of its own
 * sources follows the same repository in the same way; else whatever its spec asks for, of which
 * only what was deployed since its manager's deployment began has to do with the wait.
 */
export function targetUnder(
  leads: readonly Lead[],
  run: RunOrigin,
  application: Application,
): Target {
  for (const lead of leads) {
    const target = shared(lead, run, application);
    if (target) return target;
  }
  const names = leads.map(({ name }) => name).join(', ');
  const starts = leads.map(({ startedAt }) => startedAt).filter((each) => each !== '');
  const [after = ''] = starts.toSorted();
  return { kind: 'any', why: `no source of it follows the revision of ${names}`, after };
}

/**
 * The same where the user asked for that revision: the run's own commit counts for what tracks its
 * repository and branch, though none that manages it does.
 */
export function targetOfManaged(
  request: RevisionRequest,
  leads: readonly Lead[],
  run: RunOrigin,
  application: Application,
): Target {
  const target = targetUnder(leads, run, application);
  if (target.kind === 'revision' || request.kind !== 'auto') return target;
  const own = resolveTarget(request, run, application);
  return own.kind === 'revision' ? own : target;
}

function shared(
  { name, target, sources }: Lead,
  run: RunOrigin,
  application: Application,
): Target | undefined {
  if (target?.kind !== 'revision' || target.lookup !== undefined || target.vague) return undefined;
  const { text } = target;
  const own = application.sources.flatMap((source, i) =>
    sources.some((each) => follows(source, each, text, run)) ? [i] : [],
  );
  if (own.length === 0) return undefined;
  const why = `the revision of ${name}, which manages it`;
  return { kind: 'revision', text, sources: new Set(own), why };
}

function follows(
  source: ApplicationSource,
  leading: ApplicationSource,
  text: string,
  { commit }: RunOrigin,
): boolean {
  if (source.chart !== leading.chart) return false;
  if (repositoryOf(source.repoURL) !== repositoryOf(leading.repoURL)) return false;
  const [tracked, led] = [source, leading].map((each) => each.targetRevision || 'HEAD');
  if (tracked === led) return true;
  if (tracked !== undefined && isSha(tracked) && namesRevision(tracked, text)) return true;
  return (
    commit.kind === 'commit' &&
    namesRevision(text, commit.sha) &&
    tracks(source, commit.ref, commit)
  );
}
