/**
 * `npm run bench`: how fast the built action is, and how much it holds, each beside what it is
 * measured against, in one run. Medians. `--json` prints JSON alone, `--quick` takes fewer samples.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { nodePath, runAction, type StepResult } from '../__tests__/support/action.ts';
import {
  type ApiServer,
  type KubeObject,
  startApiServer,
} from '../__tests__/support/api-server.ts';
import { A, B, type Look, manifest } from '../__tests__/support/manifest.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});

const SAMPLES = options.quick ? 5 : 21;
const POLLERS = options.quick ? 8 : 32;
const POLL_MS = 5000;
const SIZES = [10, 100, 1000];
const OBJECT_BYTES = 30_000;
/** Until a step that had its first look is surely waiting. */
const CALM_MS = 150;

/** What the project promises. */
const GOALS = { eventToExitMs: 50, peakMiB: 300 };

interface Sampled {
  readonly median: number;
  readonly p90: number;
  readonly samples: number;
}

function sampled(values: readonly number[]): Sampled {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { median: at(0.5), p90: at(0.9), samples: sorted.length };
}

async function withServer<T>(
  objects: readonly KubeObject[],
  work: (server: ApiServer) => Promise<T>,
): Promise<T> {
  const server = await startApiServer({ objects });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

interface Run {
  readonly result: StepResult;
  /** `performance.now()` when the process had ended. */
  readonly endedAt: number;
  /** Highest resident set, in MiB; NaN where the system does not tell. */
  readonly peakMiB: number;
}

async function runStep(server: ApiServer, inputs: Readonly<Record<string, string>>): Promise<Run> {
  let endedAt = Number.NaN;
  let peak = (): number => Number.NaN;
  const result = await runAction({
    inputs: {
      server: server.url,
      token: server.token,
      'certificate-authority': server.ca,
      timeout: '1m',
      ...inputs,
    },
    onStart(child) {
      peak = watchMemory(child);
      child.once('exit', () => {
        endedAt = performance.now();
      });
    },
  });
  if (result.exitCode !== 0) throw new Error(`the step failed:\n${result.stdout}${result.stderr}`);
  return { result, endedAt, peakMiB: peak() };
}

/** The kernel keeps the high-water mark, so that a look now and then misses the last moments only. */
function watchMemory(child: ChildProcess): () => number {
  let kib = Number.NaN;
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const [, high] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
      if (high !== undefined) kib = Number(high);
    } catch {
      // It has ended, or this system has no /proc.
    }
  };
  const timer = setInterval(look, 5);
  child.once('exit', () => clearInterval(timer));
  return () => kib / 1024;
}

const DONE: Look = {
  revision: B,
  startedAt: '2026-11-21T07:01:00Z',
  finishedAt: '2026-11-21T07:01:05Z',
  reconciledAt: '2026-11-21T07:01:06Z',
};

async function firstLook(server: ApiServer): Promise<void> {
  await server.seen(({ verb }) => verb === 'watch');
  await sleep(CALM_MS);
}

/** From the deciding event's being written to the wire until the process has ended. */
async function eventToExit(): Promise<Sampled> {
  const values: number[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    await withServer([manifest('shop', { revision: A })], async (server) => {
      const running = runStep(server, { application: 'shop', revision: B });
      await firstLook(server);
      const written = performance.now();
      server.put(manifest('shop', DONE));
      values.push((await running).endedAt - written);
    });
  }
  return sampled(values);
}

/** A loop as people write it: look, and if it is not done, sleep. */
const POLLER = `
const { Agent, get } = require('node:https');
const { URL_, TOKEN, CA, REVISION, INTERVAL } = process.env;
const agent = new Agent({ keepAlive: true, ca: CA });
const look = () => get(URL_, { agent, headers: { authorization: 'Bearer ' + TOKEN } }, (response) => {
  let text = '';
  response.on('data', (chunk) => { text += chunk; });
  response.on('end', () => {
    const { sync, health, operationState } = JSON.parse(text).status;
    if (sync.status === 'Synced' && sync.revision === REVISION && health.status === 'Healthy' &&
        operationState.phase === 'Succeeded') process.exit(0);
    setTimeout(look, Number(INTERVAL));
  });
});
look();`;

/** The same for loops that poll every 5 s: real ones, all at once, begun at random offsets. */
async function pollToExit(): Promise<Sampled> {
  return withServer([manifest('shop', { revision: A })], async (server) => {
    let written = Number.NaN;
    const loops = Array.from({ length: POLLERS }, async () => {
      await sleep(Math.random() * POLL_MS);
      const env = {
        URL_: `${server.url}/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/shop`,
        TOKEN: server.token,
        CA: server.ca,
        REVISION: B,
        INTERVAL: String(POLL_MS),
      };
      const child = spawn(nodePath(), ['-e', POLLER], { env, stdio: 'ignore' });
      await new Promise((ended) => child.once('exit', ended));
      return performance.now() - written;
    });
    // Every loop has had its first look.
    await sleep(POLL_MS + 1500);
    written = performance.now();
    server.put(manifest('shop', DONE));
    return sampled(await Promise.all(loops));
  });
}

function emptyNode(): Promise<number> {
  const started = performance.now();
  const child = spawn(nodePath(), ['-e', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve) => child.once('close', () => resolve(performance.now() - started)));
}

/** A whole step for an Application that is done already, and a Node that does nothing, in turns. */
async function wholeProcess(): Promise<{ readonly action: Sampled; readonly node: Sampled }> {
  const action: number[] = [];
  const node: number[] = [];
  await withServer([manifest('shop', DONE)], async (server) => {
    for (let i = 0; i < SAMPLES; i += 1) {
      node.push(await emptyNode());
      const { result } = await runStep(server, { application: 'shop', revision: B });
      action.push(result.durationMs);
    }
  });
  return { action: sampled(action), node: sampled(node) };
}

/** An Application of about 30 KB: its resources, twice, as on a real one. */
function large(name: string, look: Look): KubeObject {
  const count = 70;
  const resource = (i: number) => ({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: `namespace-of-${name}`,
    name: `deployment-number-${i}`,
  });
  const indices = Array.from({ length: count }, (_, i) => i);
  const results = indices.map((i) => ({
    ...resource(i),
    status: 'Synced',
    message: `deployment.apps/deployment-number-${i} ${i % 7 === 0 ? 'created' : 'unchanged'}`,
    hookPhase: 'Running',
    syncPhase: 'Sync',
    images: [`registry.example.com/shop/deployment-number-${i}:1.0.0`],
  }));
  const resources = indices.map((i) => ({
    ...resource(i),
    status: 'Synced',
    health: { status: 'Healthy' },
  }));
  const object = manifest(name, { ...look, labels: { team: 'shop' }, results, resources });
  const rest = OBJECT_BYTES - JSON.stringify(object).length;
  const filler = {
    manager: 'argocd-application-controller',
    fieldsV1: 'f'.repeat(Math.max(0, rest)),
  };
  return { ...object, metadata: { ...object.metadata, managedFields: [filler] } };
}

interface Many {
  readonly applications: number;
  readonly peakMiB: number;
  /** From the start of the process to its end, in milliseconds. */
  readonly wallMs: number;
  /** From the first to the last change on the wire, in milliseconds. */
  readonly changingMs: number;
  /** From the last change on the wire to the end. */
  readonly lastEventToExitMs: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly receivedMiB: number;
}

/** Many Applications under one selector: a first look at all, then a change of each. */
async function many(applications: number): Promise<Many> {
  const names = Array.from({ length: applications }, (_, i) => `app-${i}`);
  const before = names.map((name) => large(name, { revision: A }));
  return withServer(before, async (server) => {
    const running = runStep(server, { selector: 'team=shop', revision: B });
    await firstLook(server);
    const first = performance.now();
    for (const name of names) {
      server.put(large(name, DONE));
      // The server's own work must not hold back what it has to send.
      await new Promise((turn) => setImmediate(turn));
    }
    const last = performance.now();
    const { result, endedAt, peakMiB } = await running;
    const { applications: found } = result.results as { readonly applications: readonly object[] };
    if (found.length !== applications) throw new Error('not all Applications were waited for');
    const requests: Record<string, number> = {};
    for (const { verb } of server.requests) requests[verb] = (requests[verb] ?? 0) + 1;
    const received = server.requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    return {
      applications,
      peakMiB,
      wallMs: result.durationMs,
      changingMs: last - first,
      lastEventToExitMs: endedAt - last,
      requests,
      receivedMiB: received / 1024 ** 2,
    };
  });
}

const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
const mib = (value: number): string => `${value.toFixed(0)} MiB`;
const verdict = (good: boolean): string => (good ? 'met' : 'MISSED');

function say(line: string): void {
  if (!options.json) console.log(line);
}

function compare(title: string, ours: Sampled, name: string, theirs: Sampled): void {
  const of = ({ median, p90, samples }: Sampled): string =>
    `${ms(median).padStart(10)}   (p90 ${ms(p90)}, ${samples} samples)`;
  const ratio = theirs.median / ours.median;
  const words =
    ratio >= 1 ? `${ratio.toFixed(1)} times as fast` : `${(1 / ratio).toFixed(1)} times as long`;
  say(`\n${title}`);
  say(`  ${'this action'.padEnd(24)}${of(ours)}`);
  say(`  ${name.padEnd(24)}${of(theirs)}`);
  say(`  → ${words}`);
}

const deciding = await eventToExit();
const polling = await pollToExit();
compare(
  'From the deciding event on the wire to the end of the process',
  deciding,
  'a loop that polls (5 s)',
  polling,
);
say(`  goal: below ${GOALS.eventToExitMs} ms: ${verdict(deciding.median < GOALS.eventToExitMs)}`);

const whole = await wholeProcess();
compare('A whole step, for an Application that is done', whole.action, 'node -e 0', whole.node);

const sizes: Many[] = [];
say('\nMany Applications of 30 KB under one selector, each of which changes once');
for (const size of SIZES) {
  const measured = await many(size);
  sizes.push(measured);
  const { peakMiB, wallMs, changingMs, lastEventToExitMs, requests, receivedMiB } = measured;
  const asked = Object.entries(requests).map(([verb, count]) => `${count} ${verb}`);
  say(
    `  ${String(size).padStart(4)}: peak ${mib(peakMiB)}, ${asked.join(' + ')} (${mib(receivedMiB)} received), ${ms(wallMs)} in all, changed within ${ms(changingMs)}, ${ms(lastEventToExitMs)} after the last change`,
  );
}
const most = sizes.at(-1);
say(`  goal: below ${GOALS.peakMiB} MiB: ${verdict((most?.peakMiB ?? 0) < GOALS.peakMiB)}`);

if (options.json) {
  const report = {
    node: process.version,
    goals: GOALS,
    eventToExitMs: { action: deciding, polling5s: polling },
    wholeProcessMs: whole,
    many: sizes,
  };
  console.log(JSON.stringify(report, null, 2));
}
