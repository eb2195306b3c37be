/**
 * `npm run soak`: one wait through 10,000 events and 200 broken connections, in under two minutes.
 * Every version must arrive, in order, and what is held in memory must stay flat.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { nodePath } from '../__tests__/support/action.ts';
import { type ApiServer, startApiServer } from '../__tests__/support/api-server.ts';
import { inputsFor } from '../__tests__/support/client.ts';
import { A, B, type Look, manifest } from '../__tests__/support/manifest.ts';
import { optionsOf, ROOT, until } from './script.ts';
import type { Task, Telling } from './soak-client.ts';
import { plainTable } from './table.ts';

optionsOf(`npm run soak

One wait through 10,000 events and 200 broken connections, in under two minutes: every version must
arrive, in order, and what is held in memory must stay flat. Else the exit code is 1.`);

const EVENTS = 10_000;
const RECONNECTS = 200;
const BREAK_EVERY = Math.floor(EVENTS / (RECONNECTS + 1));
const LONGEST_MS = 120_000;
const SAMPLE_MS = 1_000;
const RESOURCES = 60;
/**
 * How much the heap may grow after the first fifth, from which on all code has been run: what each of
 * some 800 operations said is remembered, a few KiB of each; events leave nothing behind.
 */
const FLAT_MIB = 5;
const APPLICATION = 'soak';
const MIB = 1024 * 1024;

interface Sample {
  readonly seconds: number;
  /** Events written by then. */
  readonly events: number;
  readonly heap: number;
  readonly rss: number;
}

/** Events of one round of self-heal, of which the most are news of health. */
const ROUND = 12;

/**
 * An Application that drifts and is healed without end, as `prune-disabled-self-heal` was recorded:
 * each round has an operation of its own, for the one resource that had drifted.
 */
function event(i: number): Look {
  const round = Math.floor(i / ROUND);
  const step = i % ROUND;
  const drifted = round % RESOURCES;
  const done = step === 0 || step >= 3;
  // Until the round's own operation has begun, the one before it is on show.
  const operation = step === 0 ? round - 1 : round;
  const result = { ...named(operation % RESOURCES), status: 'Synced', message: 'configured' };
  return {
    revision: A,
    sync: step < 4 ? 'OutOfSync' : 'Synced',
    health: step >= 4 && step % 2 === 0 ? 'Progressing' : 'Healthy',
    phase: done ? 'Succeeded' : 'Running',
    startedAt: timeOf(operation * ROUND),
    finishedAt: timeOf(operation * ROUND + 3),
    reconciledAt: timeOf(i),
    operation: { sync: { revision: A, resources: [named(operation % RESOURCES)] } },
    results: step === 1 ? [] : [result],
    resources: Array.from({ length: RESOURCES }, (_, n) => ({
      ...named(n),
      status: step < 4 && n === drifted ? 'OutOfSync' : 'Synced',
      health: { status: 'Healthy', message: `seen ${i} times` },
    })),
    history: [],
  };
}

function named(n: number): object {
  return { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: `web-${n}` };
}

/** Every event a second after the one before it. */
function timeOf(i: number): string {
  return new Date(Date.UTC(2026, 0, 2) + i * 1000).toISOString().replace('.000Z', 'Z');
}

/** The side that waits, as one file: Node does not find the sources by the names of what is built. */
async function startClient(directory: string): Promise<ChildProcess> {
  const outfile = join(directory, 'client.mjs');
  await build({
    entryPoints: [join(ROOT, 'scripts', 'soak-client.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    packages: 'external',
    logLevel: 'error',
  });
  return fork(outfile, { execPath: nodePath(), execArgv: ['--expose-gc'], env: {} });
}

/** Breaks all connections in one of the ways that networks have. */
async function breakWatches(server: ApiServer, n: number): Promise<void> {
  if (n % 20 === 19) {
    await server.stop();
    await server.restart();
  } else if (n % 2 === 0) server.dropWatches();
  else server.endWatches();
}

const directory = join(ROOT, 'node_modules', '.cache', 'argocd-post-sync-soak');
mkdirSync(directory, { recursive: true });
const server = await startApiServer({ historyLimit: 2_000 });
const written: string[] = [];
const put = (look: Look): void => {
  written.push(server.put(manifest(APPLICATION, look)).metadata.resourceVersion ?? '');
};
put(event(0));
const bytes = JSON.stringify(manifest(APPLICATION, event(0))).length;

const began = performance.now();
const samples: Sample[] = [];
let delivered = 0;
let outOfOrder = 0;
let troubles = 0;
let end = 'no end';
let over = false;
const client = await startClient(directory);

client.on('message', (telling: Telling) => {
  switch (telling.kind) {
    case 'version':
      if (telling.version !== written[delivered]) outOfOrder += 1;
      delivered += 1;
      return;
    case 'trouble':
      troubles += 1;
      return;
    case 'memory': {
      const seconds = (performance.now() - began) / 1000;
      samples.push({ seconds, events: written.length, heap: telling.heap, rss: telling.rss });
      return;
    }
    case 'end':
      end = `${telling.conclusion}/${telling.reason}`;
  }
});
client.once('exit', () => {
  over = true;
});
const inputs = { ...inputsFor(server), application: APPLICATION, revision: B, timeout: '5m' };
client.send({ inputs, sampleMs: SAMPLE_MS } satisfies Task);

const unlessOver = (holds: () => boolean, what: string) => {
  const withinMs = began + LONGEST_MS - performance.now();
  return until(() => over || holds(), what, { withinMs, everyMs: 2 });
};
let reconnects = 0;
try {
  await unlessOver(() => delivered > 0, 'the first version is delivered');
  while (written.length < EVENTS - 1 && !over) {
    put(event(written.length));
    if (written.length % BREAK_EVERY === 0) {
      await unlessOver(() => server.watches() > 0, 'it watches again');
      await breakWatches(server, reconnects);
      reconnects += 1;
      server.requests.length = 0;
    } else if (written.length % 5 === 0) await sleep(1);
  }
  await unlessOver(() => server.watches() > 0, 'it watches again');
  put({ revision: B });
  await unlessOver(() => false, 'the wait is over');
} catch (thrown) {
  end = String(thrown);
} finally {
  if (!over) client.kill();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
}

const seconds = (performance.now() - began) / 1000;
const warm = samples.filter(({ events }) => events >= EVENTS / 5);
/** Least squares, in bytes for each event. */
function slope(of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(warm.map(({ events }) => events)), mean(warm.map(of))];
  const over = warm.reduce((sum, each) => sum + (each.events - x) * (of(each) - y), 0);
  return over / warm.reduce((sum, { events }) => sum + (events - x) ** 2, 0);
}

const mib = (value: number): string => `${(value / MIB).toFixed(1)} MiB`;
const every = Math.ceil(samples.length / 20);
const rows = samples
  .filter((_, i) => i % every === 0)
  .map(({ seconds: at, events, heap, rss }) => [
    `${at.toFixed(0)} s`,
    `${events}`,
    mib(heap),
    mib(rss),
  ]);
console.log(plainTable([['time', 'events', 'heap', 'RSS'], ...rows], [0, 1, 2, 3]));
const growth = slope(({ heap }) => heap) * EVENTS * 0.8;
const perEvent = slope(({ heap }) => heap).toFixed(0);
const lost = written.length - delivered;
const troubled = lost !== 0 || outOfOrder > 0 || end !== 'success/synced';
const flat = warm.length > 3 && growth < FLAT_MIB * MIB;
const held = !troubled && flat && reconnects >= RECONNECTS && seconds * 1000 < LONGEST_MS;
console.log(
  `\n${held ? 'held' : 'FAILED'}: ${end}, ${written.length} events of ${(bytes / 1024).toFixed(0)} KiB, ${lost} lost, ${outOfOrder} out of order, ${reconnects} reconnects, ${troubles} outages told, ${seconds.toFixed(0)} s; heap ${growth < 0 ? '' : '+'}${mib(growth)} after the first fifth (${perEvent} bytes an event), RSS ${mib(samples.at(-1)?.rss ?? 0)} at the end`,
);
process.exitCode = held ? 0 : 1;
