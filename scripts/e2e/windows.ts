import { A, B } from '../../__tests__/support/manifest.ts';
import { applicationOf } from './application.ts';
import { type Case, type Faults, logFaults, outputFaults } from './checks.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import { act } from './play.ts';

const MINUTE_MS = 60_000;

/** Auto-sync that a sync window of the AppProject blocks. */
export async function windowCases(lab: Lab, reader: string): Promise<readonly Case[]> {
  const waiter = documentedRules('argocd-post-sync');
  const windows = documentedRules('argocd-post-sync-windows');
  const observer = await lab.account('observer', [...waiter, ...windows]);
  return [
    {
      name: 'a deny window past the timeout: ends at once',
      run: () =>
        blocked(lab, async (opensAt) => {
          const inputs = { application: 'frozen', revision: B, timeout: '10m' };
          const result = await act(lab, observer, { inputs });
          const slow = result.durationMs > 30_000 ? [`it took ${result.durationMs} ms`] : [];
          const end = `auto-sync can start at ${opensAt}`;
          return [
            ...outputFaults(result, { conclusion: 'failure', reason: 'sync-window' }),
            ...logFaults(result, 'auto-sync cannot start before the timeout', end),
            ...slow,
          ];
        }),
    },
    {
      name: 'sync windows that may not be read: told once',
      run: () =>
        blocked(lab, async () => {
          // It asks every ten seconds.
          const inputs = { application: 'frozen', revision: B, timeout: '25s' };
          const result = await act(lab, reader, { inputs });
          const told = result.stdout.split('does not allow reading sync windows').length - 1;
          const subject = `{ kind: ServiceAccount, namespace: ${lab.namespace}, name: reader }`;
          return [
            ...outputFaults(result, { conclusion: 'timeout', reason: 'timeout' }),
            ...logFaults(result, 'resources: [appprojects], verbs: [get]', subject),
            ...(told === 1 ? [] : [`it is told ${told} times`]),
          ];
        }),
    },
  ];
}

/** An Application that is OutOfSync, in an AppProject whose deny window lasts for two hours more. */
async function blocked(lab: Lab, run: (opensAt: string) => Promise<Faults>): Promise<Faults> {
  const { namespace } = lab;
  const opened = new Date(Date.now() + lab.clockOffsetMs - 5 * MINUTE_MS);
  opened.setUTCSeconds(0, 0);
  const schedule = `${opened.getUTCMinutes()} ${opened.getUTCHours()} * * *`;
  const window = { kind: 'deny', schedule, duration: '2h', applications: ['*'] };
  const opensAt = new Date(opened.getTime() + 120 * MINUTE_MS).toISOString();
  const application = applicationOf('frozen', {
    namespace,
    revision: B,
    sync: 'OutOfSync',
    synced: A,
  });
  await lab.put({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { namespace, name: 'default' },
    spec: { syncWindows: [window] },
  });
  try {
    await lab.put(application);
    return await run(opensAt.replace('.000Z', 'Z'));
  } finally {
    await lab.remove('frozen');
    await lab.remove('default', 'AppProject');
  }
}
