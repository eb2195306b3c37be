import { type Application, resourceName } from '../application/types.js';
import type { Moment } from '../decision/moment.js';
import { resultsSeen, type SeenOperation, type SeenResult } from '../decision/observations.js';
import { failedHydrations, healthSeen, targetHydration } from '../decision/progress.js';
import { shortRevision } from '../decision/rules.js';
import { hydrationOf } from '../decision/situation.js';
import type { State } from '../decision/state.js';
import { shortSha } from '../decision/target.js';
import type { Span } from './vocabulary.js';

/** Shorter waits for an operation to begin tell nothing. */
const NOTABLE_MS = 1000;
const PRUNED = 'pruned';

/**
 * What took how long: the wait for an operation, the hydration, the operations with their hooks and waves, then
 * how long health took. Hydrations and operations are timed by what the cluster wrote, the rest by when it was
 * seen; what had begun by the first look has no beginning, and is left out.
 * @param operations those that count, oldest first
 */
export function timelineOf(
  application: Application,
  state: State,
  operations: readonly SeenOperation[],
  now: Moment,
): readonly Span[] {
  const parts = operations.flatMap((each) => operationSpans(application, each, now));
  const spans = [
    ...requestSpan(state, parts[0], now),
    ...hydrationSpans(application, state, now),
    ...parts,
    ...healthSpans(state, parts, now),
  ];
  return spans.toSorted((a, b) => a.from - b.from);
}

/** When that was by the server's clock; absent where the server has not said its time. */
function timeOf(when: Moment, now: Moment): number | undefined {
  return now.server === undefined ? undefined : now.server - (now.elapsed - when.elapsed);
}

/** Of the target, as far as it ended during the wait or goes on. */
function hydrationSpans(application: Application, state: State, now: Moment): readonly Span[] {
  if (state.target?.kind !== 'revision') return [];
  const dry = shortSha(state.target.text);
  const failed = failedHydrations(state)
    .filter(({ at }) => at > 0)
    .flatMap(({ hydration }) =>
      hydrationSpan(dry, hydration.startedAt, hydration.finishedAt, 'failed'),
    );
  const made = targetHydration(state);
  if (made && made.at > 0) {
    const { hydrated, since = '', until = '' } = made.pair;
    return [...failed, ...hydrationSpan(`${dry} to ${shortSha(hydrated)}`, since, until, 'done')];
  }
  if (hydrationOf({ state, application, now }).kind !== 'running') return failed;
  const began = application.hydrator?.current?.startedAt ?? '';
  return [...failed, ...hydrationSpan(dry, began, now.server, 'open')];
}

function hydrationSpan(
  what: string,
  began: string,
  ended: string | number | undefined,
  end: Span['end'],
): readonly Span[] {
  const from = Date.parse(began);
  const to = typeof ended === 'string' ? Date.parse(ended) : ended;
  if (Number.isNaN(from) || to === undefined || Number.isNaN(to)) return [];
  return [{ kind: 'hydration', what, from, to: Math.max(from, to), end }];
}

/** From the first look to the beginning of the first operation. */
function requestSpan({ since }: State, first: Span | undefined, now: Moment): readonly Span[] {
  const from = timeOf(since, now);
  if (from === undefined || !first || first.from - from < NOTABLE_MS) return [];
  return [{ kind: 'request', what: '', from, to: first.from, end: 'done' }];
}

function operationSpans(
  application: Application,
  operation: SeenOperation,
  now: Moment,
): readonly Span[] {
  const from = Date.parse(operation.startedAt);
  const running = operation.endAt === undefined;
  const to = running ? now.server : Date.parse(operation.finishedAt);
  if (Number.isNaN(from) || to === undefined || Number.isNaN(to)) return [];
  const partial = operation.selective ? ' (in part)' : '';
  const end = running ? 'open' : operation.phase === 'Succeeded' ? 'done' : 'failed';
  const whole: Span = {
    kind: 'operation',
    what: `${shortRevision(operation.revisions)}${partial}`,
    from,
    to: Math.max(from, to),
    end,
  };
  return [whole, ...partsOf(application, operation, whole, now)];
}

/** Hooks one by one, the rest by waves: where there is but one wave, it is the operation. */
function partsOf(
  application: Application,
  operation: SeenOperation,
  whole: Span,
  now: Moment,
): readonly Span[] {
  const waves = new Map(application.comparison.resources.map((r) => [resourceName(r), r.wave]));
  const groups = Map.groupBy(witnessed(operation), (each) => groupOf(each, waves));
  if (groups.size < 2) return [];
  const parts = [...groups].flatMap(([title, results]) => partSpan(title, results, whole, now));
  return parts.map(({ settled, ...span }) => (settled ? span : ended(span, parts)));
}

/** The results whose beginning was seen; all that are there at the end tell no order. */
function witnessed(operation: SeenOperation): readonly SeenResult[] {
  return resultsSeen(operation).filter(
    ({ seen }) => operation.at > 0 || seen.elapsed > operation.seen.elapsed,
  );
}

function groupOf({ first }: SeenResult, waves: ReadonlyMap<string, number | undefined>): string {
  if (first.hookType !== '')
    return `hook ${first.hookType} ${first.syncPhase} ${resourceName(first)}`;
  if (first.status.startsWith('Prune')) return PRUNED;
  const phase = first.syncPhase === 'Sync' ? '' : ` of ${first.syncPhase}`;
  return `${waves.get(resourceName(first)) ?? 0}${phase}`;
}

/** Without an end of its own a part lasts until the next one begins: nobody waits for it then. */
function ended(span: Span, all: readonly Span[]): Span {
  const next = all.map((each) => each.from).filter((from) => from > span.from);
  return { ...span, to: Math.min(span.to, ...next) };
}

function partSpan(
  title: string,
  results: readonly SeenResult[],
  whole: Span,
  now: Moment,
): readonly (Span & { readonly settled: boolean })[] {
  const within = (when: Moment | undefined) => {
    const time = when && timeOf(when, now);
    return time === undefined ? undefined : Math.min(Math.max(time, whole.from), whole.to);
  };
  const from = Math.min(...results.map(({ seen }) => within(seen) ?? Number.NaN));
  const to = Math.max(...results.map((each) => within(each.settled) ?? whole.to));
  const [only] = results;
  if (Number.isNaN(from) || !only) return [];
  const failed = results.some(({ latest }) => hasFailed(latest));
  const settled = results.every((each) => each.settled !== undefined);
  const end = failed ? 'failed' : whole.end === 'open' && !settled ? 'open' : 'done';
  return [{ ...described(title, results, only), from, to, end, settled }];
}

function hasFailed({ status, hookPhase }: SeenResult['latest']): boolean {
  return status === 'SyncFailed' || hookPhase === 'Failed' || hookPhase === 'Error';
}

function described(
  title: string,
  results: readonly SeenResult[],
  { first }: SeenResult,
): Pick<Span, 'kind' | 'what'> {
  const name = `${first.kind}/${first.name}`;
  if (first.hookType !== '') return { kind: 'hook', what: `${first.hookType} ${name}` };
  const those = results.length === 1 ? name : `${results.length} resources`;
  if (title === PRUNED) return { kind: 'prune', what: those };
  return { kind: 'apply', what: `${title}, ${those}` };
}

/** From the last operation's end on: how long health took to become what it is. */
function healthSpans(state: State, parts: readonly Span[], now: Moment): readonly Span[] {
  const last = parts.findLast((each) => each.kind === 'operation');
  const { status, lastTransitionTime } = state.application?.health ?? {};
  if (last?.end !== 'done' || !status) return [];
  const from = last.to;
  const seen = healthSeen(state);
  const turned = seen ? timeOf(seen, now) : Date.parse(lastTransitionTime ?? '');
  const since = turned === undefined || !(turned > from) ? from : turned;
  const until = (to: number, end: Span['end']): readonly Span[] =>
    to > from ? [{ kind: 'health', what: status, from, to, end }] : [];
  switch (status) {
    case 'Healthy':
      return until(since, 'done');
    case 'Degraded':
      return until(since > from ? since : (now.server ?? from), 'failed');
    default:
      return until(now.server ?? from, 'open');
  }
}
