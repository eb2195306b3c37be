import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { A, B, type Look, manifest } from './support/manifest.ts';

const listOf = (...required: readonly string[]) => ({ type: 'array', items: { required } });
const source = { type: 'object', required: ['repoURL'] };
const DESTINATION = { required: ['destination'], properties: { source } };
const SYNC_RESULT = {
  required: ['revision'],
  properties: { source, resources: listOf('group', 'kind', 'name', 'namespace', 'version') },
};

/** All that manifests/crds/application-crd.yaml of Argo CD 3.6.1 requires of what is made here. */
const accepts = new Ajv({ allErrors: true, strict: false }).compile({
  required: ['metadata', 'spec'],
  properties: {
    apiVersion: { const: 'argoproj.io/v1alpha1' },
    kind: { const: 'Application' },
    spec: { required: ['destination', 'project'], properties: { source } },
    status: {
      properties: {
        sync: { required: ['status'], properties: { comparedTo: DESTINATION } },
        history: listOf('deployedAt', 'id'),
        conditions: listOf('message', 'type'),
        operationState: {
          required: ['operation', 'phase', 'startedAt'],
          properties: { syncResult: SYNC_RESULT },
        },
      },
    },
  },
});

const RESOURCE = { version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const ENTRY = { revision: A, deployedAt: '2026-11-21T06:00:05Z' };

test.each<[string, Look]>([
  ['that is done', {}],
  ['that never had an operation', { phase: '' }],
  ['that syncs', { phase: 'Running', revision: B, synced: A, sync: 'OutOfSync' }],
  ['with results and resources', { results: [RESOURCE], resources: [RESOURCE] }],
  ['with a history of its own', { history: [ENTRY, { ...ENTRY, revision: B }] }],
  ['of several sources', { sources: [{ repoURL: 'https://github.com/acme/shop.git' }] }],
  ['for another cluster', { destination: { name: 'spoke', namespace: 'shop' } }],
])('an Application %s is one that a real API server takes', (_, look) => {
  accepts(manifest('shop', look));
  expect(accepts.errors ?? []).toEqual([]);
});

test('what the definition requires is missed where it is not there', () => {
  const { status, ...rest } = manifest('shop', { results: [RESOURCE] });
  const { history, ...kept } = status as Readonly<Record<string, readonly object[]>>;
  const bare = history?.map((each) => ({ ...each, id: undefined }));
  const stored = JSON.parse(JSON.stringify({ ...rest, status: { ...kept, history: bare } }));
  expect(accepts(stored)).toBe(false);
  expect(accepts.errors?.map(({ instancePath }) => instancePath)).toEqual(['/status/history/0']);
});
