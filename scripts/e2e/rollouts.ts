import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { B } from '../../__tests__/support/manifest.ts';
import {
  abortedFor,
  FAILED_METRIC,
  FAILED_RUN,
  pausedFor,
  rollout,
} from '../../__tests__/support/rollouts.ts';
import { applicationOf } from './application.ts';
import { type Case, type Faults, logFaults, outputFaults } from './checks.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import { act, putter } from './play.ts';

/** Applications with a Rollout of Argo Rollouts that is in the way. */
export async function rolloutCases(lab: Lab, reader: string): Promise<readonly Case[]> {
  const waiter = documentedRules('argocd-post-sync');
  const within = documentedRules('argocd-post-sync-within');
  const insider = await lab.account('insider', [...waiter, ...within]);
  const inputs = { application: 'canary', revision: B, 'live-evidence': 'off' };
  const paused = rollout({ status: pausedFor('CanaryPauseStep', 1) });
  const aborted = rollout({ status: abortedFor(FAILED_METRIC) });
  return [
    {
      name: 'a paused Rollout: its step',
      run: () =>
        beside(lab, 'Suspended', [paused], async () => {
          const result = await act(lab, insider, { inputs: { ...inputs, suspended: 'fail' } });
          return [
            ...outputFaults(result, { conclusion: 'failure', reason: 'suspended' }),
            ...logFaults(result, 'Rollout/web is paused at step 2 of 5 (RolloutPaused, weight 20'),
          ];
        }),
    },
    {
      name: 'an aborted Rollout: the metric that failed',
      run: () =>
        beside(lab, 'Degraded', [aborted, FAILED_RUN], async () => {
          const result = await act(lab, insider, { inputs: { ...inputs, 'degraded-grace': '0s' } });
          return [
            ...outputFaults(result, { conclusion: 'failure', reason: 'degraded' }),
            ...logFaults(
              result,
              /metric success-rate of AnalysisRun \S+ failed \(last value \[0\.87\]\)/,
            ),
          ];
        }),
    },
    {
      name: 'a Rollout that may not be read: told once with the Role',
      run: () =>
        beside(lab, 'Suspended', [paused], async () => {
          const result = await act(lab, reader, { inputs: { ...inputs, timeout: '25s' } });
          const role = 'name: argocd-post-sync-within';
          const told = result.stdout.split(`metadata: { ${role}, namespace`).length - 1;
          return [
            ...outputFaults(result, { conclusion: 'timeout', reason: 'suspended' }),
            ...logFaults(result, 'resources: [rollouts], verbs: [get]'),
            // A Role and its binding.
            ...(told === 2 ? [] : [`${role} is in the log ${told} times, not twice`]),
          ];
        }),
    },
  ];
}

/** An Application of a health with live objects, all in one namespace. */
async function beside(
  lab: Lab,
  health: string,
  live: readonly KubeObject[],
  run: () => Promise<Faults>,
): Promise<Faults> {
  const { namespace } = lab;
  const web = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', name: 'web' };
  const destination = { server: 'https://kubernetes.default.svc', namespace };
  const application = applicationOf('canary', {
    ...{ namespace, destination, revision: B, health },
    resources: [{ ...web, namespace, status: 'Synced', health: { status: health } }],
  });
  const put = putter(lab);
  try {
    for (const object of live) {
      const { uid: _, resourceVersion: __, generation: ___, ...metadata } = object.metadata;
      await put({ ...object, metadata: { ...metadata, namespace } });
    }
    await lab.put(application);
    return await run();
  } finally {
    await lab.remove('canary');
    for (const { kind, metadata } of live) await lab.remove(metadata.name, kind);
  }
}
