/**
 * `npm run e2e`: the built action against the API server of `KUBECONFIG`, whichever it is: kind, the
 * one of envtest, a real cluster. Recordings are written into a namespace of its own as Argo CD's
 * controller wrote them, and `dist/` waits beside it with no more rights than the docs ask for.
 * Argo CD itself is not needed. `npm run e2e -- NAME…` runs the cases whose names contain one of them.
 */
import { KubeConfig } from '@kubernetes/client-node';
import { traceNames } from '../__tests__/support/replay.ts';
import { tests } from './e2e/cases.ts';
import { type Lab, openLab } from './e2e/cluster.ts';
import type { Test } from './e2e/play.ts';
import { main, messageOf, optionsOf } from './script.ts';

const REFUSAL = `This makes namespaces, roles, service accounts and, where they are missing, the definitions of
Argo CD and Argo Rollouts in the cluster of KUBECONFIG, and takes them away again.
Allow it for a cluster that you can spare: E2E_ALLOW=1 npm run e2e`;

/** @throws Error where a case fails, or none is run */
async function e2e(wanted: readonly string[]): Promise<void> {
  if (!process.env.KUBECONFIG) {
    throw new Error('No cluster: KUBECONFIG is not set. These tests need a Kubernetes API server.');
  }
  if (process.env.E2E_ALLOW !== '1') throw new Error(REFUSAL);
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => cancel.abort(new Error(`Stopped by ${signal}.`)));
  }
  const config = new KubeConfig();
  config.loadFromDefault();
  await using lab = await openLab(config).catch((thrown: unknown) => {
    const server = config.getCurrentCluster()?.server ?? 'no server';
    throw new Error(`No use of the cluster of KUBECONFIG (${server}): ${messageOf(thrown)}`);
  });
  console.log(`Namespace ${lab.namespace} at ${lab.access['server']}`);
  const { passed, failed } = await runAll(lab, wanted, cancel.signal);
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

async function runAll(lab: Lab, wanted: readonly string[], signal: AbortSignal) {
  const all = await tests(lab, traceNames());
  const chosen = all.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  );
  const width = Math.max(...chosen.map(({ name }) => name.length));
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  let failed = 0;
  for (const each of chosen) {
    signal.throwIfAborted();
    const started = performance.now();
    const faults = await Promise.race([faultsIn(each), stopped]);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const [verdict, ...details] = faults.length === 0 ? ['ok'] : ['FAILED', ...faults];
    console.log(`${each.name.padEnd(width)}  ${seconds.padStart(5)} s  ${verdict}`);
    for (const detail of details) console.log(`    ${detail}`);
    if (faults.length > 0) failed += 1;
  }
  return { passed: chosen.length - failed, failed };
}

/** A case that cannot be run at all has failed too. */
async function faultsIn({ run }: Test): Promise<readonly string[]> {
  try {
    return await run();
  } catch (thrown) {
    return [messageOf(thrown)];
  }
}

if (import.meta.main) {
  const { positionals } = optionsOf(
    `KUBECONFIG=FILE E2E_ALLOW=1 npm run e2e -- [NAME…]

The built action against the API server of KUBECONFIG, with recordings that are written into a
namespace of its own. Of the cases those whose names contain one of NAME; default: all.`,
    { positionals: Number.POSITIVE_INFINITY },
  );
  await main(() => e2e(positionals));
  // A case that was stopped may still be waiting.
  process.exit();
}
