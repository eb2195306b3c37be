/** The measurements: what a job fetches, starts, ends, load on the API server, many Applications. */

import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { nodePath, ROOT } from '../../__tests__/support/action.ts';
import { type ApiServer, startApiServer } from '../../__tests__/support/api-server.ts';
import { startArgocdServer } from '../../__tests__/support/argocd-server.ts';
import { APPLICATIONS_PATH, inputsFor, lines } from '../../__tests__/support/client.ts';
import { A, manifest } from '../../__tests__/support/manifest.ts';
import { eventOf, goldenPayloads } from '../../__tests__/support/payloads.ts';
import { flowStyle } from '../../__tests__/support/readme-kubeconfig.ts';
import { loadTrace, replay } from '../../__tests__/support/replay.ts';
import { until } from '../script.ts';
import { DONE, DONE_LATE, large, SETTINGS } from './objects.ts';
import {
  type Access,
  argocdWait,
  BARE_NODE,
  blockStyle,
  kubectlWait,
  loop,
  POLL_MS,
  type Program,
  type Running,
  type Sampled,
  sampled,
  start,
  step,
  usage,
  wallMs,
} from './programs.ts';
import type { Order, Telling } from './scale-server.ts';
import { type Cluster, openCluster } from './servers.ts';

/** Bytes that a job fetches before a step: the archive of the tag, as GitHub packs it. */
export interface Fetched {
  /** Undefined: this is no Git work tree. */
  readonly archive: number | undefined;
  readonly dist: number;
}

export function measureFetched(): Fetched {
  const options = { cwd: ROOT, maxBuffer: 2 ** 28 };
  const { status, stdout } = spawnSync('git', ['archive', 'HEAD'], options);
  const files = readdirSync(join(ROOT, 'dist')).map((name) => statSync(join(ROOT, 'dist', name)));
  return {
    archive: status === 0 ? gzipSync(stdout, { level: 9 }).length : undefined,
    dist: files.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Of a whole process, start to exit. */
export interface Started {
  readonly name: string;
  /** Whether it is this action. */
  readonly ours: boolean;
  readonly wallMs: Sampled;
  readonly cpuMs: Sampled;
  readonly peakMiB: Sampled;
}

export interface Starts {
  /** What was waited on. */
  readonly about: string;
  readonly real: boolean;
  /** Requests for a done Application, by kubeconfig. */
  readonly requests: number;
  readonly bare: Started;
  readonly ways: readonly Started[];
  readonly kubectl: Started | undefined;
  readonly argocd: Started | undefined;
  readonly loop: Started;
}

interface Contestant {
  readonly name: string;
  readonly ours: boolean;
  readonly program: Program;
  readonly before?: () => Promise<void>;
  readonly onStart?: (run: Running) => void;
}

/** All in turns: what else the machine does meets each of them. */
export async function measureStarts(rounds: number): Promise<Starts> {
  await using cluster = await openCluster();
  await using argocd = await startArgocdServer({ objects: [manifest('shop', DONE)] });
  await cluster.put(manifest('shop', DONE));
  await cluster.put(manifest('shop-late', DONE_LATE));
  const others = await working({
    'node -e 0': BARE_NODE,
    'kubectl wait': kubectlWait(cluster),
    'argocd app wait': argocdWait(),
    'a loop that looks every 5 s': loop(cluster),
  });
  const measured = await inTurns([...waysIn(cluster, argocd), ...others], rounds);
  const named = (name: string) => measured.find((each) => each.name.startsWith(name));
  const [bare, looped] = [named('node'), named('a loop')];
  if (!bare || !looped) throw new Error('the bare Node and the loop must work');
  return {
    about: cluster.about,
    real: cluster.real,
    requests: await requestsOfDone(),
    bare,
    ways: measured.filter(({ ours }) => ours),
    kubectl: named('kubectl'),
    argocd: named('argocd'),
    loop: looped,
  };
}

/** Every way in, for an Application that is done, and the one that has to wait for a moment. */
function waysIn(cluster: Cluster, argocd: Access): readonly Contestant[] {
  const way = (name: string, inputs: Readonly<Record<string, string>>, event?: unknown) => ({
    ...{ name, ours: true },
    program: step(name.replaceAll(/\W+/g, '-'), { application: 'shop', ...inputs }, event),
  });
  const kubeconfig = flowStyle(cluster);
  return [
    way('server and token', inputsFor(cluster)),
    way('kubeconfig as the README makes it', { kubeconfig }),
    way('kubeconfig in block style', { kubeconfig: blockStyle(cluster) }),
    way('late, with live evidence', { kubeconfig, application: 'shop-late' }),
    {
      ...way('watched: done as soon as it waits', { kubeconfig, application: 'shop-watched' }),
      before: () => cluster.put(manifest('shop-watched', { revision: A })),
      onStart: ({ child }) => {
        void waits(child).then(() => cluster.put(manifest('shop-watched', DONE)));
      },
    },
    way('source: argocd', {
      ...{ source: 'argocd', 'argocd-server': argocd.url, 'argocd-token': argocd.token },
      'certificate-authority': argocd.ca,
    }),
    way(
      'source: event',
      { source: 'event', application: '', revision: 'auto' },
      eventOf(goldenPayloads().get('update-client-side-1')),
    ),
  ];
}

/** Resolves when a step says what it waits for, or has ended. */
function waits(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let log = '';
    child.once('exit', () => resolve());
    child.stdout?.on('data', (chunk: Buffer) => {
      log += String(chunk);
      if (/waiting for/i.test(log)) resolve();
    });
  });
}

/** Those of others' programs that do their work here; of one that does not it is said why. */
async function working(programs: Readonly<Record<string, Program | undefined>>) {
  const found: Contestant[] = [];
  for (const [name, program] of Object.entries(programs)) {
    if (!program) continue;
    try {
      await wallMs(program);
      found.push({ name, ours: false, program });
    } catch (error) {
      console.error(`${name} does not work here and is left out: ${String(error)}`);
    }
  }
  return found;
}

/** How many wall times are taken for each look at CPU and memory. */
const USAGE_EVERY = 3;

async function inTurns(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<readonly Started[]> {
  const runs = contestants.map((each) => ({
    ...each,
    ...{ wall: [] as number[], cpu: [] as number[], peak: [] as number[] },
  }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const run of runs) {
      await run.before?.();
      const wall = await wallMs(run.program, run.onStart);
      // The first round is for the caches of the disk.
      if (round > 0) run.wall.push(wall);
      // Whoever is to be told to end tells it to `start` only.
      if (round % USAGE_EVERY !== 0 || run.before) continue;
      const { cpuMs, peakMiB } = await usage(run.program);
      run.cpu.push(cpuMs);
      run.peak.push(peakMiB);
    }
  }
  return runs.map(({ name, ours, wall, cpu, peak }) => ({
    ...{ name, ours, wallMs: sampled(wall) },
    ...{ cpuMs: sampled(cpu), peakMiB: sampled(peak) },
  }));
}

/** A real server does not tell. */
async function requestsOfDone(): Promise<number> {
  await using server = await startApiServer({ objects: [manifest('shop', DONE)] });
  await wallMs(step('requests', { application: 'shop', kubeconfig: flowStyle(server) }));
  return server.requests.length;
}

/** Milliseconds from the deciding event's being written to the wire until the process has ended. */
export interface Latency {
  readonly action: Sampled;
  readonly loop: Sampled;
  readonly kubectl: Sampled | undefined;
}

/** Until a process that had its first look is surely waiting. */
const CALM_MS = 150;

export async function measureLatency(rounds: number, loops: number): Promise<Latency> {
  await using server = await startApiServer({ objects: [manifest('shop', DONE)], live: SETTINGS });
  const ours = step('latency', { application: 'shop', ...inputsFor(server) });
  const [kubectl] = await working({ 'kubectl wait': kubectlWait(server) });
  const values = { action: [] as number[], kubectl: [] as number[] };
  for (let i = 0; i < rounds; i += 1) {
    values.action.push(await eventToExit(server, ours));
    if (kubectl) values.kubectl.push(await eventToExit(server, kubectl.program));
  }
  return {
    action: sampled(values.action),
    kubectl: kubectl ? sampled(values.kubectl) : undefined,
    loop: sampled(await loopsToExit(server, loops)),
  };
}

async function eventToExit(server: ApiServer, program: Program): Promise<number> {
  server.put(manifest('shop', { revision: A }));
  server.requests.length = 0;
  const { ended } = start(program);
  await Promise.race([server.seen(({ verb }) => verb === 'watch'), ended]);
  await sleep(CALM_MS);
  const written = performance.now();
  server.put(manifest('shop', DONE));
  return (await ended) - written;
}

/** Real loops, all at once, begun at random offsets. */
async function loopsToExit(server: ApiServer, loops: number): Promise<readonly number[]> {
  server.put(manifest('shop', { revision: A }));
  let written = Number.NaN;
  const ends = Array.from({ length: loops }, async () => {
    await sleep(Math.random() * POLL_MS);
    return (await start(loop(server)).ended) - written;
  });
  // Every loop has had its first look.
  await sleep(POLL_MS + 1500);
  written = performance.now();
  server.put(manifest('shop', DONE));
  return Promise.all(ends);
}

/** What one wait costs an API server. */
export interface Load {
  readonly requests: number;
  readonly connections: number;
  /** Both ways, with all that TLS adds. */
  readonly bytes: number;
}

export interface Loads {
  /** One wait on a recorded sync. */
  readonly one: {
    readonly recording: string;
    readonly applicationBytes: number;
    /** Of the wait, as recorded. */
    readonly seconds: number;
    readonly events: number;
    /** How many times faster than recorded. */
    readonly speed: number;
    readonly action: Load;
    readonly loop: Load;
  };
  /** Nothing happens for long; undefined: it was not measured. */
  readonly quiet:
    | { readonly seconds: number; readonly action: Load; readonly loop: Load }
    | undefined;
  /** Many Applications, each of which changes once. */
  readonly many: { readonly applications: number; readonly action: Load; readonly watches: Load };
}

/** With waves and hooks: half a minute, two dozen events, and nothing goes wrong. */
const RECORDING = 'waves-and-hooks';
/** Before it: until Argo CD has noticed the commit, by a webhook or its own look at the repository. */
export const QUIET_S = 32;
const MANY = 100;
/** A busy machine may take long to open as many connections. */
const PATIENCE = { withinMs: 120_000, everyMs: 5 };

/** @param speed of the recording, and of the loop beside it */
export async function measureLoad(speed: number, quiet: Loads['quiet']): Promise<Loads> {
  const action = recorded(speed);
  const polled = recordedLoop(speed, action);
  return { one: { ...(await action), loop: await polled }, quiet, many: await measureMany() };
}

/** A wait in real time until an event after so long; needs next to nothing of the machine. */
export async function measureQuiet(seconds: number): Promise<Loads['quiet']> {
  const objects = [manifest('shop', { revision: A })];
  await using ours = await startApiServer({ objects });
  await using theirs = await startApiServer({ objects });
  const program = step('quiet', { application: 'shop', timeout: '10m', ...inputsFor(ours) });
  const waiting = start(program);
  const looping = start(loop(theirs));
  await Promise.race([sleep(seconds * 1000), waiting.ended]);
  for (const server of [ours, theirs]) server.put(manifest('shop', DONE));
  await Promise.all([waiting.ended, looping.ended]);
  return { seconds, action: loadOf(ours), loop: loadOf(theirs) };
}

function loadOf(server: ApiServer): Load {
  const { connections, bytesReceived, bytesSent } = server.traffic();
  return { requests: server.requests.length, connections, bytes: bytesReceived + bytesSent };
}

async function recorded(speed: number): Promise<Omit<Loads['one'], 'loop'>> {
  const { trace, application, revision, events } = loadTrace(RECORDING);
  await using server = await startApiServer();
  const program = step('load', { application, revision, ...inputsFor(server) });
  const played = play(server, speed);
  const { began, ended } = start(program);
  return {
    recording: trace,
    applicationBytes: JSON.stringify(events[0]?.object).length,
    seconds: (((await ended) - began) * speed) / 1000,
    events: played(),
    speed,
    action: loadOf(server),
  };
}

/**
 * The same time with a loop. Whether it would have seen the end is left to chance: this recording
 * shows the revision healthy for 0.2 s, then Argo CD has compared the next one.
 */
async function recordedLoop(speed: number, over: Promise<unknown>): Promise<Load> {
  const { application, revision } = loadTrace(RECORDING);
  await using server = await startApiServer();
  play(server, speed);
  const intervalMs = POLL_MS / speed;
  const { child, ended } = start(loop(server, { application, revision, intervalMs }), true);
  await Promise.race([ended, over]);
  const load = loadOf(server);
  child.kill();
  await ended;
  return load;
}

/**
 * Plays the recording after the quiet time that begins with the first look.
 * @returns how many events there were so far
 */
function play(server: ApiServer, speed: number): () => number {
  const looked = server.seen(({ verb }) => verb === 'watch' || verb === 'get');
  const begin = looked.then(() => sleep((QUIET_S * 1000) / speed));
  let events = 0;
  const onEvent = () => {
    events += 1;
  };
  replay(server, loadTrace(RECORDING), { begin, speed, onEvent });
  return () => events;
}

async function measureMany(): Promise<Loads['many']> {
  const applications = Array.from({ length: MANY }, (_, i) => `app-${i}`);
  const looks = applications.map((name) => large(name, true));
  const work = async (
    watches: number,
    wait: (server: ApiServer) => Promise<unknown>,
  ): Promise<Load> => {
    const objects = looks.map((look) => look({ revision: A }));
    await using server = await startApiServer({ objects });
    const waiting = wait(server);
    await until(() => server.watches() >= watches, 'all watches are open', PATIENCE);
    for (const look of looks) server.put(look(DONE));
    await waiting;
    return loadOf(server);
  };
  const all = { selector: 'team=shop' };
  return {
    applications: MANY,
    action: await work(1, (server) => start(step('many', { ...all, ...inputsFor(server) })).ended),
    watches: await work(MANY, (server) =>
      Promise.all(applications.map((name) => watchOf(server, name))),
    ),
  };
}

/** A connection with a watch of one Application, until it has seen it done. */
async function watchOf(server: ApiServer, name: string): Promise<void> {
  const query = new URLSearchParams({
    watch: '1',
    fieldSelector: `metadata.name=${name}`,
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: 'true',
  });
  for await (const line of lines(server, `${APPLICATIONS_PATH}?${query}`)) {
    if (line.includes(`"revision":"${DONE.revision}"`)) return;
  }
}

/** Of a step that waits for many Applications under one selector, each of which changes once. */
export interface Scale {
  readonly applications: number;
  /** What templates share; else nothing. */
  readonly shares: boolean;
  readonly peakMiB: Sampled;
  readonly cpuMs: Sampled;
  readonly wallMs: Sampled;
  /** From SIGTERM in the middle of the wait until it has ended. */
  readonly cancelMs: number;
}

export async function measureScale(
  applications: number,
  shares: boolean,
  rounds: number,
): Promise<Scale> {
  const args = [String(applications), ...(shares ? ['shares'] : [])];
  const path = join(import.meta.dirname, 'scale-server.ts');
  const child = fork(path, args, { execPath: nodePath() });
  try {
    const at = await told(child, 'at');
    const program = step('scale', { selector: 'team=shop', ...inputsFor(at) });
    const runs = [];
    for (let i = 0; i < rounds; i += 1) {
      order(child, 'change');
      await told(child, 'ready');
      const changed = told(child, 'changed');
      runs.push(await usage(program));
      await changed;
    }
    const cancelMs = await cancelled(child, program);
    order(child, 'end');
    await once(child, 'exit');
    return {
      ...{ applications, shares, cancelMs },
      peakMiB: sampled(runs.map(({ peakMiB }) => peakMiB)),
      cpuMs: sampled(runs.map(({ cpuMs }) => cpuMs)),
      wallMs: sampled(runs.map(({ wallMs }) => wallMs)),
    };
  } finally {
    child.kill();
  }
}

/** @throws Error where the step, or the server, ends before all has been sent */
async function cancelled(child: ChildProcess, program: Program): Promise<number> {
  order(child, 'stay');
  await told(child, 'ready');
  const { child: waiting, ended } = start(program, true);
  const early = ended.then(() => {
    throw new Error('the step ended before it had read all Applications');
  });
  try {
    await Promise.race([told(child, 'sent'), early]);
    const sent = performance.now();
    waiting.kill('SIGTERM');
    return (await ended) - sent;
  } finally {
    waiting.kill('SIGKILL');
  }
}

function order(child: ChildProcess, word: Order): void {
  child.send(word);
}

type Told<K extends Telling['kind']> = Extract<Telling, { readonly kind: K }>;

/** @throws Error where the server tells something else, or ends */
async function told<K extends Telling['kind']>(child: ChildProcess, kind: K): Promise<Told<K>> {
  const listening = new AbortController();
  const { signal } = listening;
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the server ended (${code}) before it told ${kind}`);
  });
  try {
    const [telling] = (await Promise.race([once(child, 'message', { signal }), gone])) as [Telling];
    if (telling.kind !== kind)
      throw new Error(`the server told ${telling.kind} instead of ${kind}`);
    return telling as Told<K>;
  } finally {
    listening.abort();
  }
}
