import type { Application, ResourceKey, ResourceResult } from '../application/types.js';
import { resourceName } from '../application/types.js';
import {
  type Observations,
  resultName,
  resultsSeen,
  type SeenOperation,
  type SeenResult,
} from '../decision/observations.js';
import type { Change, ChangeClass, Evidence } from '../result/vocabulary.js';
import { comparedOutcomes, type IndexedComparison, indexed } from './comparisons.js';
import { ANYTHING, combine, type Finding, inTurn } from './findings.js';
import { ignoredIn } from './ignored.js';
import type { Written } from './live-times.js';
import { ALL_OUTCOMES, type ApplyOutcome, applyOutcomes } from './messages.js';
import type { Scope } from './scope.js';

/** The classes of all resources, and what their live objects are to be compared with. */
export interface Classified {
  /** Only the live object can decide what is `reported`. */
  readonly changes: readonly Change[];
  /** Changes may be missing, whatever the live objects say. */
  readonly lost: boolean;
  readonly written: Written;
}

/** What all operations together tell of a resource, and the result whose message is shown. */
interface ResourceFinding {
  readonly of: ResourceKey & { readonly version: string };
  readonly result?: SeenResult;
  readonly finding: Finding;
}

/**
 * Says what happened to every resource: by Argo CD's messages where they can be trusted, else by
 * the comparisons, else, until the live objects have been asked, "updated" by report: a purge too
 * many costs less than one too few.
 * @param name what the user calls the Application
 */
export function classify(
  name: string,
  application: Application,
  seen: Observations,
  scope: Scope,
): Classified {
  const findings = findingsOf(application, indexed(seen.comparisons), scope);
  const waves = new Map(application.comparison.resources.map((r) => [resourceName(r), r.wave]));
  const { operations, hidden, sinceUnrecorded, writtenFrom, startSecondAmbiguous } = scope;
  return {
    changes: [...findings.values()].map((each) =>
      changeOf(name, each, waves.get(resourceName(each.of))),
    ),
    lost:
      hidden ||
      sinceUnrecorded ||
      seen.unreadableResources ||
      operations.some((each) => each.earlierAttemptsUnseen || each.endAt === undefined),
    written: { writtenFrom, startSecondAmbiguous, existedBefore: existedBefore(findings) },
  };
}

/** Names of resources that no message or comparison allows to have been created. */
function existedBefore(findings: ReadonlyMap<string, ResourceFinding>): ReadonlySet<string> {
  const known = [...findings.values()].filter(
    ({ finding }) => finding.kind === 'open' && !finding.possible.includes('created'),
  );
  return new Set(known.map((each) => resourceName(each.of)));
}

/** `partial`: a change may be missing, or its class is a guess. */
export function gradeOf({
  changes,
  lost,
}: Pick<Classified, 'changes' | 'lost'>): 'complete' | 'partial' {
  return lost || changes.some((each) => each.evidence === 'reported') ? 'partial' : 'complete';
}

function findingsOf(
  application: Application,
  comparisons: readonly IndexedComparison[],
  scope: Scope,
): ReadonlyMap<string, ResourceFinding> {
  const findings = new Map<string, ResourceFinding>();
  if (scope.hidden) {
    for (const of of application.comparison.resources.filter((r) => !r.hook)) {
      findings.set(resourceName(of), { of, finding: ANYTHING });
    }
  }
  const isIgnored = ignoredIn(application);
  for (const operation of scope.operations) {
    for (const result of resultsSeen(operation)) {
      const name = resultName(result.latest);
      const ignored = !operation.respectsIgnored && isIgnored(result.first);
      const told = findingOf(operation, name, result, comparisons, ignored);
      const finding = isMadeNamespace(application, result.first) ? madeOf(told) : told;
      const known = findings.get(name);
      findings.set(
        name,
        known ? merged(known, result, finding) : { of: result.first, result, finding },
      );
    }
  }
  for (const of of scope.leftBehind) {
    const name = resourceName(of);
    if (!findings.has(name)) {
      findings.set(name, { of, finding: { kind: 'fixed', change: 'skipped' } });
    }
  }
  return findings;
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

function madeOf(told: Finding): Finding {
  return told.kind === 'open' ? { ...told, possible: ['created'] } : told;
}

function merged(known: ResourceFinding, result: SeenResult, finding: Finding): ResourceFinding {
  const combined = combine(known.finding, finding);
  const shown = combined === known.finding && known.result ? known.result : result;
  return { of: known.of, result: shown, finding: combined };
}

/** What one operation tells of one resource. */
function findingOf(
  operation: SeenOperation,
  name: string,
  { first }: SeenResult,
  comparisons: readonly IndexedComparison[],
  ignored: boolean,
): Finding {
  if (first.hookType !== '') return { kind: 'fixed', change: 'hook' };
  if (first.status === 'SyncFailed') return { kind: 'fixed', change: 'failed' };
  if (first.status === 'Pruned') return { kind: 'fixed', change: 'pruned' };
  if (first.status === 'PruneSkipped') return { kind: 'fixed', change: 'skipped' };
  const possible = outcomesOf(first, operation.earlierAttemptsUnseen);
  if (possible.length === 1) return { kind: 'open', possible, evidence: 'applied' };
  return narrowed(possible, comparedOutcomes(operation, name, comparisons, ignored));
}

/** @param earlierAttemptsUnseen an attempt before may have made any change to what this one found */
function outcomesOf(
  { message, cut }: ResourceResult,
  earlierAttemptsUnseen: boolean,
): readonly ApplyOutcome[] {
  const possible = applyOutcomes(message, cut);
  return earlierAttemptsUnseen ? inTurn(ALL_OUTCOMES, possible) : possible;
}

/** Narrows what a message leaves open by what the comparisons said before, during and after. */
function narrowed(possible: readonly ApplyOutcome[], compared: readonly ApplyOutcome[]): Finding {
  const both = possible.filter((each) => compared.includes(each));
  // A resource that the comparison calls new may have been there, unmanaged, and was taken over.
  const left = both.length > 0 ? both : possible.filter((each) => each === 'updated');
  const evidence = left.length < possible.length ? 'compared' : 'applied';
  return { kind: 'open', possible: left, evidence };
}

interface Decision {
  readonly change: ChangeClass;
  readonly evidence: Evidence;
}

function decide({ finding, result }: ResourceFinding): Decision {
  if (finding.kind === 'fixed') {
    return { change: finding.change, evidence: result ? 'applied' : 'compared' };
  }
  const [only, ...others] = finding.possible;
  if (only !== undefined && others.length === 0) {
    return { change: only, evidence: finding.evidence };
  }
  return { change: 'updated', evidence: 'reported' };
}

function changeOf(application: string, found: ResourceFinding, wave: number | undefined): Change {
  const { group, version, kind, namespace, name } = found.of;
  const { change, evidence } = decide(found);
  const { hookType = '', hookPhase = '', images = [] } = found.result?.latest ?? {};
  return {
    ...{ application, group, version, kind, namespace, name },
    change,
    evidence,
    message: messageOf(found.result, change),
    images,
    ...(wave === undefined ? {} : { wave }),
    ...(hookType === '' ? {} : { hook: hookType }),
    phase: hookPhase,
  };
}

/** A hook's last message says how it ended; a resource's first one what was done to it. */
function messageOf(result: SeenResult | undefined, change: ChangeClass): string {
  if (!result) return '';
  return change === 'hook' ? result.latest.message : result.first.message;
}
