import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { FieldInputs } from '../../src/conclude/asked-fields.js';
import { withFields } from '../../src/conclude/fields.js';
import type { Settled } from '../../src/core/result/settle.js';
import type { Change } from '../../src/core/result/vocabulary.js';
import { readInputs } from '../../src/inputs/index.js';

import { connectArgocd } from '../../src/sources/argocd/index.js';
import { type ArgocdServer, startArgocdServer } from '../support/argocd-server.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';

let argocd: ArgocdServer;
beforeEach(async () => {
  argocd = await startArgocdServer();
});
afterEach(() => argocd.close());

function settled(name: string, resources: readonly string[] = ['web']): Settled {
  const changes = resources.map(
    (resource): Change => ({
      ...{ application: name, group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop' },
      ...{ name: resource, change: 'updated', evidence: 'applied', message: '' },
      ...{ images: [], phase: '' },
    }),
  );
  const destination = { server: '', name: 'far', namespace: 'shop' };
  return {
    end: { conclusion: 'success', reason: 'synced', what: '' },
    result: {
      ...{ application: name, conclusion: 'success', reason: 'synced', message: '', revision: '' },
      ...{ revisions: [], syncStatus: '', healthStatus: '', operationPhase: '', startedAt: '' },
      ...{ finishedAt: '', changes, evidence: 'complete', blockers: [] },
      ...{ causes: [], summaryImages: [] },
    },
    application: { namespace: 'argocd', name, controllerNamespace: '', destination },
    written: { writtenFrom: '', startSecondAmbiguous: false, existedBefore: new Set() },
    lost: false,
    deployed: { startedAt: '2026-11-21T07:00:00Z', revisions: ['b'], single: true },
  };
}

/** How many Applications Argo CD was asked about, and what the log says. */
async function asked(count: number, more: Readonly<Record<string, string>>, aborted = false) {
  const inputs: FieldInputs = await readInputs(
    { INPUT_APPLICATION: '*', INPUT_KUBECONFIG: '', ...more },
    () => '',
  );
  const ends = new Map(
    Array.from({ length: count }, (_, i) => [`argocd/a${i}`, settled(`a${i}`)] as const),
  );
  const results = new Map([...ends].map(([key, { result }]) => [key, result] as const));
  const log = recordingLog();
  const trust = { certificateAuthority: argocd.ca, insecureSkipTlsVerify: false };
  const access = { server: argocd.url, token: argocd.token, trust };
  const found = await withFields({ ends }, results, inputs, {
    ...{ clock: fakeClock(), random: Math.random },
    console: { ...log, mask: () => undefined },
    cancelled: aborted ? AbortSignal.abort() : new AbortController().signal,
    argocd: connectArgocd(access, { env: {}, log, mask: () => undefined }),
  });
  expect([...found.keys()]).toEqual([...ends.keys()]);
  return { of: new Set(argocd.requests.map(({ path }) => path)).size, log };
}

test('of many Applications, no more than 100 that nobody asks about', async () => {
  expect((await asked(110, {})).of).toBe(100);
});

test('all of them where a filter asks', async () => {
  const filters = "web: { pattern: 'ConfigMap/web', fields: data.a }";
  const { of, log } = await asked(110, { INPUT_FILTERS: filters });
  expect(of).toBe(110);
  expect(log.lines.filter((line) => line.includes('Which fields'))).toHaveLength(1);
});

test('nothing with fields: off, and nothing in a run that is cancelled', async () => {
  expect((await asked(3, { INPUT_FIELDS: 'off' })).of).toBe(0);
  expect((await asked(3, {}, true)).of).toBe(0);
});

test('of 1,000 live objects 500 are read, and a notice says so', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `c${i}`);
  const object = (name: string, a: string) => ({ metadata: { name }, data: { a } });
  const key = 'argocd/shop';
  const ends = new Map([[key, settled('shop', names)]]);
  const results = new Map([...ends].map(([each, { result }]) => [each, result] as const));
  const before = new Map(names.map((name) => [`/ConfigMap/shop/${name}`, object(name, '1')]));
  const read: string[] = [];
  const log = recordingLog();
  const told = await withFields(
    { ends },
    results,
    await readInputs({ INPUT_APPLICATION: 'shop', INPUT_FIELDS: 'paths' }, () => ''),
    {
      ...{ clock: fakeClock(), random: Math.random },
      console: { ...log, mask: () => undefined },
      cancelled: new AbortController().signal,
      before: { objects: new Map([[key, before]]), troubles: [] },
      source: {
        reaches: () => true,
        reader: async () => ({
          async objects(queries) {
            read.push(...queries.map(({ name }) => name));
            return queries.map(({ name }) => ({ kind: 'found', object: object(name, '2') }));
          },
          templates: async (queries) => queries.map(() => ({ kind: 'absent' })),
        }),
      },
    },
  );
  expect(read).toEqual(names.slice(0, 500));
  expect(told.get(key)?.changes.filter((each) => each.fields)).toHaveLength(500);
  expect(log.lines.join('\n')).toMatch(
    /Which fields of 500 updated resources[^\n]*More than 500 live/,
  );
});
