import type { StepResult } from '../../__tests__/support/action.ts';
import type { Expectation } from '../../__tests__/support/replay.ts';
import { changesOf, hooksOf } from '../../__tests__/support/results.ts';

/** What is wrong with a run of the action, in sentences; none: nothing. */
export type Faults = readonly string[];

/** What a run of the action must show. */
export interface Expected {
  readonly outputs: Readonly<Record<string, string>>;
  /** What the log says. */
  readonly log?: readonly (RegExp | string)[];
  /** How many times it says something. */
  readonly times?: Readonly<Record<string, number>>;
  readonly withinMs?: number;
  /** What is to be looked at beside the run. */
  readonly more?: (result: StepResult) => Faults | Promise<Faults>;
}

export async function runFaults(result: StepResult, expected: Expected): Promise<Faults> {
  const { outputs, log = [], times = {}, withinMs = Number.POSITIVE_INFINITY } = expected;
  const says = (what: RegExp | string) =>
    typeof what === 'string' ? result.stdout.includes(what) : what.test(result.stdout);
  const timesSaid = (what: string) => result.stdout.split(what).length - 1;
  return [
    ...outputFaults(result, outputs),
    ...log.filter((what) => !says(what)).map((what) => `the log does not say ${what}`),
    ...Object.entries(times).flatMap(([what, wanted]) =>
      difference(`times that the log says "${what}"`, `${timesSaid(what)}`, `${wanted}`),
    ),
    ...(result.durationMs > withinMs ? [`it took ${result.durationMs} ms`] : []),
    ...((await expected.more?.(result)) ?? []),
  ];
}

/** Compares a run with what its recording expects. */
export function faultsOf(result: StepResult, truth: Expectation): Faults {
  const { conclusion, reason, deployed, health, syncStatus, changes, hooks } = truth;
  return [
    ...outputFaults(result, {
      conclusion,
      ...(reason ? { reason } : {}),
      ...(deployed ? { revision: deployed } : {}),
      ...(health ? { 'health-status': health } : {}),
      ...(syncStatus ? { 'sync-status': syncStatus } : {}),
    }),
    ...(changes ? differences('changes', changesOf(result), changes) : []),
    ...(hooks ? differences('hooks', hooksOf(result), hooks) : []),
  ];
}

/** Compares a run's outputs, its exit code and its silence on stderr. */
function outputFaults(result: StepResult, outputs: Readonly<Record<string, string>>): Faults {
  const success = ['success', 'skipped'].includes(outputs.conclusion ?? '');
  const faults = [
    ...Object.entries(outputs).flatMap(([name, value]) =>
      difference(name, result.outputs[name], value),
    ),
    ...difference('exit code', String(result.exitCode), success ? '0' : '1'),
    ...difference('stderr', result.stderr, ''),
  ];
  return faults.length === 0 ? [] : [...faults, `its message: ${result.outputs['message'] ?? ''}`];
}

function difference(what: string, actual: string | undefined, wanted: string): Faults {
  return actual === wanted ? [] : [`${what} is ${actual || 'empty'}, not ${wanted || 'empty'}`];
}

/** Compares two lists in any order. */
export function differences(
  what: string,
  actual: readonly string[],
  wanted: readonly string[],
): Faults {
  const missing = wanted.filter((each) => !actual.includes(each));
  const extra = actual.filter((each) => !wanted.includes(each));
  return [
    ...missing.map((each) => `${what}: ${each} is missing`),
    ...extra.map((each) => `${what}: ${each} should not be there`),
  ];
}
