import { describe, expect, test } from '@jest/globals';
import { differences, type FieldChange } from '../../../src/core/fields/difference.js';
import { mergeKeysOf } from '../../../src/core/fields/lists.js';
import { formatPath } from '../../../src/core/fields/path.js';
import type { Unknown } from '../../../src/core/fields/resources.js';
import {
  compileText,
  type FieldPattern,
  matchingFields,
  mayMatchUnknown,
  parseFieldPattern,
} from '../../../src/core/filters/field-patterns.js';

function pattern(text: string): FieldPattern {
  const parsed = parseFieldPattern(text);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.value;
}

const container = (image: string) => ({ name: 'main', image });
const BEFORE = {
  metadata: { annotations: { 'example.com/owner': 'a' } },
  spec: {
    replicas: 1,
    suspend: false,
    template: { spec: { containers: [container('shop/web:1')] } },
  },
  data: { 'nginx.conf': 'a', 'tls-a': 'a' },
};
const AFTER = {
  metadata: { annotations: { 'example.com/owner': 'b' } },
  spec: {
    replicas: 2,
    suspend: true,
    template: {
      spec: { containers: [container('shop/web:2'), { name: 'side', image: 'shop/side:1' }] },
    },
  },
  data: { 'nginx.conf': 'b', 'tls-a': 'b' },
};
const CHANGES = differences(BEFORE, AFTER, mergeKeysOf('apps'));

function matched(...patterns: readonly string[]): readonly string[] {
  return paths(matchingFields({ patterns: patterns.map(pattern) }, CHANGES, 'apps'));
}

function paths(changes: readonly FieldChange[]): readonly string[] {
  return changes.map(({ steps }) => formatPath(steps));
}

const MAIN = 'spec.template.spec.containers[main].image';
const SIDE = 'spec.template.spec.containers[side]';

describe('patterns', () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [['spec.replicas'], ['spec.replicas']],
    [['spec.*'], ['spec.replicas', 'spec.suspend']],
    [['spec.template.spec.containers[main].image'], [MAIN]],
    [['spec.template.spec.containers[*].image'], [MAIN, SIDE]],
    [['spec.template.**'], [MAIN, SIDE]],
    [['**.image'], [MAIN, SIDE]],
    [['**.containers.*'], [SIDE]],
    [['data["nginx.conf"]'], ['data["nginx.conf"]']],
    [['data["*.conf"]'], ['data["nginx.conf"]']],
    [['data.tls-*'], ['data.tls-a']],
    [['data.*', '!data.tls-*'], ['data["nginx.conf"]']],
    [['metadata.annotations["example.com/*"]'], ['metadata.annotations["example.com/owner"]']],
    [['metadata.annotations["*owner"]'], ['metadata.annotations["example.com/owner"]']],
    [['metadata.annotations.*'], ['metadata.annotations["example.com/owner"]']],
    [
      ['**', '!spec.**', '!metadata.**'],
      ['data["nginx.conf"]', 'data.tls-a'],
    ],
    [['spec'], []],
    [['spec.template'], []],
    [['Spec.replicas'], []],
    [['{spec,data}.{replicas,tls-a}'], ['spec.replicas', 'data.tls-a']],
  ];
  test.each(cases)('%j', (patterns, expected) => {
    expect(matched(...patterns)).toEqual(expected);
  });
});

describe('what is in an element that was added', () => {
  const side = {
    name: 'side',
    env: [{ name: 'LOG', valueFrom: { configMapKeyRef: { name: 'log' } } }],
    ports: [{ containerPort: 80 }],
  };
  const rule = { http: { paths: [{ backend: { service: { name: 'web' } } }] } };
  const added = differences(
    { spec: { template: { spec: { containers: [] } } } },
    { spec: { template: { spec: { containers: [side] } }, rules: [rule] } },
    mergeKeysOf('apps'),
  );

  test.each([
    ['spec.template.spec.containers[*].env[LOG].valueFrom.**', SIDE],
    ['spec.template.spec.containers[side].env[*].valueFrom.configMapKeyRef.name', SIDE],
    ['spec.template.spec.containers[side].ports[80].containerPort', SIDE],
    ['spec.template.spec.containers[side].env[LOG]', SIDE],
    ['spec.template.spec.containers[side].env[0]', undefined],
    ['spec.rules[*].http.paths[*].backend.service.name', 'spec.rules[0]'],
    ['spec.rules[0].http.paths[0].backend.service.port', undefined],
  ])('%s', (path, found) => {
    const matching = matchingFields({ patterns: [pattern(path)] }, added, 'apps');
    expect(paths(matching)).toEqual(found === undefined ? [] : [found]);
  });

  test('of a custom type is named by its index', () => {
    const [before, after] = [{ spec: { parts: [] } }, { spec: { parts: [side] } }];
    const changes = differences(before, after, mergeKeysOf('example.com'));
    const found = (path: string) =>
      matchingFields({ patterns: [pattern(path)] }, changes, 'example.com').length;
    expect([found('spec.parts[0].env[0].name'), found('spec.parts[0].env[LOG].name')]).toEqual([
      1, 0,
    ]);
  });

  test('of whatever depth costs no more than what Kubernetes nests', () => {
    const deep = JSON.parse(`${'[{"a":'.repeat(5_000)}[1]${'}]'.repeat(5_000)}`) as unknown;
    const changes = differences({}, { spec: deep }, mergeKeysOf('apps'));
    expect(matchingFields({ patterns: [pattern('**.b')] }, changes, 'apps')).toEqual([]);
  });
});

describe('values', () => {
  const glob = (text: string) => {
    const parsed = compileText(text);
    if (!parsed.ok) throw new Error(text);
    return parsed.value;
  };
  test.each([
    ['spec.suspend', { to: 'true' }, ['spec.suspend']],
    ['spec.suspend', { to: 'false' }, []],
    ['spec.suspend', { from: 'false', to: 'true' }, ['spec.suspend']],
    ['spec.replicas', { from: '1', to: '[2-9]' }, ['spec.replicas']],
    ['**.image', { to: '*:2' }, [MAIN]],
    ['**.image', { from: '' }, [SIDE]],
  ])('%s %j', (path, { from, to }: { from?: string; to?: string }, expected) => {
    const condition = {
      patterns: [pattern(path)],
      ...(from === undefined ? {} : { from: glob(from) }),
      ...(to === undefined ? {} : { to: glob(to) }),
    };
    expect(paths(matchingFields(condition, CHANGES, 'apps'))).toEqual(expected);
  });
});

test.each<[Unknown, readonly string[], boolean]>([
  ['none', ['**'], false],
  ['any', ['spec.replicas'], true],
  ['data', ['data'], true],
  ['data', ['metadata.labels.*', 'data.password'], true],
  ['data', ['**'], true],
  ['data', ['metadata.**'], false],
  ['data', ['metadata.**', '!data.*'], false],
  ['outside-template', ['spec.template.**', 'spec.replicas'], true],
  ['outside-template', ['spec.template.**', 'spec.template.spec.*'], false],
  ['outside-template', ['spec.template.**', '!spec.replicas'], false],
])('where %s is not known, %j may match: %s', (unknown, patterns, may) => {
  expect(mayMatchUnknown({ patterns: patterns.map(pattern) }, unknown)).toBe(may);
});

describe('what is no pattern', () => {
  test.each([
    ['', 'is empty'],
    ['!', 'is empty'],
    ['.spec', 'cannot be read at ".spec"'],
    ['spec..a', 'cannot be read at "..a"'],
    ['spec.a b', 'cannot be read at " b"'],
    ['data["a', 'cannot be read at'],
    ['data["a\\x"]', 'cannot be read at'],
    ['a[]', 'cannot be read at "[]"'],
    ['a]', 'cannot be read at "]"'],
    ['a{b', 'unmatched {'],
    [Array(41).fill('a').join('.'), 'more than 40 steps'],
  ])('%j: %s', (text, problem) => {
    const parsed = parseFieldPattern(text);
    expect(parsed.ok ? '' : parsed.problems.join()).toContain(problem);
    expect(parsed.ok ? '' : parsed.problems.join()).toMatch(/^fields pattern "/);
  });
});

test('no pattern stops the step', () => {
  const steps = Array(60).fill({ kind: 'key', text: 'a'.repeat(200) });
  expect(pattern(`${'**.'.repeat(38)}b`).matches(steps)).toBe(false);
  expect(pattern(`${'*a'.repeat(100)}b`).matches(steps)).toBe(false);
});
