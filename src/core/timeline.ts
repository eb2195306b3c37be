import { type Application, resourceName } from './application.js';
import type { SeenOperation, SeenResult } from './evidence.js';
import type { Moment } from './moment.js';
import type { Span } from './result.js';
import type { State } from './state.js';
import { shortRevision } from './verdict.js';

/** Shorter waits for an operation to begin tell nothing. */
const NOTABLE_MS = 1000;

/**
 * What took how long: the wait for an operation, the operations with their hooks and waves, then
 * how long health took. Operations are timed by what the cluster wrote, the rest by when it was
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
  const spans = [...requestSpan(state, parts[0], now), ...parts, ...healthSpans(state, parts, now)];
  return spans.toSorted((a, b) => a.from - b.from);
}

/** When that was by the server's clock; absent where the server has not said its time. */
function timeOf(when: Moment, now: Moment): number | undefined {
  return now.server === undefined ? undefined : now.server - (now.elapsed - when.elapsed);
}

/** From the first look to the beginning of the first operation. */
function requestSpan({ since }: State, first: Span | undefined, now: Moment): readonly Span[] {
  const from = timeOf(since, now);
  if (from === undefined || !first || first.from - from < NOTABLE_MS) return [];
  return [
    { kind: 'request', label: 'until the operation began', from, to: first.from, end: 'done' },
  ];
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
  const what = operation.selective ? 'partial sync' : 'sync';
  const end = running ? 'open' : operation.phase === 'Succeeded' ? 'done' : 'failed';
  const whole: Span = {
    kind: 'operation',
    label: `${what} of ${shortRevision(operation.revisions)}`,
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
  return [...groups].flatMap(([title, results]) => partSpan(title, results, whole, now));
}

/** The results whose beginning was seen; all that are there at the end tell no order. */
function witnessed(operation: SeenOperation): readonly SeenResult[] {
  return [...operation.results.values()].filter(
    ({ seen }) => operation.at > 0 || seen.elapsed > operation.seen.elapsed,
  );
}

function groupOf({ first }: SeenResult, waves: ReadonlyMap<string, number | undefined>): string {
  if (first.hookType !== '')
    return `hook ${first.hookType} ${first.syncPhase} ${resourceName(first)}`;
  if (first.status.startsWith('Prune')) return 'prune';
  const phase = first.syncPhase === 'Sync' ? '' : first.syncPhase;
  return `${phase} wave ${waves.get(resourceName(first)) ?? 0}`.trim();
}

function partSpan(
  title: string,
  results: readonly SeenResult[],
  whole: Span,
  now: Moment,
): readonly Span[] {
  const within = (when: Moment | undefined) => {
    const time = when && timeOf(when, now);
    return time === undefined ? undefined : Math.min(Math.max(time, whole.from), whole.to);
  };
  const starts = results.map(({ seen }) => within(seen) ?? Number.NaN);
  const ends = results.map(({ settled }) => within(settled) ?? whole.to);
  const from = Math.min(...starts);
  const [only] = results;
  if (Number.isNaN(from) || !only) return [];
  const { kind, label } = described(title, results, only);
  const failed = results.some(({ latest }) => hasFailed(latest));
  const open = whole.end === 'open' && results.some(({ settled }) => !settled);
  return [
    { kind, label, from, to: Math.max(...ends), end: failed ? 'failed' : open ? 'open' : 'done' },
  ];
}

function hasFailed({ status, hookPhase }: SeenResult['latest']): boolean {
  return status === 'SyncFailed' || hookPhase === 'Failed' || hookPhase === 'Error';
}

function described(
  title: string,
  results: readonly SeenResult[],
  { first }: SeenResult,
): Pick<Span, 'kind' | 'label'> {
  const name = [first.kind, first.namespace, first.name].filter((part) => part !== '').join('/');
  if (first.hookType !== '') return { kind: 'hook', label: `${first.hookType} ${name}` };
  const what = results.length === 1 ? name : `${results.length} resources`;
  return { kind: title === 'prune' ? 'prune' : 'apply', label: `${title}, ${what}` };
}

/** From the last operation's end on: how long health took to become what it is. */
function healthSpans(state: State, parts: readonly Span[], now: Moment): readonly Span[] {
  const last = parts.findLast((each) => each.kind === 'operation');
  const { status, lastTransitionTime } = state.application?.health ?? {};
  if (last?.end !== 'done' || !status) return [];
  const from = last.to;
  const turned = state.healthSeen
    ? timeOf(state.healthSeen, now)
    : Date.parse(lastTransitionTime ?? '');
  const since = turned === undefined || !(turned > from) ? from : turned;
  const until = (to: number, label: string, end: Span['end']): readonly Span[] =>
    to > from ? [{ kind: 'health', label, from, to, end }] : [];
  switch (status) {
    case 'Healthy':
      return until(since, 'until Healthy', 'done');
    case 'Degraded':
      return until(since > from ? since : (now.server ?? from), 'until Degraded', 'failed');
    default:
      return until(now.server ?? from, `${status}`, 'open');
  }
}
