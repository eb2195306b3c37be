import { pluralize } from '../core/application/phrases.js';
import { resourceName } from '../core/application/types.js';
import { shortSha } from '../core/decision/target.js';
import { CHANGE_CLASSES } from '../core/result/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { Log } from '../platform/log.js';
import { clip, oneLine } from './escape.js';
import { changedOf, type Report, succeeded } from './report.js';
import { firstTexts, type Texts, textsOf } from './texts.js';
import { CONCLUSION_ICONS, logTitle, titleOf } from './words.js';

/** Where an Application stands, as far as a person who waits wants to know. Empty where unknown. */
export interface Status {
  readonly application: string;
  /** Operation phase. */
  readonly phase: string;
  readonly sync: string;
  readonly health: string;
  readonly revision: string;
  /** What it waits for, in a few words. */
  readonly waitsFor: string;
  readonly done: boolean;
  /** What keeps its turn in a RollingSync from coming; absent: nothing. */
  readonly turn?: string;
}

/** Says on the log how a wait goes: every change, but never a flood. */
export interface Progress {
  /**
   * Takes the statuses of all Applications, whenever something may have changed.
   * @param trouble why the server has no answer at present; undefined: it answers
   */
  update(statuses: readonly Status[], trouble?: string): void;
  /**
   * To be called now and then (each second, say): says what was held back, that the server has not
   * answered for a while, or that it still waits.
   */
  heartbeat(): void;
  /** The last state, how it ended, and the details, folded. */
  final(report: Report): void;
}

/** More Applications are counted instead of listed. */
const LISTED = 5;
/** So many lines come at once; after them ever fewer, so that an hour stays readable. */
const FREE_LINES = 10;
const LINES_A_STEP = 5;
const LONGEST_GAP_MS = 300_000;
const HEARTBEAT_MS = 60_000;
/** A server that restarts, or a connection that drops, is back sooner. */
const TROUBLE_MS = 5_000;
/** Lines of a folded group; the results file has all. */
const GROUP_LINES = 200;
const TEXT_UNITS = 300;

export function createProgress(log: Log, clock: Pick<Clock, 'now'>): Progress {
  const start = clock.now().elapsed;
  let current: readonly Status[] = [];
  let trouble: Trouble | undefined;
  let said: ReadonlyMap<string, string> = new Map();
  let lines = 0;
  let lastAt = start;

  const say = (line: string) => {
    const now = clock.now().elapsed;
    log.info(`[${((now - start) / 1000).toFixed(1).padStart(5)}s] ${line}`);
    lines += 1;
    lastAt = now;
  };
  const silence = () => clock.now().elapsed - lastAt;
  const catchUp = () => {
    const lineOf = linesOf(current);
    const news = [...lineOf].filter(([key, line]) => said.get(key) !== line);
    for (const [, line] of news) say(line);
    said = lineOf;
  };
  const tellTrouble = () => {
    if (!trouble || trouble.told || clock.now().elapsed - trouble.since < TROUBLE_MS) return;
    trouble = { ...trouble, told: true };
    say(waitsForAnswer(trouble));
  };

  return {
    update(statuses, why) {
      current = statuses;
      const since = trouble ?? { since: clock.now().elapsed, told: false };
      trouble = why === undefined ? undefined : { ...since, why };
      if (silence() >= gapAfter(lines)) catchUp();
    },
    heartbeat() {
      if (silence() < gapAfter(lines)) return;
      catchUp();
      tellTrouble();
      if (silence() < HEARTBEAT_MS) return;
      say(trouble ? waitsForAnswer(trouble) : `still waiting: ${stillOf(current)}`);
    },
    final(report) {
      catchUp();
      say(endingOf(report));
      for (const [title, details] of detailsOf(report)) log.group(title, shortened(details));
    },
  };
}

/** The server has no answer. */
interface Trouble {
  readonly why: string;
  /** By the elapsed time. */
  readonly since: number;
  readonly told: boolean;
}

function waitsForAnswer({ why }: Trouble): string {
  return brief(`waiting for an answer from the server: ${why}`);
}

/** Milliseconds of silence due after so many lines: none, then 1 s, doubled every few lines. */
function gapAfter(lines: number): number {
  if (lines < FREE_LINES) return 0;
  const step = Math.floor((lines - FREE_LINES) / LINES_A_STEP);
  return Math.min(1000 * 2 ** step, LONGEST_GAP_MS);
}

/** The lines to log, by Application, or one for all. */
function linesOf(statuses: readonly Status[]): ReadonlyMap<string, string> {
  if (statuses.length > LISTED) return new Map([['', countsOf(statuses)]]);
  return new Map(statuses.map((status) => [status.application, lineOf(status)]));
}

function lineOf(status: Status): string {
  const { phase, sync, health, revision, waitsFor, done } = status;
  const operation = phase === '' ? '' : `operation ${phase}`;
  const at = revision === '' ? '' : `at ${shortSha(revision)}`;
  const wait = done ? 'done' : waitsFor === '' ? '' : `waiting for ${waitsFor}`;
  const facts = [at, operation, sync, health, wait].filter((fact) => fact !== '');
  return brief(`${status.application}: ${facts.join(' · ') || 'not seen yet'}`);
}

/** `12 of 40 done, 3 syncing, 25 waiting; step 2 of 3 waits for set-b (Progressing)` */
function countsOf(statuses: readonly Status[]): string {
  const groups = Map.groupBy(statuses, stageOf);
  const done = groups.get('done')?.length ?? 0;
  groups.delete('done');
  const rest = [...groups].map(([stage, { length }]) => `${length} ${stage}`).sort();
  const counts = [`${done} of ${statuses.length} done`, ...rest].join(', ');
  const turns = [...new Set(statuses.flatMap(({ turn }) => turn ?? []))];
  return brief([counts, ...turns].join('; '));
}

function stageOf({ done, phase, sync, health }: Status): string {
  if (done) return 'done';
  if (phase === 'Running' || phase === 'Terminating') return 'syncing';
  if (sync === 'OutOfSync') return 'out of sync';
  return health === '' || health === 'Healthy' ? 'waiting' : health.toLowerCase();
}

function stillOf(statuses: readonly Status[]): string {
  if (statuses.length > LISTED) return countsOf(statuses);
  const open = statuses.filter((status) => !status.done).map(lineOf);
  return brief(open.join('; ') || 'nothing seen yet');
}

function endingOf(report: Report): string {
  const icon = CONCLUSION_ICONS[report.conclusion];
  // The message of any other end follows as an annotation.
  const words = succeeded(report) ? report.message : titleOf(report);
  return `${icon} ${brief(words)}`;
}

type Details = readonly (readonly [title: string, lines: Texts])[];

function detailsOf(report: Report): Details {
  const changed = changedOf(report.applications, report.changes);
  const several = report.applications.length > 1;
  const byClass = Map.groupBy(changed, (each) => each.change);
  const sorted = CHANGE_CLASSES.flatMap((name) => byClass.get(name) ?? []);
  const changes = textsOf(sorted, (each) => {
    const owner = several ? `${each.application}: ` : '';
    const resource = `${owner}${resourceName(each)}`;
    return `${each.change.padEnd(9)} ${resource} (${each.evidence}) ${brief(each.message)}`;
  });
  const width = Math.max(...report.filters.map(({ name }) => name.length));
  const filters = textsOf(report.filters, ({ name }) => {
    const count = report.matched.get(name)?.length ?? 0;
    return `${name.padEnd(width)} ${String(count > 0).padEnd(5)} ${pluralize(count, 'resource')}`;
  });
  const all: Details = [
    [`Changed: ${pluralize(changed.length, 'resource')}`, changes],
    [`Filters: ${pluralize(filters.count, 'filter')}`, filters],
    ...logDetails(report),
  ];
  return all.filter(([, lines]) => lines.count > 0);
}

function logDetails({ logExcerpt: log }: Report): Details {
  if (!log) return [];
  const of = logTitle(log.cause.subject, log.container);
  return [[`Last lines of the log of ${oneLine(of)}`, textsOf(log.lines, oneLine)]];
}

function shortened(lines: Texts): readonly string[] {
  const left = lines.count - GROUP_LINES;
  const shown = firstTexts(lines, GROUP_LINES).all();
  return left > 0 ? [...shown, `… and ${left} more`] : [...shown];
}

function brief(text: string): string {
  return clip(oneLine(text), TEXT_UNITS);
}
