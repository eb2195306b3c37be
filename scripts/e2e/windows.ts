import { A, B, manifest } from '../../__tests__/support/manifest.ts';
import type { Lab } from './cluster.ts';
import { documentedRules } from './documented.ts';
import type { Case } from './play.ts';
import type { Score } from './recording.ts';

const MINUTE_MS = 60_000;

/** Auto-sync that a sync window of the AppProject blocks. */
export async function windowCases(lab: Lab, reader: string): Promise<readonly Case[]> {
  const { namespace, clockOffsetMs } = lab;
  const waiter = documentedRules('argocd-post-sync');
  const windows = documentedRules('argocd-post-sync-windows');
  const observer = await lab.account('observer', [...waiter, ...windows]);
  const began = new Date(Date.now() + clockOffsetMs - 5 * MINUTE_MS);
  began.setUTCSeconds(0, 0);
  const opensAt = new Date(began.getTime() + 120 * MINUTE_MS).toISOString().replace('.000Z', 'Z');
  const inputs = { application: 'frozen', revision: B };
  const score = () => blocked(namespace, began);
  return [
    {
      name: 'a deny window past the timeout: ends at once',
      ...{ token: observer, inputs: { ...inputs, timeout: '10m' }, score },
      outputs: { conclusion: 'failure', reason: 'sync-window' },
      log: ['auto-sync cannot start before the timeout', `auto-sync can start at ${opensAt}`],
      withinMs: 30_000,
    },
    {
      name: 'sync windows that may not be read: told once',
      // It asks every ten seconds.
      ...{ token: reader, inputs: { ...inputs, timeout: '25s' }, score },
      outputs: { conclusion: 'timeout', reason: 'timeout' },
      log: [
        'resources: [appprojects], verbs: [get]',
        `{ kind: ServiceAccount, namespace: ${namespace}, name: reader }`,
      ],
      times: { 'does not allow reading sync windows': 1 },
    },
  ];
}

/** An Application that is OutOfSync, in an AppProject whose deny window began and lasts two hours. */
function blocked(namespace: string, began: Date): Score {
  const schedule = `${began.getUTCMinutes()} ${began.getUTCHours()} * * *`;
  const window = { kind: 'deny', schedule, duration: '2h', applications: ['*'] };
  const project = {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject' },
    metadata: { namespace, name: 'default' },
    spec: { syncWindows: [window] },
  };
  const look = { namespace, revision: B, sync: 'OutOfSync', synced: A };
  return { first: [project, manifest('frozen', look)], rest: [] };
}
