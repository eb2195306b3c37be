import type { V1PolicyRule } from '@kubernetes/client-node';
import type { StepResult } from '../../__tests__/support/action.ts';
import { loadTrace } from '../../__tests__/support/replay.ts';
import { type Case, type Faults, logFaults, outputFaults } from './checks.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import { fanCases } from './fan.ts';
import { APPLICATION, GROUP } from './kinds.ts';
import { act, liveFaults, playRecording, recordingFaults } from './play.ts';
import { staged } from './recording.ts';
import { rolloutCases } from './rollouts.ts';
import { windowCases } from './windows.ts';

/** The accounts are made first: each has no more than what its feature is documented to need. */
export async function cases(lab: Lab, recordings: readonly string[]): Promise<readonly Case[]> {
  const reader = await lab.account('reader', documentedRules('argocd-post-sync'));
  const lister = await lab.account('lister', onApplications('get', 'list'));
  const stranger = await lab.account('stranger', []);
  const trigger = await lab.account('trigger', onApplications('get', 'list', 'watch', 'patch'));
  return [
    ...recordings.map((name) => ({
      name: `recording ${name}`,
      run: () =>
        loadTrace(name).live.length > 0
          ? liveFaults(lab, 'reader', reader, name)
          : recordingFaults(lab, reader, name),
    })),
    ...rights(lab, { reader, lister, stranger }),
    ...features(lab, { reader, trigger }),
    ...(await fanCases(lab, reader)),
    ...(await windowCases(lab, reader)),
    ...(await rolloutCases(lab, reader)),
  ];
}

function onApplications(...verbs: readonly string[]): readonly V1PolicyRule[] {
  return [{ apiGroups: [GROUP], resources: [APPLICATION.plural], verbs: [...verbs] }];
}

function rights(
  lab: Lab,
  { reader, lister, stranger }: Readonly<Record<'reader' | 'lister' | 'stranger', string>>,
): readonly Case[] {
  return [
    {
      name: 'list only: it polls',
      run: async () => {
        const inputs = { 'poll-interval': '1s' };
        const result = await playRecording(lab, lister, 'multi-source', { inputs, speed: 0.5 });
        return [
          ...outputFaults(result, { conclusion: 'success', 'changed-count': '1' }),
          ...logFaults(result, /Cannot watch, so Applications are listed every 1 s/),
        ];
      },
    },
    {
      name: 'no rights: 403 with the Role',
      run: async () => {
        const result = await lookAt(lab, stranger, 'shop');
        const subject = `{ kind: ServiceAccount, namespace: ${lab.namespace}, name: stranger }`;
        return [
          ...outputFaults(result, { conclusion: 'failure', reason: 'forbidden' }),
          ...logFaults(result, /kind: Role\b/, /verbs: \[list, watch\]/, subject),
        ];
      },
    },
    {
      name: 'no such token: 401',
      run: async () => {
        const result = await lookAt(lab, 'not-a-token', 'shop');
        return outputFaults(result, { conclusion: 'failure', reason: 'unauthorized' });
      },
    },
    {
      name: 'a token of an account that is gone: 401',
      run: async () => {
        const token = await lab.account('passing', onApplications('get', 'list', 'watch'));
        await lab.removeAccount('passing');
        const result = await lookAt(lab, token, 'shop');
        return outputFaults(result, { conclusion: 'failure', reason: 'unauthorized' });
      },
    },
    {
      name: 'a namespace of others: 403 names it',
      run: async () => {
        const inputs = { application: 'default/shop', revision: 'none' };
        const result = await act(lab, reader, { inputs });
        return [
          ...outputFaults(result, { conclusion: 'failure', reason: 'forbidden' }),
          ...logFaults(result, /in (the )?namespace "default"/),
        ];
      },
    },
  ];
}

function features(
  lab: Lab,
  { reader, trigger }: Readonly<Record<'reader' | 'trigger', string>>,
): readonly Case[] {
  return [
    {
      name: 'a wrong name: near names',
      run: () =>
        beside(lab, {}, async ({ name }) => {
          const result = await lookAt(lab, reader, `${name}x`);
          return [
            ...outputFaults(result, { conclusion: 'failure', reason: 'missing' }),
            ...logFaults(result, `Did you mean ${name}?`),
          ];
        }),
    },
    {
      name: 'done already: ends at once',
      run: () =>
        beside(lab, {}, async ({ name, revision }) => {
          const inputs = { application: name, revision };
          const result = await act(lab, reader, { inputs });
          const slow = result.durationMs > 3000 ? [`it took ${result.durationMs} ms`] : [];
          return [...outputFaults(result, { conclusion: 'success' }), ...slow];
        }),
    },
    {
      name: 'a label selector',
      run: () =>
        beside(lab, { team: 'blue' }, async () => {
          const waitAll = (selector: string) =>
            act(lab, reader, { inputs: { selector, revision: 'none' } });
          const [blue, red] = [await waitAll('team in (blue)'), await waitAll('team=red')];
          return [
            ...outputFaults(blue, { conclusion: 'success' }),
            ...outputFaults(red, { conclusion: 'failure', reason: 'missing' }),
          ];
        }),
    },
    {
      name: 'deletion',
      run: () =>
        beside(lab, {}, async ({ name }) => {
          const result = await act(lab, reader, {
            inputs: { application: name, 'wait-for': 'deletion' },
            onLine: (line) => {
              if (line.includes('waiting for')) void lab.remove(name);
            },
          });
          return outputFaults(result, { conclusion: 'success', reason: 'deleted' });
        }),
    },
    {
      name: 'cancelled',
      run: () =>
        beside(lab, {}, async ({ name }) => {
          const result = await act(lab, reader, {
            inputs: { application: name, 'wait-for': 'deletion' },
            signal: { name: 'SIGINT', whenLog: /waiting for/ },
          });
          const late = (result.afterSignalMs ?? 0) > 1000 ? ['it took longer than a second'] : [];
          return [...outputFaults(result, { conclusion: 'cancelled' }), ...late];
        }),
    },
    {
      name: 'trigger without patch: 403 with the Role',
      run: () =>
        beside(lab, {}, async ({ name, revision }) => {
          const inputs = { application: name, revision, trigger: 'sync' };
          const result = await act(lab, reader, { inputs });
          return [
            ...outputFaults(result, { conclusion: 'failure', reason: 'forbidden' }),
            ...logFaults(result, /verbs: \[list, watch, patch\]/),
          ];
        }),
    },
    {
      name: 'trigger: the operation is requested',
      run: () =>
        beside(lab, {}, async ({ name, revision }) => {
          const inputs = { application: name, revision, trigger: 'sync', timeout: '2s' };
          const result = await act(lab, trigger, { inputs });
          const operation = JSON.stringify((await lab.get(name))?.operation ?? null);
          const asked = operation.includes(revision) ? [] : [`the operation is ${operation}`];
          return [...outputFaults(result, { conclusion: 'timeout' }), ...asked];
        }),
    },
  ];
}

function lookAt(lab: Lab, token: string, application: string): Promise<StepResult> {
  return act(lab, token, { inputs: { application, revision: 'none' } });
}

/** An Application that is done, for as long as a case takes. */
async function beside(
  lab: Lab,
  labels: Readonly<Record<string, string>>,
  run: (application: { readonly name: string; readonly revision: string }) => Promise<Faults>,
): Promise<Faults> {
  const trace = loadTrace('started-late');
  const [first] = staged(trace, lab.namespace, Date.now() + lab.clockOffsetMs, 1).first;
  if (!first) throw new Error('The recording has no first state.');
  const { name } = first.metadata;
  await lab.put({ ...first, metadata: { ...first.metadata, labels } });
  try {
    return await run({ name, revision: trace.revision });
  } finally {
    await lab.remove(name);
  }
}
