import type { V1PolicyRule } from '@kubernetes/client-node';
import type { StepResult } from '../../__tests__/support/action.ts';
import { loadFan } from '../../__tests__/support/fan.ts';
import { applicationsOf, changesOf } from '../../__tests__/support/results.ts';
import { differences, type Faults } from './checks.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import type { Case } from './play.ts';
import { lengthOf, stagedFan } from './recording.ts';

/** How many times faster than recorded: slow enough that all that happens is seen. */
const SPEED = 4;
const CHILDREN = { application: 'root', children: 'true' };
const ROLLING = 'applicationset-rolling-sync';
const SET = { applicationset: 'shops' };
/** Milliseconds into `ROLLING`: its first step is Progressing, the last one has to wait. */
const FIRST_STEP_AT = 1800;

/** What waits for several Applications of which only one name is known. */
export async function fanCases(lab: Lab, reader: string): Promise<readonly Case[]> {
  const waiter = documentedRules('argocd-post-sync');
  const sets = documentedRules('argocd-post-sync-applicationsets');
  const follower = await lab.account('follower', [...waiter, ...sets]);
  const lister = await lab.account('set-lister', [...waiter, ...onSets('get', 'list')]);
  const getter = await lab.account('set-getter', [...waiter, ...onSets('get')]);
  const { revision } = loadFan(ROLLING);
  const polling = { ...SET, revision, 'poll-interval': '1s' };
  return [
    ...played(lab, reader, 'app-of-apps', 'children', CHILDREN),
    ...played(lab, follower, ROLLING, 'applicationset', SET),
    {
      name: 'applicationset without its right: 403 with the Role',
      token: reader,
      inputs: { ...SET, revision: 'none' },
      outputs: { conclusion: 'failure', reason: 'forbidden' },
      log: [
        /list applicationsets\.argoproj\.io in (the )?namespace/,
        'resources: [applicationsets]',
        'verbs: [get, list, watch]',
        `{ kind: ServiceAccount, namespace: ${lab.namespace}, name: reader }`,
      ],
    },
    {
      ...{ name: 'applicationset, list only: it polls', token: lister, inputs: polling },
      ...{ score: () => staged(lab, ROLLING), speed: SPEED },
      outputs: { conclusion: 'success', reason: 'synced' },
      log: [/Cannot watch, so ApplicationSets are listed every 1 s/],
    },
    {
      name: 'an ApplicationSet that is deleted, with its Applications',
      ...{ token: follower, inputs: { ...SET, revision } },
      score: () => {
        const { first } = staged(lab, ROLLING);
        const gone = first.filter(({ kind }) => kind === 'ApplicationSet');
        return { first, rest: gone.map((object) => ({ t: 1, type: 'DELETED', object })) };
      },
      outputs: { conclusion: 'failure', reason: 'deleted' },
    },
    {
      name: 'get only: whose turn it is in a RollingSync',
      ...{ token: getter, inputs: { application: 'set-prod', revision, timeout: '15s' } },
      score: () => ({ ...staged(lab, ROLLING, FIRST_STEP_AT), rest: [] }),
      outputs: { conclusion: 'timeout' },
      log: ['step 1 of 3 waits for set-dev (Progressing)'],
    },
    {
      ...{ name: 'applicationset: a wrong name', token: follower },
      inputs: { applicationset: 'no-such-set', revision: 'none' },
      outputs: { conclusion: 'failure', reason: 'missing' },
    },
  ];
}

function onSets(...verbs: readonly string[]): readonly V1PolicyRule[] {
  return [{ apiGroups: ['argoproj.io'], resources: ['applicationsets'], verbs: [...verbs] }];
}

/** A recording as the controllers wrote it. @param startAt milliseconds into it; default: all of it */
function staged({ namespace, clockOffsetMs }: Lab, name: string, startAt = 0) {
  const now = Date.now() + clockOffsetMs;
  return stagedFan(loadFan(name), { namespace, now, speed: SPEED, startAt });
}

/** A recording that is watched, and one that is over when the action begins. */
function played(
  lab: Lab,
  token: string,
  name: string,
  title: string,
  inputs: Readonly<Record<string, string>>,
): readonly Case[] {
  const fan = loadFan(name);
  const { revision } = fan;
  const { expect } = staged(lab, name);
  const common = { token, inputs: { revision, ...inputs }, speed: SPEED };
  const outputs = { conclusion: 'success', reason: 'synced', revision };
  const more = (result: StepResult) => [
    ...differences('Applications', namesOf(result), Object.keys(fan.expect)),
    ...differences('changes', changesByName(result), expect),
    ...(/Cannot watch/.test(result.stdout) ? ['the documented rights let it poll only'] : []),
  ];
  return [
    {
      ...{ name: `${title}, watched`, ...common, more },
      score: () => staged(lab, name),
      outputs: { ...outputs, evidence: 'complete' },
    },
    {
      ...{ name: `${title}, begun after the end`, ...common, more },
      score: () => staged(lab, name, lengthOf(fan)),
      // Some of what came before was told by what it left behind: the evidence may be less.
      outputs,
    },
  ];
}

function namesOf(result: StepResult): readonly string[] {
  return applicationsOf(result).map(({ application }) => application);
}

function changesByName(result: StepResult): Faults {
  return applicationsOf(result).flatMap((each) =>
    changesOf({ results: { applications: [each] } }).map(
      (change) => `${each.application}: ${change}`,
    ),
  );
}
