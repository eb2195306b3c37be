import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { B, manifest } from '../../__tests__/support/manifest.ts';
import {
  abortedFor,
  FAILED_METRIC,
  FAILED_RUN,
  pausedFor,
  rollout,
} from '../../__tests__/support/rollouts.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import type { Case } from './play.ts';
import type { Score } from './recording.ts';

/** Applications with a Rollout of Argo Rollouts that is in the way. */
export async function rolloutCases(lab: Lab, reader: string): Promise<readonly Case[]> {
  const waiter = documentedRules('argocd-post-sync');
  const within = documentedRules('argocd-post-sync-within');
  const insider = await lab.account('insider', [...waiter, ...within]);
  const inputs = { application: 'canary', revision: B, 'live-evidence': 'off' };
  const paused = [rollout({ status: pausedFor('CanaryPauseStep', 1) })];
  const aborted = [rollout({ status: abortedFor(FAILED_METRIC) }), FAILED_RUN];
  return [
    {
      name: 'a paused Rollout: its step',
      token: insider,
      inputs: { ...inputs, suspended: 'fail' },
      score: () => scoreWith(lab, 'Suspended', paused),
      outputs: { conclusion: 'failure', reason: 'suspended' },
      log: ['Rollout/web is paused at step 2 of 5 (RolloutPaused, weight 20'],
    },
    {
      name: 'an aborted Rollout: the metric that failed',
      token: insider,
      inputs: { ...inputs, 'degraded-grace': '0s' },
      score: () => scoreWith(lab, 'Degraded', aborted),
      outputs: { conclusion: 'failure', reason: 'degraded' },
      log: [/metric success-rate of AnalysisRun \S+ failed \(last value \[0\.87\]\)/],
    },
    {
      name: 'a Rollout that may not be read: told once with the Role',
      token: reader,
      inputs: { ...inputs, timeout: '25s' },
      score: () => scoreWith(lab, 'Suspended', paused),
      outputs: { conclusion: 'timeout', reason: 'suspended' },
      log: ['resources: [rollouts], verbs: [get]'],
      // A Role and its binding.
      times: { 'metadata: { name: argocd-post-sync-within, namespace': 2 },
    },
  ];
}

/** An Application of a health with live objects, all in one namespace. */
function scoreWith({ namespace }: Lab, health: string, live: readonly KubeObject[]): Score {
  const web = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', name: 'web' };
  const destination = { server: 'https://kubernetes.default.svc', namespace };
  const application = manifest('canary', {
    ...{ namespace, destination, revision: B, health },
    resources: [{ ...web, namespace, status: 'Synced', health: { status: health } }],
  });
  const first = live.map(({ metadata, ...rest }): KubeObject => {
    const { uid: _, resourceVersion: __, generation: ___, ...kept } = metadata;
    return { ...rest, metadata: { ...kept, namespace } };
  });
  return { first: [...first, application], rest: [] };
}
