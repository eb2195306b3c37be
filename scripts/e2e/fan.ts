import type { StepResult } from '../../__tests__/support/action.ts';
import { type Fan, loadFan } from '../../__tests__/support/fan.ts';
import { applicationsOf, changesOf } from '../../__tests__/support/results.ts';
import { type Case, differences, type Faults, logFaults, outputFaults } from './checks.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import { act, play } from './play.ts';
import { lengthOf, stagedFan } from './recording.ts';

/** How many times faster than recorded: slow enough that all that happens is seen. */
const SPEED = 4;

/** What waits for several Applications of which only one name is known. */
export async function fanCases(lab: Lab, reader: string): Promise<readonly Case[]> {
  const waiter = documentedRules('argocd-post-sync');
  const sets = documentedRules('argocd-post-sync-applicationsets');
  const follower = await lab.account('follower', [...waiter, ...sets]);
  const children = { application: 'root', children: 'true' };
  const applicationset = { applicationset: 'shops' };
  return [
    ...bothWays('children', (late) => played(lab, reader, 'app-of-apps', children, late)),
    ...bothWays('applicationset', (late) =>
      played(lab, follower, 'applicationset-rolling-sync', applicationset, late),
    ),
    {
      name: 'applicationset without its right: 403 with the Role',
      run: async () => {
        const result = await act(lab, reader, { inputs: { ...applicationset, revision: 'none' } });
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

/** Writes a recording as the controllers did, while the action waits or before it begins. */
async function played(
  lab: Lab,
  token: string,
  name: string,
  inputs: Readonly<Record<string, string>>,
  late: boolean,
): Promise<Faults> {
  const fan = loadFan(name);
  const now = Date.now() + lab.clockOffsetMs;
  const startAt = late ? lengthOf(fan) : 0;
  const { first, rest, expect } = stagedFan(fan, lab.namespace, { now, speed: SPEED, startAt });
  const result = await play(
    lab,
    token,
    { first, rest },
    { inputs: { ...inputs, revision: fan.revision }, speed: SPEED },
  );
  return fanFaults(result, fan, expect, late);
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
