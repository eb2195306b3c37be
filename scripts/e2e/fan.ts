import type { V1PolicyRule } from '@kubernetes/client-node';
import type { StepResult } from '../../__tests__/support/action.ts';
import { type Fan, loadFan } from '../../__tests__/support/fan.ts';
import type { TraceEvent } from '../../__tests__/support/replay.ts';
import { applicationsOf, changesOf } from '../../__tests__/support/results.ts';
import { type Case, differences, type Faults, logFaults, outputFaults } from './checks.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import { GROUP } from './kinds.ts';
import { act, play } from './play.ts';
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
  return [
    ...bothWays('children', (late) => played(lab, reader, 'app-of-apps', CHILDREN, late)),
    ...bothWays('applicationset', (late) => played(lab, follower, ROLLING, SET, late)),
    {
      name: 'applicationset without its right: 403 with the Role',
      run: async () => {
        const result = await act(lab, reader, { inputs: { ...SET, revision: 'none' } });
        const subject = `{ kind: ServiceAccount, namespace: ${lab.namespace}, name: reader }`;
        return [
          ...outputFaults(result, { conclusion: 'failure', reason: 'forbidden' }),
          ...logFaults(result, /list applicationsets\.argoproj\.io in (the )?namespace/),
          ...logFaults(
            result,
            'resources: [applicationsets]',
            'verbs: [get, list, watch]',
            subject,
          ),
        ];
      },
    },
    {
      name: 'applicationset, list only: it polls',
      run: async () => {
        const inputs = { ...SET, 'poll-interval': '1s' };
        const { result } = await playFan(lab, lister, ROLLING, { inputs });
        return [
          ...outputFaults(result, { conclusion: 'success', reason: 'synced' }),
          ...logFaults(result, /Cannot watch, so ApplicationSets are listed every 1 s/),
        ];
      },
    },
    {
      name: 'an ApplicationSet that is deleted, with its Applications',
      run: async () => {
        const gone = loadFan(ROLLING).events.slice(0, 1);
        const rest = gone.map((event) => ({ ...event, t: 1, type: 'DELETED' as const }));
        const { result } = await playFan(lab, follower, ROLLING, { inputs: SET, rest });
        return outputFaults(result, { conclusion: 'failure', reason: 'deleted' });
      },
    },
    {
      name: 'get only: whose turn it is in a RollingSync',
      run: async () => {
        const inputs = { application: 'set-prod', timeout: '15s' };
        const options = { inputs, startAt: FIRST_STEP_AT, rest: [] };
        const { result } = await playFan(lab, getter, ROLLING, options);
        return [
          ...outputFaults(result, { conclusion: 'timeout' }),
          ...logFaults(result, 'step 1 of 3 waits for set-dev (Progressing)'),
        ];
      },
    },
    {
      name: 'applicationset: a wrong name',
      run: async () => {
        const inputs = { applicationset: 'no-such-set', revision: 'none' };
        const result = await act(lab, follower, { inputs });
        return outputFaults(result, { conclusion: 'failure', reason: 'missing' });
      },
    },
  ];
}

function bothWays(name: string, run: (late: boolean) => Promise<Faults>): readonly Case[] {
  return [
    { name: `${name}, watched`, run: () => run(false) },
    { name: `${name}, begun after the end`, run: () => run(true) },
  ];
}

function onSets(...verbs: readonly string[]): readonly V1PolicyRule[] {
  return [{ apiGroups: [GROUP], resources: ['applicationsets'], verbs: [...verbs] }];
}

/** @param late the action begins after all that was recorded */
async function played(
  lab: Lab,
  token: string,
  name: string,
  inputs: Readonly<Record<string, string>>,
  late: boolean,
): Promise<Faults> {
  const fan = loadFan(name);
  const startAt = late ? lengthOf(fan) : 0;
  const { result, expect } = await playFan(lab, token, name, { inputs, startAt });
  return fanFaults(result, fan, expect, late);
}

interface FanOptions {
  readonly inputs: Readonly<Record<string, string>>;
  /** Milliseconds into the recording at which the action begins. */
  readonly startAt?: number;
  /** What happens then; default: what was recorded. */
  readonly rest?: readonly TraceEvent[];
}

/** Writes a recording as the controllers did, while the action waits. */
async function playFan(
  lab: Lab,
  token: string,
  name: string,
  { inputs, startAt = 0, rest }: FanOptions,
): Promise<{ readonly result: StepResult; readonly expect: readonly string[] }> {
  const fan = loadFan(name);
  const now = Date.now() + lab.clockOffsetMs;
  const plan = stagedFan(fan, lab.namespace, { now, speed: SPEED, startAt });
  const score = { first: plan.first, rest: rest ?? plan.rest };
  const options = { inputs: { revision: fan.revision, ...inputs }, speed: SPEED };
  return { result: await play(lab, token, score, options), expect: plan.expect };
}

function fanFaults(
  result: StepResult,
  { revision, expect }: Fan,
  changes: readonly string[],
  late: boolean,
): Faults {
  const applications = applicationsOf(result);
  const told = applications.flatMap((each) =>
    changesOf({ results: { applications: [each] } }).map(
      (change) => `${each.application}: ${change}`,
    ),
  );
  const names = applications.map(({ application }) => application);
  return [
    ...outputFaults(result, {
      ...{ conclusion: 'success', reason: 'synced', revision },
      // Some of what came before a late start was told by what it left behind.
      ...(late ? {} : { evidence: 'complete' }),
    }),
    ...differences('Applications', names, Object.keys(expect)),
    ...differences('changes', told, changes),
    ...(/Cannot watch/.test(result.stdout) ? ['the documented rights let it poll only'] : []),
  ];
}
