import { unlessAborted } from '../../src/platform/abort.js';
import { type Clock, systemClock } from '../../src/platform/clock.js';
import { readOthersFile } from '../../src/platform/files.js';
import { githubConsole } from '../../src/report/console.js';
import { runnerDestinations } from '../../src/report/runner.js';
import { run } from '../../src/run.js';
import { type Step, type StepResult, staged } from './action.ts';

export interface StepHere extends Omit<Step, 'root' | 'signal' | 'onStart'> {
  readonly clock?: Clock;
  /** Called when the run expects thousands of objects. */
  readonly expectMore?: () => void;
}

/** Time in which nothing is waited for until something has happened: no timeout before a first look. */
export function clockFrom(begin: Promise<unknown>): Clock {
  const clock = systemClock();
  return {
    ...clock,
    async sleep(ms, signal) {
      await (signal ? unlessAborted(begin, signal) : begin);
      return clock.sleep(ms, signal);
    },
  };
}

/**
 * Runs the action's sources in this process, on the same stage as `runAction`: all but what only a
 * process shows, such as signals, a closed stdout, or code that the bundle lacks.
 */
export function runHere(step: StepHere = {}): Promise<StepResult> {
  return staged(step, async ({ env }) => {
    const lines: string[] = [];
    const began = performance.now();
    const exitCode = await run({
      env,
      readFile: readOthersFile,
      console: githubConsole((line) => {
        lines.push(line);
        step.onLine?.(line);
      }),
      clock: step.clock ?? systemClock(),
      destinations: runnerDestinations(env),
      random: Math.random,
      cancelled: new AbortController().signal,
      expectMore: step.expectMore ?? (() => undefined),
    });
    return {
      exitCode,
      signal: null,
      stdout: lines.map((line) => `${line}\n`).join(''),
      stderr: '',
      durationMs: performance.now() - began,
      afterSignalMs: undefined,
    };
  });
}
