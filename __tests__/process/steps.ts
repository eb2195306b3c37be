import { expect } from '@jest/globals';
import { runAction, type Step, type StepResult } from '../support/action.ts';
import type { ApiServer, ServedRequest } from '../support/api-server.ts';
import { runHere, type StepHere } from '../support/run-here.ts';
import { commandsOf } from '../support/workflow-commands.ts';

type Inputs = Readonly<Record<string, string>>;

/** What a step needs to reach a server. */
export function accessTo(server: ApiServer): Inputs {
  return { server: server.url, token: server.token, 'certificate-authority': server.ca };
}

/** A step that waits on a server for whatever is deployed of `shop`, unless told otherwise. */
export function stepOn(
  server: ApiServer,
  inputs: Inputs = {},
  step: Omit<Step, 'inputs'> = {},
): Promise<StepResult> {
  return runAction(waiting(server, inputs, step));
}

/** The same in this process. */
export function stepHere(
  server: ApiServer,
  inputs: Inputs = {},
  step: Omit<StepHere, 'inputs'> = {},
): Promise<StepResult> {
  return runHere(waiting(server, inputs, step));
}

function waiting<S extends object>(server: ApiServer, inputs: Inputs, step: S) {
  return {
    ...step,
    inputs: {
      ...accessTo(server),
      application: 'shop',
      revision: 'none',
      timeout: '60s',
      ...inputs,
    },
  };
}

/** Does something a moment after a request, by default the first that watches Applications. */
export function afterFirstLook(
  server: ApiServer,
  work: () => void,
  isLook = ({ verb, path }: ServedRequest) => verb === 'watch' && path.endsWith('/applications'),
): void {
  void server.seen(isLook).then(() => setTimeout(work, 200));
}

/** The messages of a log's commands of one kind, in order. */
export function said(result: StepResult, kind: string): readonly string[] {
  return commandsOf(result.stdout).flatMap(({ name, message }) => (name === kind ? [message] : []));
}

/** What is true of every end: nothing on stderr, no stack, the exit code by the conclusion. */
export function expectEnd(result: StepResult, conclusion: string, reason: string): void {
  const { outputs, exitCode, stdout, stderr } = result;
  const shown = { conclusion: outputs['conclusion'], reason: outputs['reason'], stderr };
  expect(shown).toEqual({ conclusion, reason, stderr: '' });
  const good = conclusion === 'success' || conclusion === 'skipped';
  expect(exitCode).toBe(good ? 0 : 1);
  expect(stdout).not.toMatch(/^\s+at .*:\d+/m);
  expect(said(result, 'error').length > 0).toBe(!good);
}
