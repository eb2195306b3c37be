#!/usr/bin/env node
// First of all: a signal that comes before its handlers stand ends the step without outputs.
import './platform/cancellation.js';
import { readFileSync, writeSync } from 'node:fs';
import { cancelled, isStep } from './platform/cancellation.js';
import { systemClock } from './platform/clock.js';
import { messageOf } from './platform/errors.js';
import { readOthersFile } from './platform/files.js';
import { lineWriter } from './platform/line-writer.js';
import { githubConsole } from './report/console.js';
import { runnerDestinations } from './report/runner.js';
import { run } from './run.js';

/** As in package.json, and as action.yml says. */
const OLDEST_NODE = 24;

const { env } = process;
const [STDOUT, STDERR] = [1, 2];
const stdout = lineWriter(STDOUT);
const console = githubConsole((line) => stdout.write(line));

/** For what the log cannot take; stderr may be gone too. */
function complain(line: string): void {
  try {
    writeSync(STDERR, `${line}\n`);
  } catch {
    // Nobody is left to tell; the exit code says it.
  }
}

function fault(thrown: unknown): never {
  console.error(
    `This is a bug of argocd-post-sync: ${messageOf(thrown)}. Please report it with the log of this step.`,
  );
  process.exit(1);
}

process.on('unhandledRejection', fault);
process.on('uncaughtException', fault);

/** For a person, who has whatever Node there is. */
async function local(args: readonly string[]): Promise<number> {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < OLDEST_NODE) {
    complain(`argocd-post-sync needs Node.js ${OLDEST_NODE} or later, and this is ${node}.`);
    return 1;
  }
  const { explain } = await import('./cli/explain.js');
  const { text } = await import('node:stream/consumers');
  return explain({
    args,
    stdin: async () => (process.stdin.isTTY ? undefined : text(process.stdin)),
    readFile: (path) => readFileSync(path, 'utf8'),
    directory: process.cwd(),
    now: Date.now,
    print: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
  });
}

async function step(): Promise<number> {
  const code = await run({
    env,
    readFile: readOthersFile,
    console,
    clock: systemClock(),
    destinations: runnerDestinations(env),
    random: Math.random,
    cancelled,
    expectMore,
  });
  const lost = await stdout.flush();
  if (lost === undefined) return code;
  complain(`The log of this step could not be written to stdout: ${messageOf(lost)}`);
  return 1;
}

/** V8 would take twice the memory, to spare a wait collections that it has time for. */
function expectMore(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=25');
}

if (isStep) step().then((code) => process.exit(code), fault);
else {
  local(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  }, fault);
}
