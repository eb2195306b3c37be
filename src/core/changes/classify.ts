import type {
  Application,
  ComparedResource,
  ResourceKey,
  ResourceResult,
} from '../application/types.js';
import { resourceName } from '../application/types.js';
import {
  type Compared,
  type ComparisonSnapshot,
  type Evidence,
  resultName,
  resultsOf,
  type SeenOperation,
  type SeenResult,
  statusesOf,
} from '../decision/observations.js';
import { revisionKey } from '../decision/target.js';
import type { Change, ChangeClass, Evidence as Grade } from '../result/vocabulary.js';

/** What an apply can have done to a resource. */
type Outcome = 'created' | 'updated' | 'unchanged';

/** What is known of a resource: its class, or the outcomes that are still possible. */
type Finding =
  | { readonly kind: 'fixed'; readonly change: 'pruned' | 'skipped' | 'failed' | 'hook' }
  | { readonly kind: 'open'; readonly possible: readonly Outcome[]; readonly grade: Grade };

const ALL: readonly Outcome[] = ['created', 'updated', 'unchanged'];
const ANYTHING: Finding = { kind: 'open', possible: ALL, grade: 'applied' };

/** The live object's own account, where it was read; RFC 3339 times. */
export interface LiveTimes {
  readonly creationTimestamp: string;
  /** Last write by Argo CD's controller; empty: it has none. */
  readonly lastWrite: string;
}

/** Which part of what was seen belongs to the revision waited for. */
export interface Scope {
  /** The operations whose changes count, oldest first. */
  readonly operations: readonly SeenOperation[];
  /** When the deployment began (RFC 3339). Empty: no operation was needed, or it is lost. */
  readonly startedAt: string;
  /** What was written to live objects from then on (RFC 3339) was written for it; empty: unknown. */
  readonly writtenFrom: string;
  /** Another operation ended in that very second: it proves nothing. */
  readonly startSecondAmbiguous: boolean;
  /** Operations that deployed it and whose results were replaced before they were seen. */
  readonly hidden: boolean;
  /** No operation will come for resources that left Git, since pruning is off: they are skipped. */
  readonly leftBehind: readonly ComparedResource[];
}

/** The classes of all resources, and what their live objects are to be held against. */
export interface Classified {
  /** Only the live object can decide what is `reported`. */
  readonly changes: readonly Change[];
  /** Changes may be missing, whatever the live objects say. */
  readonly lost: boolean;
  readonly written: Written;
}

/** Which writes to live objects count. */
export type Written = Pick<Scope, 'writtenFrom' | 'startSecondAmbiguous'>;

/**
 * Says what happened to every resource: by Argo CD's messages where they can be trusted, else by
 * the comparisons, else, until the live objects have been asked, «updated» by report: a purge too
 * many costs less than one too few.
 */
export function classify(application: Application, seen: Evidence, scope: Scope): Classified {
  const findings = findingsOf(application, withStatuses(seen.comparisons), scope);
  const waves = new Map(application.comparison.resources.map((r) => [resourceName(r), r.wave]));
  const { operations, hidden, writtenFrom, startSecondAmbiguous } = scope;
  return {
    changes: [...findings.values()].map((entry) =>
      changeOf(application, decide(entry), waves.get(resourceName(entry.of))),
    ),
    lost:
      hidden || operations.some((each) => each.earlierAttemptsUnseen || each.endAt === undefined),
    written: { writtenFrom, startSecondAmbiguous },
  };
}

/**
 * Decides what only live objects can.
 * @param live by resource name, what was read of them
 */
export function withLive(
  changes: readonly Change[],
  written: Written,
  live: ReadonlyMap<string, LiveTimes>,
): readonly Change[] {
  return changes.map((each) => {
    if (each.evidence !== 'reported') return each;
    const outcome = liveOutcome(live.get(resourceName(each)), written);
    return outcome ? { ...each, change: outcome, evidence: 'live' } : each;
  });
}

/** `partial`: a change may be missing, or its class is a guess. */
export function gradeOf({
  changes,
  lost,
}: Pick<Classified, 'changes' | 'lost'>): 'complete' | 'partial' {
  return lost || changes.some((each) => each.evidence === 'reported') ? 'partial' : 'complete';
}

/** A resource's finding over all operations, and the result that speaks for it. */
interface Entry {
  readonly of: ResourceKey & { readonly version: string };
  readonly result?: SeenResult;
  readonly finding: Finding;
}

/** A comparison in which resources can be looked up. */
interface Looked extends ComparisonSnapshot {
  /** Sync status by resource name. */
  readonly statuses: ReadonlyMap<string, string>;
}

function withStatuses(comparisons: readonly ComparisonSnapshot[]): readonly Looked[] {
  const known = new Map<Compared, Looked['statuses']>();
  return comparisons.map((each) => {
    const statuses = known.get(each.compared) ?? statusesOf(each.compared);
    known.set(each.compared, statuses);
    return { ...each, statuses };
  });
}

function findingsOf(
  application: Application,
  seen: readonly Looked[],
  scope: Scope,
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  if (scope.hidden) {
    for (const of of application.comparison.resources.filter((r) => !r.hook)) {
      entries.set(resourceName(of), { of, finding: ANYTHING });
    }
  }
  for (const operation of scope.operations) {
    for (const result of resultsOf(operation)) {
      const name = resultName(result.latest);
      const said = findingOf(operation, name, result, seen);
      const finding = isMadeNamespace(application, result.first) ? madeOf(said) : said;
      const known = entries.get(name);
      entries.set(
        name,
        known ? merged(known, result, finding) : { of: result.first, result, finding },
      );
    }
  }
  for (const of of scope.leftBehind) {
    const name = resourceName(of);
    if (!entries.has(name))
      entries.set(name, { of, finding: { kind: 'fixed', change: 'skipped' } });
  }
  return entries;
}

/**
 * Whether that is the destination's namespace, made by `CreateNamespace`: one that is there already
 * is not synced, unless its metadata is managed or it is in Git.
 */
function isMadeNamespace(application: Application, of: ResourceKey): boolean {
  const { destination, managedNamespace, comparison } = application;
  if (of.kind !== 'Namespace' || of.group !== '' || of.name !== destination.namespace) return false;
  const name = resourceName(of);
  return !managedNamespace && !comparison.resources.some((each) => resourceName(each) === name);
}

function madeOf(said: Finding): Finding {
  return said.kind === 'open' ? { ...said, possible: ['created'] } : said;
}

function merged(known: Entry, result: SeenResult, finding: Finding): Entry {
  const combined = combine(known.finding, finding);
  const speaks = combined === known.finding && known.result ? known.result : result;
  return { of: known.of, result: speaks, finding: combined };
}

/** What one operation tells of one resource. */
function findingOf(
  operation: SeenOperation,
  name: string,
  { first }: SeenResult,
  seen: readonly Looked[],
): Finding {
  if (first.hookType !== '') return { kind: 'fixed', change: 'hook' };
  if (first.status === 'SyncFailed') return { kind: 'fixed', change: 'failed' };
  if (first.status === 'Pruned') return { kind: 'fixed', change: 'pruned' };
  if (first.status === 'PruneSkipped') return { kind: 'fixed', change: 'skipped' };
  return narrowed(outcomesOf(first, operation.earlierAttemptsUnseen), operation, name, seen);
}

/** The verbs of Argo CD's apply, and what each leaves open. */
const VERBS: Readonly<Record<string, readonly Outcome[]>> = {
  created: ['created'],
  unchanged: ['unchanged'],
  configured: ['updated', 'unchanged'],
  replaced: ['updated', 'unchanged'],
  'serverside-applied': ALL,
};

/**
 * The outcomes that a message leaves open.
 * @param earlierAttemptsUnseen an earlier attempt may have made the change that this one found done
 */
function outcomesOf(
  { message, cut }: ResourceResult,
  earlierAttemptsUnseen: boolean,
): readonly Outcome[] {
  // What tells the class of RBAC objects is in the middle of their messages.
  const possible = (cut ? undefined : rbacOutcomes(message)) ?? verbOutcomes(message);
  return earlierAttemptsUnseen && possible.length === 1 && possible[0] === 'unchanged'
    ? ALL
    : possible;
}

/** RBAC objects: `role… reconciled. reconciliation required create|update …`, over several lines. */
function rbacOutcomes(message: string): readonly Outcome[] | undefined {
  if (!/^\S+\/\S+ reconciled\b/.test(message)) return undefined;
  if (message.includes('object opted out')) return ['updated', 'unchanged'];
  const required = /reconciliation required (\w+)/.exec(message)?.[1];
  if (required === 'create') return ['created'];
  if (required !== undefined) return ['updated'];
  return /\bunchanged\s*$/.test(message) ? ['unchanged'] : ['updated', 'unchanged'];
}

/** `deployment.apps/web configured`; anything else is a health message that tells nothing. */
function verbOutcomes(message: string): readonly Outcome[] {
  const verb =
    /^\S+\/\S+ (created|unchanged|configured|replaced|serverside-applied)\b/.exec(message)?.[1] ??
    /^\S+\/.*\s(created|unchanged|configured|replaced|serverside-applied)$/s.exec(message)?.[1];
  return (verb === undefined ? undefined : VERBS[verb]) ?? ALL;
}

/** Narrows what a message leaves open by what the comparisons said before, during and after. */
function narrowed(
  possible: readonly Outcome[],
  operation: SeenOperation,
  name: string,
  seen: readonly Looked[],
): Finding {
  if (possible.length === 1) return { kind: 'open', possible, grade: 'applied' };
  const compared = comparedOutcomes(operation, name, seen);
  const both = possible.filter((each) => compared.includes(each));
  // A resource that the comparison calls new may have been there, unmanaged, and was taken over.
  const left = both.length > 0 ? both : possible.filter((each) => each === 'updated');
  const grade = left.length < possible.length ? 'compared' : 'applied';
  return { kind: 'open', possible: left, grade };
}

/** The outcomes that the comparisons leave open for a resource of an operation. */
function comparedOutcomes(
  operation: SeenOperation,
  name: string,
  seen: readonly Looked[],
): readonly Outcome[] {
  const key = revisionKey(operation.revisions);
  if (key === '') return ALL;
  const end = operation.endAt ?? Number.POSITIVE_INFINITY;
  const during = seen.filter((each) => each.key === key && each.at < end);
  if (during.some((each) => each.statuses.get(name) === 'OutOfSync')) {
    return aboutToChange(during, name, seen);
  }
  const before = during.filter((each) => isBefore(each, operation, seen));
  if (before.length > 0 && before.every((each) => each.statuses.get(name) === 'Synced')) {
    return ['unchanged'];
  }
  return turnedOutOfSync(operation, key, name, seen) ? ['updated'] : ALL;
}

/** Seen OutOfSync at the operation's revision: it is written, unless it is OutOfSync for ever. */
function aboutToChange(
  during: readonly Looked[],
  name: string,
  seen: readonly Looked[],
): readonly Outcome[] {
  const first = seen.indexOf(during[0] as Looked);
  const prior = seen[first - 1];
  if (!prior || prior.key === '') return ['created', 'updated'];
  const status = prior.statuses.get(name);
  if (status === undefined) return ['created'];
  if (status === 'Synced') return ['updated'];
  const still = seen.at(-1)?.statuses.get(name) === 'OutOfSync';
  return still ? ALL : ['created', 'updated'];
}

/**
 * Whether a comparison shows the cluster as it was before the operation wrote anything.
 * Auto-sync asks for an operation because of a comparison, and stores that comparison a moment
 * AFTER the request: the first one to arrive is from before, though the operation may be running.
 * After a gap it may have been brought up to date since, which does not move `reconciledAt`.
 */
function isBefore(snapshot: Looked, operation: SeenOperation, seen: readonly Looked[]): boolean {
  if (snapshot.at < operation.at) return true;
  if (snapshot.gap || !operation.automated || operation.selective) return false;
  const first = seen.find((each) => each.key === snapshot.key);
  if (first !== snapshot || seen[0] === snapshot) return false;
  return snapshot.reconciledAt <= operation.startedAt;
}

/** Synced with another revision before, OutOfSync with the same one after: a rollback wrote it. */
function turnedOutOfSync(
  operation: SeenOperation,
  key: string,
  name: string,
  seen: readonly Looked[],
): boolean {
  const end = operation.endAt;
  if (end === undefined) return false;
  return seen.some(
    (after) =>
      after.key !== key &&
      after.at >= end &&
      after.statuses.get(name) === 'OutOfSync' &&
      seen.some(
        (before) =>
          before.key === after.key &&
          before.at < operation.at &&
          before.statuses.get(name) === 'Synced',
      ),
  );
}

/** What two findings, one after the other, come to. The first change wins; failure yields. */
function combine(a: Finding, b: Finding): Finding {
  if (a.kind === 'open' && b.kind === 'open') return composed(a, b);
  if (a.kind === 'fixed' && b.kind === 'fixed') return b.change === 'failed' ? a : b;
  if (a.kind === 'fixed') return afterFixed(a, b);
  if (b.kind === 'fixed' && (b.change === 'failed' || b.change === 'skipped')) {
    return isCertainlyChanged(a) ? a : b;
  }
  return b;
}

function afterFixed(a: Extract<Finding, { kind: 'fixed' }>, b: Finding): Finding {
  const untouched = b.kind === 'open' && b.possible.every((each) => each === 'unchanged');
  return a.change !== 'failed' && untouched ? a : b;
}

function isCertainlyChanged(finding: Finding): boolean {
  return finding.kind === 'open' && !finding.possible.includes('unchanged');
}

function composed(
  a: Extract<Finding, { kind: 'open' }>,
  b: Extract<Finding, { kind: 'open' }>,
): Finding {
  const pairs = a.possible.flatMap((x) => b.possible.map((y) => compose(x, y)));
  const possible = ALL.filter((each) => pairs.includes(each));
  if (isSameSet(possible, a.possible)) return a;
  return { kind: 'open', possible, grade: b.grade };
}

function isSameSet(a: readonly Outcome[], b: readonly Outcome[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}

function compose(first: Outcome, then: Outcome): Outcome {
  if (then === 'created' || first === 'unchanged') return then;
  return first;
}

/** An entry with its class and how it is known. */
interface Decided extends Entry {
  readonly change: ChangeClass;
  readonly grade: Grade;
}

function decide(entry: Entry): Decided {
  const { finding } = entry;
  if (finding.kind === 'fixed') {
    return { ...entry, change: finding.change, grade: entry.result ? 'applied' : 'compared' };
  }
  const [only, ...others] = finding.possible;
  if (only !== undefined && others.length === 0) {
    return { ...entry, change: only, grade: finding.grade };
  }
  return { ...entry, change: 'updated', grade: 'reported' };
}

/** What the live object's own times say, against the time from which writes count. */
function liveOutcome(
  live: LiveTimes | undefined,
  { writtenFrom, startSecondAmbiguous }: Written,
): Outcome | undefined {
  const start = Date.parse(writtenFrom);
  const created = Date.parse(live?.creationTimestamp ?? '');
  if (Number.isNaN(start) || Number.isNaN(created)) return undefined;
  const written = Date.parse(live?.lastWrite ?? '');
  if (startSecondAmbiguous && (created === start || written === start)) return undefined;
  if (created >= start) return 'created';
  if (Number.isNaN(written)) return undefined;
  return written >= start ? 'updated' : 'unchanged';
}

function changeOf(application: Application, entry: Decided, wave: number | undefined): Change {
  const { group, version, kind, namespace, name } = entry.of;
  const word = messageOf(entry);
  const { hookType = '', hookPhase = '', images = [] } = entry.result?.latest ?? {};
  return {
    application: `${application.namespace}/${application.name}`,
    ...{ group, version, kind, namespace, name },
    change: entry.change,
    evidence: entry.grade,
    message: word,
    images,
    ...(wave === undefined ? {} : { wave }),
    ...(hookType === '' ? {} : { hook: hookType }),
    phase: hookPhase,
  };
}

/** A hook's last word says how it ended; a resource's first one what was done to it. */
function messageOf({ result, change }: Decided): string {
  if (!result) return '';
  const speaks: ResourceResult = change === 'hook' ? result.latest : result.first;
  return speaks.message;
}
