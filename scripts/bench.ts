import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../__tests__/support/action.ts';
import {
  measureFetched,
  measureLatency,
  measureLoad,
  measureQuiet,
  measureScale,
  measureStarts,
} from './bench/measure.ts';
import { GOALS, type Measured, page, plain, rowsOf } from './bench/report.ts';
import { optionsOf } from './script.ts';

const FLAG = { type: 'boolean' } as const;
const options = optionsOf(
  `npm run bench -- [--quick] [--json | --write]

How lean and how fast the built action is, each figure beside what it is measured against, in one
run. The exit code is 1 if a goal is missed.

  --quick   fewer samples, and nothing in real time
  --json    the figures alone
  --write   writes docs/benchmarks.md

Starts are measured on a real API server where etcd, kube-apiserver and kubectl are on the PATH,
which run on the loopback as long as that takes; else on the one of the tests.`,
  { options: { quick: FLAG, json: FLAG, write: FLAG } },
);

/** Rounds, loops, and how many times faster than it was a recording is played. */
const PLAN = options.has('quick')
  ? { start: 5, latency: 5, loops: 8, speed: 8, quiet: 0, scale: 2 }
  : { start: 31, latency: 21, loops: 32, speed: 1, quiet: 180, scale: 7 };

const SIZES: readonly (readonly [applications: number, shares: boolean])[] = [
  ...[1, 10, 100, 1000, 5000].map((size) => [size, true] as const),
  [1000, false],
];

/** For whoever waits for it; the table is on stdout. */
function progress(what: string): void {
  process.stderr.write(`measuring: ${what}\n`);
}

async function measure(): Promise<Measured> {
  const fetched = measureFetched();
  progress('start');
  const starts = await measureStarts(PLAN.start);
  // Beside all that follows: it does next to nothing.
  const quiet = PLAN.quiet > 0 ? measureQuiet(PLAN.quiet) : undefined;
  progress('event to exit');
  const latency = await measureLatency(PLAN.latency, PLAN.loops);
  progress('load');
  const load = await measureLoad(PLAN.speed, undefined);
  const scale = [];
  for (const [size, shares] of SIZES) {
    progress(`${size} Applications${shares ? '' : ' that share nothing'}`);
    scale.push(await measureScale(size, shares, PLAN.scale));
  }
  return { fetched, starts, latency, load: { ...load, quiet: await quiet }, scale };
}

const measured = await measure();
const rows = rowsOf(measured);
const missed = rows.filter(({ held }) => held === false);
if (options.has('write')) writeFileSync(join(ROOT, 'docs', 'benchmarks.md'), page(measured));
if (options.has('json')) {
  console.log(JSON.stringify({ node: process.version, goals: GOALS, ...measured, rows }, null, 2));
} else {
  console.log(plain(rows));
  const misses = missed.map(({ what, ours, p90, beside, ratio, goal }) =>
    [`  ${what}: ${ours}`, p90, beside, ratio, `(${goal})`].filter(Boolean).join(', '),
  );
  console.log(misses.length === 0 ? '\nall goals held' : `\nMISSED:\n${misses.join('\n')}`);
}
process.exitCode = missed.length === 0 ? 0 : 1;
