import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRecord, type KubeObject } from './api/store.ts';
import type { ApiServer } from './api-server.ts';

/** A recorded watch of one Application; the format is described in `traces/README.md`. */
export interface Trace {
  readonly trace: string;
  readonly about: string;
  readonly application: string;
  readonly namespace: string;
  /** What the wait was for. */
  readonly revision: string;
  readonly expect: Expectation;
  /** Inputs beside the defaults; of cases. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Metadata of live objects when the recording ended. */
  readonly live: readonly KubeObject[];
  readonly events: readonly TraceEvent[];
}

export interface Expectation {
  readonly conclusion: string;
  readonly reason?: string;
  /** `CLASS group/Kind/namespace/name`, in any order; null: not judged. */
  readonly changes: readonly string[] | null;
  readonly hooks?: readonly string[];
  readonly deployed?: string;
  readonly health?: string;
  readonly syncStatus?: string;
  /** Texts that the Application's message contains. */
  readonly says?: readonly string[];
  /** Texts that it does not contain. */
  readonly neverSays?: readonly string[];
}

export interface TraceEvent {
  /** Milliseconds since the wait began. */
  readonly t: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** What a recording is played on. */
export interface Stage extends Pick<ApiServer, 'setLive'> {
  now: () => number;
  put(object: KubeObject): unknown;
  remove(namespace: string, name: string, kind?: string): unknown;
}

export interface ReplayOptions {
  /** How many times faster than it was recorded; Infinity: as fast as possible, in order. */
  readonly speed?: number;
  /** Begin at this `t`: what came before is folded into the state that is put first. */
  readonly startAt?: number;
  /** Serve the trace's live objects; default true. */
  readonly live?: boolean;
  /** Move the server's `Date` with the recording; default true. */
  readonly date?: boolean;
  /** Play, and let the recorded clock run, from when this resolves; until then the start stands. */
  readonly begin?: Promise<unknown>;
  /** Called before each later event is applied. */
  readonly onEvent?: (event: TraceEvent) => void;
}

export interface Replay {
  /** Resolves when the last event was applied, or after `stop`. */
  readonly done: Promise<void>;
  /** Applies no more events. */
  stop(): void;
}

const TESTS = join(dirname(fileURLToPath(import.meta.url)), '..');
const TRACES = join(TESTS, 'traces');
const CASES = join(TESTS, 'cases');

/** Names of the recordings in `__tests__/traces`. */
export function traceNames(): readonly string[] {
  return namesIn(TRACES);
}

/** Names of the cases in `__tests__/cases`, which nobody recorded. */
export function caseNames(): readonly string[] {
  return namesIn(CASES);
}

function namesIn(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => file.slice(0, -'.jsonl'.length))
    .sort();
}

export function loadTrace(name: string): Trace {
  return load(join(TRACES, `${name}.jsonl`));
}

export function loadCase(name: string): Trace {
  return load(join(CASES, `${name}.jsonl`));
}

const loaded = new Map<string, Trace>();

function load(path: string): Trace {
  const trace = loaded.get(path) ?? parseTrace(readFileSync(path, 'utf8'));
  loaded.set(path, trace);
  return trace;
}

/** What a recording needs beside the defaults. */
const NEEDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  create: { 'if-missing': 'wait' },
  'create-server-side': { 'if-missing': 'wait' },
  'waves-first-sync': { 'if-missing': 'wait' },
  'paused-rollout-resumed': { suspended: 'succeed' },
  degraded: { 'degraded-grace': '1s' },
};

/** Inputs of a step that waits for what a recording waited for. */
export function inputsOf(trace: Trace): Readonly<Record<string, string>> {
  const { application, revision } = trace;
  return { application, revision, ...NEEDS[trace.trace], ...trace.inputs };
}

/** @param text a whole `.jsonl` file */
export function parseTrace(text: string): Trace {
  const [head, ...events] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  if (!isRecord(head) || typeof head.trace !== 'string') throw new Error('a trace has no header');
  return { live: [], ...head, events } as unknown as Trace;
}

/** The Application as a first look at `t` sees it; undefined: it does not exist then. */
export function stateAt(trace: Trace, t: number): KubeObject | undefined {
  const last = trace.events.filter((event) => event.t <= t).at(-1);
  return last && last.type !== 'DELETED' ? last.object : undefined;
}

/**
 * Milliseconds since the epoch, by the recorded cluster's clock, of the recording's `t` 0.
 * Recordings carry no clock of their own, but nothing in an object can be later than the moment it
 * was seen, and its newest time (in whole seconds) is often of that very moment: the latest of all
 * `newest time - t` is the truth, up to a second behind.
 */
export function epochOf(trace: Pick<Trace, 'events'>): number {
  const known =
    epochs.get(trace) ??
    Math.max(...trace.events.map((event) => newestTime(event.object) - event.t));
  epochs.set(trace, known);
  return known;
}

/** A recording is played hundreds of times, and every time in its objects has to be read. */
const epochs = new WeakMap<Pick<Trace, 'events'>, number>();

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The latest time in metadata and status; the spec is the user's and says nothing of now. */
function newestTime(object: KubeObject): number {
  let newest = Number.NEGATIVE_INFINITY;
  const visit = (value: unknown): void => {
    if (typeof value === 'string' && TIME.test(value)) newest = Math.max(newest, Date.parse(value));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(object.metadata);
  visit(object.status);
  return newest;
}

/**
 * Plays a recording on a server: the state at the start is there at once, the rest follows at
 * `t / speed`. The server numbers versions anew where the recorded ones are behind its own.
 *
 * The `Date` header follows the recording: at `t` the server says `epochOf(trace) + t`, and its
 * clock runs `speed` times as fast as the machine's, also after the last event. A client that takes
 * the time from one answer and adds what has passed on its own clock falls behind a fast replay:
 * "five seconds after the finish" then takes five real seconds, or one more request.
 *
 * `begin: server.seen((request) => request.verb === 'watch')` starts the play with the client's
 * first look, as the recording did.
 */
export function replay(server: Stage, trace: Trace, options: ReplayOptions = {}): Replay {
  const { speed = 1, startAt = 0 } = options;
  const first = stateAt(trace, startAt);
  const clock = recordedClock(trace, startAt, speed);
  if (options.date ?? true) server.now = clock.now;
  if (options.live ?? true) server.setLive(trace.live);
  if (first) server.put(first);

  const stopping = new AbortController();
  const play = async (): Promise<void> => {
    await options.begin;
    const started = performance.now();
    clock.start();
    for (const event of trace.events.filter(({ t }) => t > startAt)) {
      const due = (event.t - startAt) / speed;
      await pause(due - (performance.now() - started), stopping.signal);
      if (stopping.signal.aborted) return;
      options.onEvent?.(event);
      apply(server, event);
    }
  };
  return { done: play(), stop: () => stopping.abort() };
}

/** Resolves after a time or at once when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}

/** Time stands still until `start`, and never runs past the end of an endlessly fast replay. */
function recordedClock(
  trace: Trace,
  startAt: number,
  speed: number,
): { readonly now: () => number; readonly start: () => void } {
  const epoch = epochOf(trace);
  const end = epoch + Math.max(startAt, trace.events.at(-1)?.t ?? 0);
  let started: number | undefined;
  return {
    now() {
      if (started === undefined) return epoch + startAt;
      const passed = performance.now() - started;
      return Number.isFinite(speed) ? epoch + startAt + passed * speed : end + passed;
    },
    start() {
      started = performance.now();
    },
  };
}

function apply(server: Stage, { type, object }: TraceEvent): void {
  const { namespace = '', name } = object.metadata;
  if (type === 'DELETED') server.remove(namespace, name, object.kind);
  else server.put(object);
}
