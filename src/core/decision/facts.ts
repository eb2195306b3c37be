import type {
  Application,
  HydratedPair,
  Hydration,
  Operation,
  Revisions,
} from '../application/types.js';
import type { ImagePattern } from '../filters/images.js';
import { healthOf, type Judged } from './health.js';
import { type After, happenedAfter, type Moment } from './moment.js';
import { hasEnded, type Observations } from './observations.js';
import { isSameRevisions } from './target.js';

/** Something that was seen of an Application for the first time. */
export type Fact = {
  /** The snapshot with it; those of 0 had happened before the first look. */
  readonly at: number;
  /** When that snapshot came. */
  readonly seen: Moment;
} & FactKind;

type FactKind =
  /** The comparison shows these revisions. */
  | { readonly kind: 'compared'; readonly revisions: Revisions }
  | { readonly kind: 'requested'; readonly revisions: Revisions }
  /** An operation runs, or ran, at these revisions. */
  | { readonly kind: 'operated'; readonly revisions: Revisions; readonly startedAt: string }
  /** An entry of the history; `last`: it was the last one then. */
  | {
      readonly kind: 'deployed';
      readonly revisions: Revisions;
      readonly startedAt: string;
      readonly last: boolean;
    }
  /** An operation ended, and `reconciledAt` was this then. */
  | {
      readonly kind: 'ended';
      readonly startedAt: string;
      readonly finishedAt: string;
      readonly reconciledAt: string;
    }
  /** The first reconcile after an operation's end was seen. */
  | { readonly kind: 'reconciled' }
  /** Health of the Application is another one than before. */
  | { readonly kind: 'turned'; readonly health: string }
  /** The health that counts is, which may be that of a few resources. */
  | { readonly kind: 'judged'; readonly health: string }
  /** All images that must run are, or are not, among those of the Application. */
  | { readonly kind: 'imaged'; readonly all: boolean }
  | { readonly kind: 'hydrated'; readonly pair: HydratedPair }
  | { readonly kind: 'hydration-failed'; readonly hydration: Hydration; readonly dry: string };

type FactOf<K extends Fact['kind']> = Extract<Fact, { readonly kind: K }>;

/** The facts of a kind, in the order in which they were seen. */
export function factsOf<K extends Fact['kind']>(
  facts: readonly Fact[],
  kind: K,
): readonly FactOf<K>[] {
  return facts.filter((each): each is FactOf<K> => each.kind === kind);
}

/**
 * Whether one fact came after another. What had happened before the first look, or came with one
 * snapshot, is told apart by the times that the cluster wrote, where it did.
 */
export function cameAfter(fact: Fact, than: Fact): After {
  if (fact.at !== than.at) return fact.at > than.at ? 'yes' : 'no';
  return happenedAfter(timeOf(fact), timeOf(than));
}

function timeOf(fact: Fact): string {
  switch (fact.kind) {
    case 'operated':
    case 'deployed':
      return fact.startedAt;
    case 'ended':
      return fact.finishedAt;
    case 'hydrated':
      return fact.pair.since ?? '';
    case 'hydration-failed':
      return fact.hydration.startedAt;
    default:
      return '';
  }
}

/** Adds what a snapshot shows for the first time. */
export function withFacts(
  facts: readonly Fact[],
  application: Application,
  policy: Judged['policy'] & { readonly images: readonly ImagePattern[] },
  { snapshots }: Pick<Observations, 'snapshots'>,
  now: Moment,
): readonly Fact[] {
  const fresh = [
    ...revisionFacts(facts, application),
    ...deploymentFacts(facts, application),
    ...endFacts(facts, application),
    ...healthFacts(facts, { application, policy }),
    ...imageFacts(facts, application, policy.images),
    ...hydrationFacts(facts, application),
  ];
  return [...facts, ...fresh.map((each): Fact => ({ ...each, at: snapshots - 1, seen: now }))];
}

function revisionFacts(facts: readonly Fact[], application: Application): readonly FactKind[] {
  const { comparison, requested, operation } = application;
  const isNew = (kind: 'compared' | 'requested', revisions: Revisions) =>
    !isSameRevisions(factsOf(facts, kind).at(-1)?.revisions ?? NONE, revisions);
  const fresh: FactKind[] = [];
  if (isNew('compared', comparison.revisions)) {
    fresh.push({ kind: 'compared', revisions: comparison.revisions });
  }
  if (requested && isNew('requested', requested.revisions)) {
    fresh.push({ kind: 'requested', revisions: requested.revisions });
  }
  if (operation && !isSameRun(factsOf(facts, 'operated').at(-1), operation)) {
    const { revisions, startedAt } = operation;
    fresh.push({ kind: 'operated', revisions, startedAt });
  }
  return fresh;
}

function isSameRun(
  known: FactOf<'operated'> | undefined,
  { startedAt, revisions }: Operation,
): boolean {
  return known?.startedAt === startedAt && isSameRevisions(known.revisions, revisions);
}

const NONE: Revisions = { resolved: [], tracked: [] };

function deploymentFacts(facts: readonly Fact[], { history }: Application): readonly FactKind[] {
  const known = factsOf(facts, 'deployed').at(-1);
  return history
    .map(({ revisions, startedAt }, i) => {
      const last = i === history.length - 1;
      return { kind: 'deployed', revisions, startedAt, last } as const;
    })
    .filter((each) => known === undefined || each.startedAt > known.startedAt);
}

function endFacts(
  facts: readonly Fact[],
  { operation, reconciledAt }: Application,
): readonly FactKind[] {
  const known = factsOf(facts, 'ended').at(-1);
  const ended = operation && !operation.dryRun && hasEnded(operation) ? operation : undefined;
  if (ended && !(known && isSameEnd(known, ended))) {
    const { startedAt, finishedAt } = ended;
    return [{ kind: 'ended', startedAt, finishedAt, reconciledAt }];
  }
  const seen = known && facts.lastIndexOf(known);
  const reconciled = facts.slice(seen).some((each) => each.kind === 'reconciled');
  const again = ended && known && !reconciled && reconciledAt !== known.reconciledAt;
  return again ? [{ kind: 'reconciled' }] : [];
}

function isSameEnd(
  known: { readonly startedAt: string; readonly finishedAt: string },
  { startedAt, finishedAt }: { readonly startedAt: string; readonly finishedAt: string },
): boolean {
  return known.startedAt === startedAt && known.finishedAt === finishedAt;
}

function healthFacts(facts: readonly Fact[], judged: Judged): readonly FactKind[] {
  const now = [
    { kind: 'turned', health: judged.application.health.status },
    { kind: 'judged', health: healthOf(judged) },
  ] as const;
  return now.filter(({ kind, health }) => factsOf(facts, kind).at(-1)?.health !== health);
}

function imageFacts(
  facts: readonly Fact[],
  { summaryImages }: Application,
  images: readonly ImagePattern[],
): readonly FactKind[] {
  if (images.length === 0) return [];
  const all = images.every((each) => summaryImages.some(each.matches));
  return factsOf(facts, 'imaged').at(-1)?.all === all ? [] : [{ kind: 'imaged', all }];
}

function hydrationFacts(facts: readonly Fact[], application: Application): readonly FactKind[] {
  const { hydrated, hydrator } = application;
  const known = factsOf(facts, 'hydrated').map(({ pair }) => `${pair.dry} ${pair.hydrated}`);
  const pairs = hydrated
    .filter((pair) => !known.includes(`${pair.dry} ${pair.hydrated}`))
    .map((pair) => ({ kind: 'hydrated', pair }) as const);
  const { current, compared = '' } = hydrator ?? {};
  const failures = factsOf(facts, 'hydration-failed');
  const failed =
    current?.phase === 'Failed' &&
    !failures.some(({ hydration }) => hydration.startedAt === current.startedAt);
  // One that failed early does not name its revision.
  return failed
    ? [...pairs, { kind: 'hydration-failed', hydration: current, dry: current.dry || compared }]
    : pairs;
}
