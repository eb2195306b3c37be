/**
 * `npm run e2e`: the built action against the API server of `KUBECONFIG`, whichever it is: kind, the
 * one of envtest, a real cluster. Recordings are written into a namespace of its own as Argo CD's
 * controller wrote them, and `dist/` waits beside it with no more rights than the docs ask for.
 * Argo CD itself is not needed. `npm run e2e -- NAME…` runs the cases whose names contain one of them.
 */
import { pathToFileURL } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import { traceNames } from '../__tests__/support/replay.ts';
import { cases } from './e2e/cases.ts';
import type { Case } from './e2e/checks.ts';
import { type Lab, openLab } from './e2e/cluster.ts';
import { optionsOf } from './options.ts';

const REFUSAL = `This makes namespaces, roles, service accounts and, where they are missing, the definitions of
Argo CD and Argo Rollouts in the cluster of KUBECONFIG, and takes them away again.
Allow it for a cluster that you can spare: E2E_ALLOW=1 npm run e2e`;

interface Count {
  readonly passed: number;
  readonly failed: number;
}

async function main(wanted: readonly string[]): Promise<number> {
  if (!process.env.KUBECONFIG) {
    console.error('No cluster: KUBECONFIG is not set. These tests need a Kubernetes API server.');
    return 1;
  }
  if (process.env.E2E_ALLOW !== '1') {
    console.error(REFUSAL);
    return 1;
  }
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => cancel.abort(new Error(`Stopped by ${signal}.`)));
  }
  const config = new KubeConfig();
  config.loadFromDefault();
  const lab = await openLab(config).catch((thrown: unknown) => {
    const server = config.getCurrentCluster()?.server ?? 'no server';
    throw new Error(`No use of the cluster of KUBECONFIG (${server}): ${reasonOf(thrown)}`);
  });
  console.log(`Namespace ${lab.namespace} at ${lab.access['server']}`);
  try {
    const { passed, failed } = await runAll(lab, wanted, cancel.signal);
    console.log(`\n${passed} passed, ${failed} failed`);
    return failed > 0 || passed === 0 ? 1 : 0;
  } finally {
    await lab.close();
  }
}

async function runAll(lab: Lab, wanted: readonly string[], signal: AbortSignal): Promise<Count> {
  const all = await cases(lab, traceNames());
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
async function faultsIn({ run }: Case): Promise<readonly string[]> {
  try {
    return await run();
  } catch (thrown) {
    return [reasonOf(thrown)];
  }
}

/** What fetch could not do is in the cause of its error. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { positionals } = optionsOf(
    `KUBECONFIG=FILE E2E_ALLOW=1 npm run e2e -- [NAME…]

The built action against the API server of KUBECONFIG, with recordings that are written into a
namespace of its own. Of the cases those whose names contain one of NAME; default: all.`,
    { positionals: Number.POSITIVE_INFINITY },
  );
  main(positionals).then(
    (code) => process.exit(code),
    (thrown) => {
      console.error(reasonOf(thrown));
      process.exit(1);
    },
  );
}
