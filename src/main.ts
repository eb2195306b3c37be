#!/usr/bin/env node
import { readFileSync, writeSync } from 'node:fs';
import { systemClock } from './platform/clock.js';
import { messageOf } from './platform/errors.js';
import { readOthersFile } from './platform/files.js';
import { githubConsole } from './report/console.js';
import { runnerDestinations } from './report/runner.js';
import { run } from './run.js';

/** GitHub cancels a step by SIGINT, then SIGTERM, and kills it some seconds later. */
const CANCELLATIONS = ['SIGINT', 'SIGTERM'] as const;

/** As in package.json, and as action.yml says. */
const OLDEST_NODE = 24;

const { env } = process;
const cancel = new AbortController();
const STDOUT = 1;
const console = githubConsole(print);

/** Without the stream that Node would make for it, but where a pipe is full and does not block. */
function print(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(STDOUT, rest));
  } catch {
    process.stdout.write(rest);
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

/** A runner gives no arguments; a person who does has a terminal, and whatever Node there is. */
async function local(args: readonly string[]): Promise<number> {
  const complain = (text: string) => process.stderr.write(text);
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < OLDEST_NODE) {
    complain(`argocd-post-sync needs Node.js ${OLDEST_NODE} or later, and this is ${node}.\n`);
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
    complain,
  });
}

function step(): Promise<number> {
  for (const signal of CANCELLATIONS) process.on(signal, () => cancel.abort());
  return run({
    env,
    readFile: readOthersFile,
    console,
    clock: systemClock(),
    destinations: runnerDestinations(env),
    random: Math.random,
    cancelled: cancel.signal,
    expectMore,
  });
}

/** V8 would take twice the memory, to spare a wait collections that it has time for. */
function expectMore(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=25');
}

const args = process.argv.slice(2);
if (args.length > 0) {
  local(args).then((code) => {
    process.exitCode = code;
  }, fault);
} else step().then((code) => process.exit(code), fault);
