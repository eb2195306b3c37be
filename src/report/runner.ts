import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { EOL, tmpdir } from 'node:os';
import { messageOf } from '../platform/errors.js';
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

/** Without O_NONBLOCK, opening a pipe that nobody reads would wait forever, deaf to signals. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

/** Written at a time; pieces may be of a few letters. */
const WRITTEN_UNITS = 65_536;

/** The real file system; synchronous calls, as nothing else is to be done by then. */
const nodeFiles: Files = {
  async create(path, pieces) {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeAll(file, pieces);
    } catch (thrown) {
      unlinkSync(path);
      throw thrown;
    } finally {
      closeSync(file);
    }
  },
  async append(path, text) {
    const file = openSync(path, APPEND | constants.O_CREAT);
    try {
      appendWhole(file, text);
    } finally {
      closeSync(file);
    }
  },
  async size(path) {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  },
};

/** In pieces of a good size, as the whole may be longer than a text can be. */
function writeAll(file: number, pieces: Iterable<string>): void {
  let held = '';
  for (const piece of pieces) {
    held += piece;
    if (held.length < WRITTEN_UNITS) continue;
    writeText(file, held);
    held = '';
  }
  writeText(file, held);
}

/** A disk that is almost full takes less than it is given, and refuses the next call. */
function writeText(file: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) rest = rest.subarray(writeSync(file, rest));
}

/** Adds a text, or leaves the file as it was: half of one would spoil what others have written. */
function appendWhole(file: number, text: string): void {
  const stats = fstatSync(file);
  try {
    writeText(file, text);
  } catch (thrown) {
    if (stats.isFile()) ftruncateSync(file, stats.size);
    throw thrown;
  }
}

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
      const file = openSync(path, APPEND);
      try {
        appendOutputs(file, values);
      } finally {
        closeSync(file);
      }
    },
  };
}

type Values = Parameters<NonNullable<Destinations['setOutputs']>>[0];

/** @throws Error that names the outputs for which a full disk has no room; the others are written */
function appendOutputs(file: number, values: Values): void {
  try {
    appendWhole(file, values.map(heredoc).join(''));
  } catch (thrown) {
    const missing = values.filter((value) => !fits(file, value)).map(([name]) => name);
    if (missing.length === values.length) throw thrown;
    if (missing.length > 0) {
      throw new Error(`${messageOf(thrown)}; these are missing: ${missing.join(', ')}`);
    }
  }
}

function fits(file: number, value: Values[number]): boolean {
  try {
    appendWhole(file, heredoc(value));
    return true;
  } catch {
    return false;
  }
}

/** One value, between delimiters that nobody can guess. */
function heredoc([name, value]: Values[number]): string {
  const delimiter = `ghadelimiter_${randomUUID()}`;
  return [`${name}<<${delimiter}`, value, delimiter, ''].join(EOL);
}
