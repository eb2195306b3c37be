import { appendFileSync, closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { EOL, tmpdir } from 'node:os';
import {
  issueFileCommand,
  prepareKeyValueMessage,
} from '../../node_modules/@actions/core/lib/file-command.js';
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
 * Outputs by way of the runner's file, which the library separates with a delimiter that no value
 * can know. Only that part of the library: the rest of it, an HTTP client, is most of a start.
 * Without `GITHUB_OUTPUT` there is nothing to write to.
 */
function runnerOutputs(
  env: Readonly<Record<string, string | undefined>>,
): Pick<Destinations, 'setOutputs'> {
  if (!env.GITHUB_OUTPUT) return {};
  return {
    setOutputs(values) {
      const messages = values.map(([name, value]) => prepareKeyValueMessage(name, value));
      issueFileCommand('OUTPUT', messages.join(EOL));
    },
  };
}
