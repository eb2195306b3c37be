import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseApplication } from '../../../src/core/application/parse.js';
import type { Json } from '../../../src/core/fields/lists.js';
import { readInputs } from '../../../src/inputs/index.js';
import { systemClock } from '../../../src/platform/clock.js';
import { connect } from '../../../src/sources/kubernetes/connect.js';
import { kubernetesSource } from '../../../src/sources/kubernetes/index.js';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { recordingLog } from '../../support/recording-log.ts';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server.close());

async function reader() {
  const { access } = await readInputs(
    {
      INPUT_APPLICATION: 'shop',
      INPUT_SERVER: server.url,
      INPUT_TOKEN: server.token,
      'INPUT_CERTIFICATE-AUTHORITY': server.ca,
    },
    () => '',
  );
  const log = recordingLog();
  const connection = await connect(access, { env: {}, log, mask: () => undefined });
  const source = kubernetesSource({
    ...{ connection, log, selection: {}, clock: systemClock(), random: Math.random },
    ...{ parse: parseApplication, pollIntervalMs: 1000 },
  });
  const made = await source.reader?.();
  if (!made) throw new Error('no reader');
  return made;
}

const query = (kind: string, name: string, group = '') => ({
  ...{ group, version: 'v1', kind, name, namespace: 'shop', defaultNamespace: 'shop' },
  application: { namespace: 'argocd', name: 'shop' },
});
const signal = new AbortController().signal;

test('of a Secret no value is kept, and equal ones stay equal', async () => {
  const metadata = {
    namespace: 'shop',
    name: 'creds',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2' },
  };
  const data = { a: btoa('hunter2'), b: btoa('hunter2'), c: btoa('other') };
  server.setLive([{ apiVersion: 'v1', kind: 'Secret', metadata, data }]);
  const [answer] = await (await reader()).objects([query('Secret', 'creds')], signal);
  const object = answer?.kind === 'found' ? answer.object : {};
  expect(JSON.stringify(object)).not.toContain('hunter2');
  expect(JSON.stringify(object)).not.toContain(btoa('hunter2'));
  const hashes = object['data'] as Json;
  expect(hashes['a']).toBe(hashes['b']);
  expect(hashes['a']).not.toBe(hashes['c']);
});

test('kept templates are those of the selector that the workload owns', async () => {
  const labels = { app: 'web', tier: 'front' };
  const own = (name: string, uid: string, more = labels) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { namespace: 'shop', name, labels: more, ownerReferences: [{ uid }] },
  });
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['front', 'back'] },
    { key: 'tier', operator: 'NotIn', values: ['none'] },
    { key: 'app', operator: 'Exists' },
    { key: 'old', operator: 'DoesNotExist' },
  ];
  server.setLive([
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'shop', name: 'web', uid: 'u' },
      spec: { selector: { matchLabels: { app: 'web' }, matchExpressions } },
    },
    own('web-1', 'u'),
    own('web-2', 'other'),
    own('web-3', 'u', { app: 'other', tier: 'front' }),
  ]);
  const queries = [query('Deployment', 'web', 'apps'), query('ConfigMap', 'web')];
  const [kept, none] = await (await reader()).templates(queries, signal);
  const names = kept?.kind === 'found' ? kept.kept.map((each) => each['metadata']) : [];
  expect(names).toMatchObject([{ name: 'web-1' }]);
  expect(none).toEqual({ kind: 'absent' });
});

test('eight are read at once', async () => {
  const reads = () => server.requests.filter(({ resource }) => resource === 'configmaps');
  const { promise: full, resolve } = Promise.withResolvers<void>();
  server.intercept = ({ resource }) => {
    if (resource !== 'configmaps') return undefined;
    if (reads().length === 8) resolve();
    return { kind: 'hang' };
  };
  const stop = new AbortController();
  const queries = Array.from({ length: 20 }, (_, i) => query('ConfigMap', `c${i}`));
  const reading = (await reader()).objects(queries, stop.signal);
  await full;
  // Another answer has come and gone: a ninth request would be there too.
  await (await reader()).objects([query('Secret', 'creds')], signal);
  stop.abort();
  await Promise.allSettled([reading]);
  expect(reads()).toHaveLength(8);
});
