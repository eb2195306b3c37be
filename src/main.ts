import { tmpdir } from 'node:os';
import { systemClock } from './clock.js';
import { messageOf } from './errors.js';
import { readOthersFile } from './files.js';
import { githubConsole } from './report/console.js';
import { nodeFiles, runnerOutputs } from './report/publish.js';
import { run } from './run.js';

/** GitHub cancels a step by SIGINT, then SIGTERM, and kills it some seconds later. */
const CANCELLATIONS = ['SIGINT', 'SIGTERM'] as const;

const { env } = process;
const cancel = new AbortController();
const console = githubConsole((line) => process.stdout.write(`${line}\n`));

function fault(thrown: unknown): never {
  console.error(
    `This is a bug of argocd-post-sync: ${messageOf(thrown)}. Please report it with the log of this step.`,
  );
  process.exit(1);
}

process.on('unhandledRejection', fault);
process.on('uncaughtException', fault);
for (const signal of CANCELLATIONS) process.on(signal, () => cancel.abort());

run({
  env,
  readFile: readOthersFile,
  console,
  clock: systemClock(),
  destinations: {
    tempDir: env['RUNNER_TEMP'] || tmpdir(),
    summaryFile: /^\s*false\s*$/.test(env['INPUT_SUMMARY'] ?? '')
      ? ''
      : (env['GITHUB_STEP_SUMMARY'] ?? ''),
    files: nodeFiles,
    ...runnerOutputs(env),
  },
  random: Math.random,
  cancelled: cancel.signal,
}).then((code) => process.exit(code), fault);
