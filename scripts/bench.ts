/**
 * `npm run bench`: how lean and how fast the built action is, each figure beside what it is measured
 * against, in one run. `--json` prints the figures alone, `--quick` takes fewer samples, `--write`
 * writes docs/benchmarks.md and its picture. The exit code is 1 if a goal is missed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../__tests__/support/action.ts';
import { measureLatency } from './bench/latency.ts';
import { measureLoad, measureLong } from './bench/load.ts';
import { page } from './bench/page.ts';
import { plot } from './bench/plot.ts';
import { GOALS, type Measured, rowsOf } from './bench/rows.ts';
import { measureScale } from './bench/scale.ts';
import { measureStart } from './bench/start.ts';
import { cellsOf, plain } from './bench/table.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

const SIZES = [1, 10, 100, 1000, 5000];
/** Rounds, loops, and how many times faster than it was a recording is played. */
const PLAN = options.quick
  ? { start: 5, latency: 5, loops: 8, speed: 8, long: 0, scale: 2 }
  : { start: 31, latency: 21, loops: 32, speed: 1, long: 180, scale: 7 };

/** For whoever waits for it; the table is on stdout. */
function progress(what: string): void {
  process.stderr.write(`measuring: ${what}\n`);
}

async function measure(): Promise<Measured> {
  progress('start');
  const start = await measureStart(PLAN.start);
  // Beside all that follows: it does next to nothing.
  const long = PLAN.long > 0 ? measureLong(PLAN.long) : undefined;
  progress('latency');
  const latency = await measureLatency(PLAN.latency, PLAN.loops);
  progress('load');
  const load = await measureLoad(PLAN.speed);
  const scale = [];
  for (const size of SIZES) {
    progress(`${size} Applications`);
    scale.push(await measureScale(size, PLAN.scale));
  }
  return { start, latency, load: { ...load, long: await long }, scale };
}

const measured = await measure();
const rows = rowsOf(measured);
const missed = rows.filter(({ held }) => held === false);

if (options.write) {
  writeFileSync(join(ROOT, 'docs', 'benchmarks.md'), page(measured, rows));
  writeFileSync(join(ROOT, 'docs', 'benchmarks.svg'), plot(measured));
}
if (options.json) {
  console.log(JSON.stringify({ node: process.version, goals: GOALS, ...measured, rows }, null, 2));
} else {
  console.log(plain(cellsOf(rows)));
  const misses = missed.map(({ what, ours, ratio, goal }) => `${what}: ${ours} ${ratio} (${goal})`);
  console.log(missed.length === 0 ? '\nall goals held' : `\nMISSED:\n  ${misses.join('\n  ')}`);
}
process.exitCode = missed.length === 0 ? 0 : 1;
