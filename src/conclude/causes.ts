import type { Cause } from '../core/result/causes.js';
import { lookAtFor } from '../core/result/looks.js';
import { explained, type Settled } from '../core/result/settle.js';
import { inTime } from '../platform/abort.js';
import type { Clock } from '../platform/clock.js';
import type { Log } from '../platform/log.js';
import type { LogExcerpt } from '../report/report.js';
import { orNothing } from '../sources/bounded.js';
import type { Inspector, Lack } from '../sources/inspector.js';
import type { Look } from '../wait/looks.js';
import type { Outcome } from '../wait/waits.js';

/** An answer is worth no longer wait. */
const PATIENCE_MS = 4000;
/** Of many that failed, a person reads the first ones. */
const MOST_LAST_LOOKS = 8;

interface LastLookOptions {
  readonly look: Look;
  readonly clock: Clock;
  readonly cancelled: AbortSignal;
}

/** Looks once more within what did not end well, for a few seconds at most. Never rejects. */
export async function withLastLooks(
  outcome: Outcome,
  { look, clock, cancelled }: LastLookOptions,
): Promise<Outcome> {
  // A container that cannot start was seen just now.
  const unexplained = [...outcome.ends]
    .filter(([, { within, end }]) => within && end.reason !== 'pod-failure')
    .slice(0, MOST_LAST_LOOKS);
  if (unexplained.length === 0) return outcome;
  // Each for itself: one that takes too long takes nothing away from the others.
  const looked = await Promise.all(
    unexplained.map(async ([key, end]) => {
      const looking = inTime(clock, PATIENCE_MS, cancelled, (signal) => again(end, look, signal));
      const fresh = await orNothing(looking);
      return [key, fresh ?? end] as const;
    }),
  );
  return { ...outcome, ends: new Map([...outcome.ends, ...looked]) };
}

async function again(settled: Settled, look: Look, signal: AbortSignal): Promise<Settled> {
  const { within } = settled;
  if (!within) return settled;
  const { application, looks } = within;
  const seen = await look(application, lookAtFor(settled.end.rule, application), looks, signal);
  return seen.looks ? explained(settled, seen.looks) : settled;
}

const LATE: Lack = { message: 'Its log was not read in time.', remedy: '' };

/** The last lines of the container that the first cause of all is about; absent: it has none. */
export async function logOfFirst(
  outcome: Outcome,
  lines: number,
  open: () => Promise<Inspector | undefined>,
  { clock, cancelled, log }: Pick<LastLookOptions, 'clock' | 'cancelled'> & { readonly log: Log },
): Promise<LogExcerpt | undefined> {
  const [first] = [...outcome.ends.values()].flatMap(withLog);
  if (lines === 0 || !first) return undefined;
  const { application, cause, reference } = first;
  const reading = inTime(clock, PATIENCE_MS, cancelled, async (signal) => {
    const inspector = await open();
    return inspector?.logs(application, reference, lines, signal);
  });
  const read = await orNothing(reading);
  if (read?.kind === 'read') return { cause, container: reference.container, lines: read.lines };
  const { message, remedy } = read ?? LATE;
  log.warning(remedy === '' ? message : `${message}\n${remedy}`);
  return undefined;
}

function withLog({ within, result }: Settled) {
  const cause: Cause | undefined = result.causes.find(({ log }) => log);
  if (!within || !cause?.log) return [];
  return [{ application: within.application, cause, reference: cause.log }];
}
