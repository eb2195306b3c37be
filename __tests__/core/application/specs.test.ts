import { describe, expect, test } from '@jest/globals';
import { parseApplication } from '../../../src/core/application/parse.js';
import { loadTrace, traceNames } from '../../support/replay.ts';

const SERVER = 'https://kubernetes.default.svc';
const GIT = { repoURL: 'https://github.com/acme/shop.git', path: 'shop', targetRevision: 'main' };
const PLUGIN = {
  name: 'cdk',
  env: [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ],
};
const REVERSED = { ...PLUGIN, env: PLUGIN.env.toReversed() };
const nested = (depth: number, leaf: unknown): unknown =>
  depth === 0 ? leaf : { a: nested(depth - 1, leaf) };

/** What an Application's comparison and operation say with that spec. */
function compared(spec: object, comparedTo: object | undefined, used: object = {}) {
  const status = {
    sync: { status: 'Synced', ...(comparedTo ? { comparedTo } : {}) },
    operationState: { phase: 'Succeeded', ...used },
  };
  const metadata = { namespace: 'argocd', name: 'shop' };
  return parseApplication({ metadata, spec, status });
}

describe('a comparison is of the present spec', () => {
  test.each<[string, object, object | undefined, boolean | undefined]>([
    ['the same source', { source: GIT }, { source: GIT }, true],
    ['another revision', { source: GIT }, { source: { ...GIT, targetRevision: 'v2' } }, false],
    ['values are added', { source: { ...GIT, helm: { values: 'a: 1' } } }, { source: GIT }, false],
    [
      'fields that are empty in the spec',
      { source: { ...GIT, ref: '', directory: { recurse: false }, helm: { parameters: [] } } },
      { source: { ...GIT, directory: { jsonnet: {} } } },
      true,
    ],
    [
      'the variables of a plugin in another order',
      { source: { ...GIT, plugin: PLUGIN } },
      { source: { ...GIT, plugin: REVERSED } },
      true,
    ],
    [
      'a variable of a plugin with another value',
      { source: { ...GIT, plugin: PLUGIN } },
      { source: { ...GIT, plugin: { ...PLUGIN, env: [{ name: 'A', value: '1' }, {}] } } },
      false,
    ],
    [
      'the files of a chart in another order',
      { source: { ...GIT, helm: { valueFiles: ['a', 'b'] } } },
      { source: { ...GIT, helm: { valueFiles: ['b', 'a'] } } },
      false,
    ],
    ['several sources', { sources: [GIT, GIT] }, { sources: [GIT, GIT] }, true],
    ['a source more', { sources: [GIT, GIT] }, { sources: [GIT] }, false],
    ['several instead of one', { sources: [GIT] }, { source: GIT }, false],
    ['one instead of several', { source: GIT }, { sources: [GIT] }, false],
    [
      'another destination',
      { source: GIT, destination: { server: SERVER, namespace: 'b' } },
      { source: GIT, destination: { server: SERVER, namespace: 'a' } },
      false,
    ],
    [
      'a destination by name, whose address Argo CD adds',
      { source: GIT, destination: { name: 'in-cluster', namespace: 'a' } },
      { source: GIT, destination: { name: 'in-cluster', namespace: 'a', server: SERVER } },
      true,
    ],
    ['nothing was compared', { source: GIT }, undefined, undefined],
    [
      'a source hydrator',
      { sourceHydrator: { drySource: GIT, syncSource: { targetBranch: 'x', path: 'p' } } },
      { source: GIT },
      undefined,
    ],
    [
      'values that are nested without end',
      { source: { ...GIT, helm: { valuesObject: nested(5000, 1) } } },
      { source: { ...GIT, helm: { valuesObject: nested(5000, 2) } } },
      true,
    ],
  ])('%s', (_, spec, comparedTo, expected) => {
    expect(compared(spec, comparedTo).comparison.ofPresentSpec).toBe(expected);
  });
});

describe('an operation is of the present spec', () => {
  const other = { ...GIT, targetRevision: 'v2' };
  test.each<[string, object, boolean | undefined]>([
    ['its result has the source', { syncResult: { source: GIT } }, true],
    ['its result has another source', { syncResult: { source: other } }, false],
    [
      'without a result, its request has the source',
      { operation: { sync: { source: GIT } } },
      true,
    ],
    ['and another one', { operation: { sync: { source: other } } }, false],
    ['neither says', { syncResult: { revision: 'a' }, operation: { sync: {} } }, undefined],
  ])('%s', (_, used, expected) => {
    expect(compared({ source: GIT }, undefined, used).operation?.ofPresentSpec).toBe(expected);
  });
});

test.each(traceNames())(
  '%s ends compared with its present spec, as far as that is told',
  (name) => {
    const last = loadTrace(name).events.at(-1)?.object;
    expect(parseApplication(last).comparison.ofPresentSpec).not.toBe(false);
  },
);
