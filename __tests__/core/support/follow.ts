import type { Application } from '../../../src/core/application/types.js';
import type { LiveTimes } from '../../../src/core/changes/live-times.js';
import { scopeOf } from '../../../src/core/changes/scope.js';
import type { Moment } from '../../../src/core/decision/moment.js';
import { judge, type Verdict } from '../../../src/core/decision/rules.js';
import {
  begin,
  type Event,
  type Policy,
  type Relation,
  type State,
  step,
} from '../../../src/core/decision/state.js';
import type { Target } from '../../../src/core/decision/target.js';
import { parseImage } from '../../../src/core/filters/images.js';
import { parsePatterns } from '../../../src/core/filters/patterns.js';
import type { Looks } from '../../../src/core/result/looks.js';
import { B, serverTime } from './application.ts';
import { type Classes, classifyAll } from './classes.ts';

export const POLICY: Policy = {
  waitFor: ['sync', 'health'],
  waitResources: [],
  images: [],
  degradedGraceMs: 60_000,
  podFailures: 'fail',
  ifNotAutomated: 'wait',
  timeoutMs: 600_000,
  suspended: 'wait',
  retries: 'wait',
  ifMissing: 'fail',
};

export function patterns(...texts: readonly string[]): Policy['waitResources'] {
  const parsed = parsePatterns(texts);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.value;
}

export function imagePatterns(...texts: readonly string[]): Policy['images'] {
  return texts.map(parseImage).map((each) => {
    if (!each.ok) throw new Error(each.problems.join('; '));
    return each.value;
  });
}

/** A wait for a revision, whichever source it is of. */
export function revision(text: string, sources?: readonly number[]): Target {
  const why = 'the test says so';
  return { kind: 'revision', text, why, ...(sources ? { sources: new Set(sources) } : {}) };
}

export const ANY: Target = { kind: 'any', why: 'the test says so' };

/** An event of a story, at a second of it. */
export type Happening = (now: Moment) => Event | undefined;

export function see(application: Application): Happening {
  return (now) => ({ kind: 'snapshot', application, now, gap: false });
}

/** A snapshot before which others may have been missed. */
export function seeAfterGap(application: Application): Happening {
  return (now) => ({ kind: 'snapshot', application, now, gap: true });
}

/** A look within the Application. */
export function look(looks: (now: Moment) => Looks): Happening {
  return (now) => ({ kind: 'looked', looks: looks(now) });
}

export const gone: Happening = (now) => ({ kind: 'absent', now });
/** Nothing but time. */
export const tick: Happening = () => undefined;

export function related(revision: string, relation: Relation): Happening {
  return () => ({ kind: 'relation', revision, relation });
}

export function asked(what: 'operation' | 'refresh', resourceVersion: string): Happening {
  return () => ({ kind: 'triggered', request: { what, resourceVersion } });
}

export function namedAs(sha?: string): Happening {
  return () => ({ kind: 'named', ...(sha === undefined ? {} : { sha }) });
}

export interface Wish {
  readonly policy?: Partial<Policy>;
  readonly target?: Target;
  /** The server has not said its time. */
  readonly noServerClock?: boolean;
}

/** Second, what happens, and what the wait comes to: see `shortOf`. */
export type Row = readonly [seconds: number, happening: Happening, verdict: string];

export interface Followed {
  readonly state: State;
  readonly verdict: Verdict;
  readonly now: Moment;
  /** The rows with the verdicts that were come to. */
  readonly verdicts: readonly string[];
}

/** Feeds a story to a wait that begins with its first row. */
export function follow(
  rows: readonly (Row | readonly [number, Happening])[],
  wish: Wish = {},
): Followed {
  const momentAt = (seconds: number): Moment => ({
    elapsed: seconds * 1000,
    ...(wish.noServerClock ? {} : { server: serverTime(seconds) }),
  });
  const target = wish.target ?? revision(B);
  let now = momentAt(rows[0]?.[0] ?? 0);
  let state = begin({ ...POLICY, ...wish.policy }, () => target, now);
  const verdicts: string[] = [];
  for (const [seconds, happening] of rows) {
    now = momentAt(seconds);
    const event = happening(now);
    if (event) state = step(state, event);
    verdicts.push(`${seconds}: ${shortOf(judge(state, now))}`);
  }
  return { state, verdict: judge(state, now), now, verdicts };
}

/** What every row says must come. */
export function expected(rows: readonly Row[]): readonly string[] {
  return rows.map(([seconds, , verdict]) => `${seconds}: ${verdict}`);
}

/**
 * `success synced`, `failure degraded`, `waiting`; with the cause if time ran out now, and with the
 * second of the story at which time alone may change it: `waiting degraded until 63`.
 */
export function shortOf(verdict: Verdict): string {
  if (verdict.kind === 'done') return `${verdict.conclusion} ${verdict.reason}`;
  const cause = verdict.cause === undefined ? '' : ` ${verdict.cause}`;
  const until = verdict.recheckAt === undefined ? '' : ` until ${verdict.recheckAt / 1000}`;
  return `waiting${cause}${until}`;
}

/** Classes of what was followed. */
export function classesOf(
  { state }: Pick<Followed, 'state'>,
  live: ReadonlyMap<string, LiveTimes> = new Map(),
): Classes {
  const { application } = state;
  if (!application) throw new Error('there is no Application to classify');
  return classifyAll(application, state.seen, scopeOf(state), live);
}

/** `updated compared apps/Deployment/shop/web`, sorted by name. */
export function changesOf(
  followed: Pick<Followed, 'state'>,
  live?: ReadonlyMap<string, LiveTimes>,
): readonly string[] {
  return classesOf(followed, live)
    .changes.map((each) => ({
      name: `${each.group}/${each.kind}/${each.namespace}/${each.name}`,
      text: `${each.change} ${each.evidence}`,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, text }) => `${text} ${name}`);
}
