import { randomUUID } from 'node:crypto';
import { appendFileSync, closeSync, constants, openSync, statSync, writeFileSync } from 'node:fs';
import { EOL, tmpdir } from 'node:os';
import type { Destinations, Files } from './publish.js';

/** Where the runner wants what a step says. @param env the environment of the step */
export function runnerDestinations(env: Readonly<Record<string, string | undefined>>) {
  return {
    tempDir: env.RUNNER_TEMP || tmpdir(),
    summaryFile: env.GITHUB_STEP_SUMMARY ?? '',
    files: nodeFiles,
    ...runnerOutputs(env),
  } satisfies Destinations;
}

/** Written at a time; pieces may be of a few letters. */
const WRITTEN_UNITS = 65_536;

/** The real file system; synchronous calls, as nothing else is to be done by then. */
const nodeFiles: Files = {
  async create(path, pieces) {
    const file = openSync(path, 'wx', 0o600);
    try {
      let held = '';
      for (const piece of pieces) {
        held += piece;
        if (held.length < WRITTEN_UNITS) continue;
        writeFileSync(file, held);
        held = '';
      }
      writeFileSync(file, held);
    } finally {
      closeSync(file);
    }
  },
  async append(path, text) {
    appendFileSync(path, text);
  },
  async size(path) {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  },
};

/**
 * Outputs by way of the runner's file, as `setOutput` of @actions/core writes them: that library
 * loads an HTTP client, which would double the time of a start. Without `GITHUB_OUTPUT` there is
 * nothing to write to.
 */
function runnerOutputs(
  env: Readonly<Record<string, string | undefined>>,
): Pick<Destinations, 'setOutputs'> {
  const path = env.GITHUB_OUTPUT;
  if (!path) return {};
  return {
    setOutputs(values) {
      // The runner has made the file: one that is not there must not pass for written.
      const file = openSync(path, constants.O_WRONLY | constants.O_APPEND);
      try {
        writeFileSync(file, values.map(([name, value]) => heredoc(name, value)).join(''));
      } finally {
        closeSync(file);
      }
    },
  };
}

/** One value, between delimiters that nobody can guess. */
function heredoc(name: string, value: string): string {
  const delimiter = `ghadelimiter_${randomUUID()}`;
  return [`${name}<<${delimiter}`, value, delimiter, ''].join(EOL);
}
