import { HEALTH_ORDER } from '../core/decision/health.js';
import type { ApplicationResult } from '../core/result/vocabulary.js';

/** The facts of one Application, or of several as if they were one. Empty where unknown. */
export interface Totals {
  readonly revision: string;
  readonly revisions: readonly string[];
  readonly syncStatus: string;
  readonly healthStatus: string;
  readonly operationPhase: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Whole seconds from `startedAt` to `finishedAt`. */
  readonly durationSeconds: number | undefined;
}

// From best to worst, as the contract orders them.
const SYNC = ['', 'Synced', 'OutOfSync', 'Unknown'];
const HEALTH = ['', ...HEALTH_ORDER];
const PHASE = ['', 'Succeeded', 'Running', 'Terminating', 'Failed', 'Error'];

/** Statuses are the worst; revisions are those all agree on; times span all operations. */
export function totalsOf(applications: readonly ApplicationResult[]): Totals {
  return {
    ...agreed(applications),
    syncStatus: worst(SYNC, applications, (each) => each.syncStatus),
    healthStatus: worst(HEALTH, applications, (each) => each.healthStatus),
    operationPhase: worst(PHASE, applications, (each) => each.operationPhase),
    ...span(applications),
  };
}

function agreed(
  applications: readonly ApplicationResult[],
): Pick<Totals, 'revision' | 'revisions'> {
  const [first] = applications;
  if (!first) return { revision: '', revisions: [] };
  const revisions = revisionsIn(first);
  const text = revisions.join('\n');
  const one = applications.every((each) => each.revision === first.revision);
  const same = applications.every((each) => revisionsIn(each).join('\n') === text);
  return { revision: one ? first.revision : '', revisions: same ? revisions : [] };
}

function revisionsIn({ revision, revisions }: ApplicationResult): readonly string[] {
  return revisions.length > 0 || revision === '' ? revisions : [revision];
}

function worst(
  order: readonly string[],
  applications: readonly ApplicationResult[],
  read: (each: ApplicationResult) => string,
): string {
  // A status this version does not know is worse than any it knows.
  const rank = (status: string) => (order.includes(status) ? order.indexOf(status) : order.length);
  return applications.map(read).reduce((a, b) => (rank(b) > rank(a) ? b : a), '');
}

type Span = Pick<Totals, 'startedAt' | 'finishedAt' | 'durationSeconds'>;

function span(applications: readonly ApplicationResult[]): Span {
  const startedAt = earliest(applications.map((each) => each.startedAt));
  // One operation that still runs means that the whole has not finished.
  const running = applications.some((each) => each.startedAt !== '' && each.finishedAt === '');
  const finishedAt = running ? '' : latest(applications.map((each) => each.finishedAt));
  const seconds = Math.round((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
  const durationSeconds = Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
  return { startedAt, finishedAt, durationSeconds };
}

function earliest(times: readonly string[]): string {
  return sorted(times).at(0) ?? '';
}

function latest(times: readonly string[]): string {
  return sorted(times).at(-1) ?? '';
}

function sorted(times: readonly string[]): readonly string[] {
  const known = times.filter((time) => !Number.isNaN(Date.parse(time)));
  return known.sort((a, b) => Date.parse(a) - Date.parse(b));
}
