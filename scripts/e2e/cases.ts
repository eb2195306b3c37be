import type { V1PolicyRule } from '@kubernetes/client-node';
import { loadTrace } from '../../__tests__/support/replay.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import { fanCases } from './fan.ts';
import { type Case, scoreOf, type Test, testOf, testOfRecording } from './play.ts';
import type { Score } from './recording.ts';
import { rolloutCases } from './rollouts.ts';
import { windowCases } from './windows.ts';

/** The accounts are made first: each has no more than what its feature is documented to need. */
export async function tests(lab: Lab, recordings: readonly string[]): Promise<readonly Test[]> {
  const waiter = documentedRules('argocd-post-sync');
  const reader = await lab.account('reader', waiter);
  const cases = [
    ...(await rights(lab, reader)),
    ...(await features(lab, reader)),
    ...(await fanCases(lab, reader)),
    ...(await windowCases(lab, reader)),
    ...(await rolloutCases(lab, reader)),
  ];
  return [
    ...recordings.map((name) => testOfRecording(lab, 'reader', reader, name)),
    ...cases.map((each) => testOf(lab, each)),
  ];
}

function onApplications(...verbs: readonly string[]): readonly V1PolicyRule[] {
  return [{ apiGroups: ['argoproj.io'], resources: ['applications'], verbs: [...verbs] }];
}

const FORBIDDEN = { conclusion: 'failure', reason: 'forbidden' };
const UNAUTHORIZED = { conclusion: 'failure', reason: 'unauthorized' };
const MISSING = { conclusion: 'failure', reason: 'missing' };
const SUCCESS = { conclusion: 'success' };

async function rights(lab: Lab, reader: string): Promise<readonly Case[]> {
  const lister = await lab.account('lister', onApplications('get', 'list'));
  const stranger = await lab.account('stranger', []);
  const passing = await lab.account('passing', onApplications('get', 'list', 'watch'));
  await lab.removeAccount('passing');
  const { application, revision } = loadTrace('multi-source');
  const inputs = { application: 'shop', revision: 'none' };
  const subject = `{ kind: ServiceAccount, namespace: ${lab.namespace}, name: stranger }`;
  return [
    {
      name: 'list only: it polls',
      token: lister,
      inputs: { application, revision, 'poll-interval': '1s' },
      score: () => scoreOf(lab, 'multi-source', 0.5),
      speed: 0.5,
      outputs: { ...SUCCESS, 'changed-count': '1' },
      log: [/Cannot watch, so Applications are listed every 1 s/],
    },
    {
      ...{ name: 'no rights: 403 with the Role', token: stranger, inputs, outputs: FORBIDDEN },
      log: [/kind: Role\b/, /verbs: \[list, watch\]/, subject],
    },
    { name: 'no such token: 401', token: 'not-a-token', inputs, outputs: UNAUTHORIZED },
    {
      ...{ name: 'a token of an account that is gone: 401', token: passing, inputs },
      outputs: UNAUTHORIZED,
    },
    {
      name: 'a namespace of others: 403 names it',
      token: reader,
      inputs: { application: 'default/shop', revision: 'none' },
      outputs: FORBIDDEN,
      log: [/in (the )?namespace "default"/],
    },
  ];
}

/** Beside an Application that is done. */
async function features(lab: Lab, reader: string): Promise<readonly Case[]> {
  const trigger = await lab.account('trigger', onApplications('get', 'list', 'watch', 'patch'));
  const { application, revision } = loadTrace('started-late');
  const inputs = { application, revision };
  const deletion = { application, 'wait-for': 'deletion' };
  const cases: readonly Case[] = [
    {
      name: 'a wrong name: near names',
      token: reader,
      inputs: { application: `${application}x`, revision: 'none' },
      outputs: MISSING,
      log: [`Did you mean ${application}?`],
    },
    {
      ...{ name: 'done already: ends at once', token: reader, inputs },
      outputs: SUCCESS,
      withinMs: 3000,
    },
    {
      name: 'a label selector',
      token: reader,
      inputs: { selector: 'team in (blue)', revision: 'none' },
      outputs: SUCCESS,
    },
    {
      name: 'a label selector that nothing has',
      token: reader,
      inputs: { selector: 'team=red', revision: 'none' },
      outputs: MISSING,
    },
    {
      ...{ name: 'deletion', token: reader, inputs: deletion },
      score: () => {
        const { first } = done(lab);
        return { first, rest: first.map((object) => ({ t: 0, type: 'DELETED', object })) };
      },
      outputs: { ...SUCCESS, reason: 'deleted' },
    },
    {
      ...{ name: 'cancelled', token: reader, inputs: deletion },
      signal: { name: 'SIGINT', whenLog: /waiting for/ },
      outputs: { conclusion: 'cancelled' },
      more: ({ afterSignalMs = 0 }) => (afterSignalMs > 1000 ? ['it took over a second'] : []),
    },
    {
      name: 'trigger without patch: 403 with the Role',
      token: reader,
      inputs: { ...inputs, trigger: 'sync' },
      outputs: FORBIDDEN,
      log: [/verbs: \[list, watch, patch\]/],
    },
    {
      name: 'trigger: the operation is requested',
      token: trigger,
      inputs: { ...inputs, trigger: 'sync', timeout: '2s' },
      outputs: { conclusion: 'timeout' },
      more: async () => {
        const operation = JSON.stringify((await lab.get(application))?.operation ?? null);
        return operation.includes(revision) ? [] : [`the operation is ${operation}`];
      },
    },
  ];
  return cases.map((each) => ({ score: () => done(lab), ...each }));
}

/** An Application that is done. */
function done(lab: Lab): Score {
  const { first } = scoreOf(lab, 'started-late', 1);
  const labels = { team: 'blue' };
  return {
    first: first.map((each) => ({ ...each, metadata: { ...each.metadata, labels } })),
    rest: [],
  };
}
