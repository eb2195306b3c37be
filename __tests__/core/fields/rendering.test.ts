import { describe, expect, test } from '@jest/globals';
import { historyFields } from '../../../src/core/fields/histories.js';
import type { Json } from '../../../src/core/fields/lists.js';
import { formatPath } from '../../../src/core/fields/path.js';
import { renderedResources } from '../../../src/core/fields/rendering.js';

const config = (name: string, data: Json, more: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data,
});
const key = (name: string, namespace = 'shop') => ({
  group: '',
  kind: 'ConfigMap',
  namespace,
  name,
});

describe('resources of two revisions', () => {
  const { of, removed } = renderedResources({
    namespace: 'shop',
    before: [
      config('same', { a: '1' }),
      config('edited', { a: '1' }),
      config('gone', {}),
      config('elsewhere', { a: '1' }, { namespace: 'other' }),
      config('hook', {}, { annotations: { 'argocd.argoproj.io/hook': 'PreSync' } }),
      {
        apiVersion: 'apps/v1beta1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: { replicas: 1 },
      },
    ],
    after: [
      config('same', { a: '1' }),
      config('edited', { a: '2' }, { namespace: 'shop' }),
      config('fresh', {}),
      config('elsewhere', { a: '2' }, { namespace: 'other' }),
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: { replicas: 1 },
      },
    ],
  });
  const paths = (name: string, namespace?: string) => {
    const found = of(key(name, namespace));
    return found.kind === 'kept'
      ? found.fields.changes.map(({ steps }) => formatPath(steps))
      : found.kind;
  };

  test('are told apart by namespace, whichever side says it', () => {
    expect(paths('same')).toEqual([]);
    expect(paths('edited')).toEqual(['data.a']);
    expect(paths('elsewhere', 'other')).toEqual(['data.a']);
    expect(paths('elsewhere')).toBe('absent');
    expect(paths('gone')).toBe('removed');
    expect(paths('fresh')).toBe('added');
    expect(paths('hook')).toBe('absent');
  });

  test('may move to another version, and be cluster-scoped', () => {
    const web = of({ group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' });
    expect(web.kind === 'kept' && web.fields.changes.map((each) => formatPath(each.steps))).toEqual(
      ['apiVersion'],
    );
    expect(paths('edited', '')).toEqual(['data.a']);
  });

  test('of a cluster-scoped kind have no namespace, though a manifest may say one', () => {
    const role = (name: string, verb: string): Json => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name, namespace: 'elsewhere' },
      rules: [{ verbs: [verb] }],
    });
    const scoped = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', namespace: '' };
    const roles = renderedResources({
      namespace: 'shop',
      before: [role('reader', 'get'), role('gone', 'get')],
      after: [role('reader', 'list')],
    });
    expect(roles.of({ ...scoped, name: 'reader' }).kind).toBe('kept');
    expect(roles.removed).toEqual([{ ...scoped, version: 'v1', name: 'gone' }]);
  });

  test('that were removed, hooks apart', () => {
    expect(removed).toEqual([{ ...key('gone'), version: 'v1' }]);
  });
});

describe('Secrets', () => {
  const secret = (data: Json, more: Json = {}): Json => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'creds' },
    data,
    ...more,
  });
  const fieldsOf = (before: Json, after: Json) => {
    const found = renderedResources({ namespace: 'shop', before: [before], after: [after] }).of({
      ...key('creds'),
      kind: 'Secret',
    });
    return found.kind === 'kept' ? found.fields : undefined;
  };

  test('a masked value that changed looks the same: data, and not all is known', () => {
    expect(fieldsOf(secret({ a: '++++++++' }), secret({ a: '++++++++' }))).toEqual({
      changes: [{ steps: [{ kind: 'key', text: 'data' }], hidden: true }],
      unknown: 'data',
    });
  });

  test('added and removed keys are known, values never', () => {
    const fields = fieldsOf(secret({ a: 'x' }), secret({}, { stringData: { b: 'hunter2' } }));
    expect(fields?.changes.map(({ steps }) => formatPath(steps))).toEqual(['data.a', 'data.b']);
    expect(JSON.stringify(fields)).not.toContain('hunter2');
  });
});

describe('kept pod templates', () => {
  const kept = (revision: number, at: string, image: string): Json => ({
    kind: 'ControllerRevision',
    revision,
    metadata: { creationTimestamp: at },
    data: {
      spec: { template: { $patch: 'replace', spec: { containers: [{ name: 'm', image }] } } },
    },
  });
  const SINCE = '2026-11-25T10:00:00Z';
  const first = kept(1, '2026-11-24T10:00:00Z', 'a:1');
  const second = kept(2, '2026-11-25T10:00:01Z', 'a:2');

  test.each<[string, readonly Json[], readonly string[] | undefined]>([
    ['a new one', [second, first], ['spec.template.spec.containers[m].image']],
    ['the one before still is the last', [first], []],
    ['no earlier one is kept', [second], undefined],
    ['gone back to an earlier one', [kept(3, '2026-11-24T10:00:00Z', 'a:1'), second], undefined],
    ['none', [], undefined],
  ])('%s', (_, all, expected) => {
    expect(historyFields(all, SINCE)?.changes.map(({ steps }) => formatPath(steps))).toEqual(
      expected,
    );
  });
});
