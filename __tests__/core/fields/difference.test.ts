import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  differences,
  type FieldChange,
  leavesOf,
  sorted,
} from '../../../src/core/fields/difference.js';
import { type Json, mergeKeysOf } from '../../../src/core/fields/lists.js';
import { formatPath } from '../../../src/core/fields/path.js';

const APPS = mergeKeysOf('apps');

function pathsOf(changes: readonly FieldChange[]): readonly string[] {
  return changes.map(({ steps }) => formatPath(steps));
}

function paths(before: Json, after: Json, group = 'apps'): readonly string[] {
  return pathsOf(sorted(differences(before, after, mergeKeysOf(group))));
}

const pod = (spec: Json): Json => ({ spec: { template: { spec } } });

describe('what counts as a change, and what it is called', () => {
  const cases: readonly (readonly [string, Json, Json, readonly string[]])[] = [
    ['a scalar', { a: 1 }, { a: 2 }, ['a']],
    ['a type', { a: '1' }, { a: 1 }, ['a']],
    [
      'keys that are no words',
      { d: { 'nginx.conf': 'a' } },
      { d: { 'nginx.conf': 'b' } },
      ['d["nginx.conf"]'],
    ],
    ['a key of quotes and breaks', { d: {} }, { d: { 'a"\n': 'b' } }, ['d["a\\"\\n"]']],
    ['words with dashes', { d: { 'tls-a': 'a' } }, { d: {} }, ['d.tls-a']],
    ['an added map by its leaves', {}, { l: { m: { a: 1 }, c: 2 } }, ['l.c', 'l.m.a']],
    ['a removed map by its leaves', { l: { m: { a: 1 }, c: 2 } }, {}, ['l.c', 'l.m.a']],
    ['an empty map and none', { l: {}, m: { n: {} } }, {}, []],
    ['an empty list and none, null and none', { l: [], n: null }, {}, []],
    ['an empty text is one', { d: { a: '' } }, { d: {} }, ['d.a']],
    ['a list of plain values', { args: ['a', 'b'] }, { args: ['b', 'a'] }, ['args']],
    ['an added list of plain values', {}, { args: ['a'] }, ['args']],
    [
      'objects by index',
      { rules: [{ h: 1 }, { h: 2 }] },
      { rules: [{ h: 1 }, { h: 3 }] },
      ['rules[1].h'],
    ],
    [
      'an added object is one path',
      { rules: [{ h: 1 }] },
      { rules: [{ h: 1 }, { h: 2, i: 3 }] },
      ['rules[1]'],
    ],
    ['all objects added', {}, { rules: [{ h: 1 }, { h: 2 }] }, ['rules[0]', 'rules[1]']],
    ['a map that became a text', { a: { b: 1 } }, { a: 'b' }, ['a']],
  ];
  test.each(cases)('%s', (_, before, after, expected) => {
    expect(paths(before, after)).toEqual(expected);
    expect(paths(after, before)).toEqual(expected);
    expect(paths(before, before)).toEqual([]);
  });
});

describe('elements by merge key', () => {
  const container = (name: string, more: Json = {}): Json => ({ name, ...more });
  const cases: readonly (readonly [string, Json, Json, readonly string[]])[] = [
    [
      'in another order',
      pod({ containers: [container('a'), container('b', { image: '1' })] }),
      pod({ containers: [container('b', { image: '2' }), container('a')] }),
      ['spec.template.spec.containers[b].image'],
    ],
    [
      'environment',
      pod({ containers: [container('a', { env: [{ name: 'X', value: '1' }] })] }),
      pod({ containers: [container('a', { env: [{ name: 'Y', value: '1' }] })] }),
      ['spec.template.spec.containers[a].env[X]', 'spec.template.spec.containers[a].env[Y]'],
    ],
    [
      'container ports',
      pod({ containers: [container('a', { ports: [{ containerPort: 9100, name: 'x' }] })] }),
      pod({
        containers: [
          container('a', { ports: [{ containerPort: 9100, protocol: 'TCP', name: 'y' }] }),
        ],
      }),
      [
        'spec.template.spec.containers[a].ports[9100].name',
        'spec.template.spec.containers[a].ports[9100].protocol',
      ],
    ],
    [
      'one port of two protocols',
      {
        spec: {
          ports: [
            { port: 53, protocol: 'UDP', name: 'a' },
            { port: 53, protocol: 'TCP' },
          ],
        },
      },
      {
        spec: {
          ports: [
            { port: 53, protocol: 'UDP', name: 'b' },
            { port: 53, protocol: 'TCP' },
          ],
        },
      },
      ['spec.ports[53,UDP].name'],
    ],
    [
      'mount paths',
      pod({ containers: [container('a', { volumeMounts: [{ mountPath: '/data', name: 'd' }] })] }),
      pod({ containers: [container('a', { volumeMounts: [{ mountPath: '/data', name: 'e' }] })] }),
      ['spec.template.spec.containers[a].volumeMounts[/data].name'],
    ],
    [
      'a key twice: by index',
      pod({
        containers: [
          container('a', {
            env: [
              { name: 'X', value: '1' },
              { name: 'X', value: '2' },
            ],
          }),
        ],
      }),
      pod({
        containers: [
          container('a', {
            env: [
              { name: 'X', value: '1' },
              { name: 'X', value: '3' },
            ],
          }),
        ],
      }),
      ['spec.template.spec.containers[a].env[1].value'],
    ],
  ];
  test.each(cases)('%s', (_, before, after, expected) => {
    expect(paths(before, after)).toEqual(expected);
    expect(paths(after, before)).toEqual(expected);
  });

  test('custom resources: by index, but for pod templates in them', () => {
    const before = {
      spec: {
        env: [{ name: 'A', value: '1' }],
        ...(pod({ containers: [container('a')] }).spec as Json),
      },
    };
    const after = {
      spec: {
        env: [{ name: 'A', value: '2' }],
        ...(pod({ containers: [container('b')] }).spec as Json),
      },
    };
    expect(paths(before, after, 'lab.dev')).toEqual([
      'spec.env[0].value',
      'spec.template.spec.containers[a]',
      'spec.template.spec.containers[b]',
    ]);
  });
});

describe('what the API server reads alike', () => {
  const resources = (cpu: unknown, memory: unknown) =>
    pod({ containers: [{ name: 'a', resources: { limits: { cpu, memory } } }] });
  test.each([
    ['1000m', '1', '1Gi', '1024Mi'],
    [1, '1', '1G', '1000M'],
    ['0.5', '500m', '1e3', '1k'],
    ['.5', '0.50', '1E2', '100'],
    ['100n', '0.1u', '1Ti', '1024Gi'],
  ])('%s is %s, %s is %s', (cpu, cpu2, memory, memory2) => {
    expect(paths(resources(cpu, memory), resources(cpu2, memory2))).toEqual([]);
  });

  test.each([
    ['1000m', '2'],
    ['1Mi', '1M'],
    ['1', '1k'],
    ['x', 'y'],
    ['9999999999999999999', '9999999999999999998'],
  ])('%s is not %s', (cpu, other) => {
    expect(paths(resources(cpu, '1'), resources(other, '1'))).toHaveLength(1);
  });

  test('ports as numbers and texts, but texts as they are', () => {
    expect(
      paths(
        { spec: { ports: [{ port: 80, targetPort: '8080' }] } },
        { spec: { ports: [{ port: 80, targetPort: 8080 }] } },
      ),
    ).toEqual([]);
    expect(
      paths({ data: { limits: '1000m', port: '1' } }, { data: { limits: '1', port: '01' } }),
    ).toEqual(['data.limits', 'data.port']);
  });

  test('no pumped quantity stops the step', () => {
    const long = '1'.repeat(1_000_000);
    expect(paths(resources(long, '1'), resources(`${long}.`, '1'))).toHaveLength(1);
    expect(paths(resources('1E99', '1'), resources('1E98', '1'))).toHaveLength(1);
  });
});

test('an added element has leaves, for patterns that ask for them', () => {
  const [added] = differences(
    {},
    pod({ containers: [{ name: 'b', image: 'x', ports: [{ containerPort: 1 }] }] }),
    APPS,
  );
  expect(pathsOf(added ? leavesOf(added, APPS) : [])).toEqual([
    'spec.template.spec.containers[b].name',
    'spec.template.spec.containers[b].image',
    'spec.template.spec.containers[b].ports[1]',
    'spec.template.spec.containers[b].ports[1].containerPort',
  ]);
  expect(leavesOf({ steps: [{ kind: 'key', text: 'a' }], from: 1, to: 2 }, APPS)).toEqual([]);
});

/** A JSON object of maps, plain lists, and lists of containers, and changes to be made in it. */
interface Edited {
  readonly before: Json;
  readonly after: Json;
  readonly expected: readonly string[];
}

const KEY = fc.constantFrom('a', 'b-c', 'nginx.conf', 'x/y', '"q"', 'spec', '0', 'constructor');
const SCALAR = fc.oneof(fc.integer(), fc.string({ minLength: 1 }), fc.boolean());
const LEAF = fc.oneof(SCALAR, fc.array(fc.integer(), { minLength: 1, maxLength: 3 }));
const OTHER = 'a value that no leaf has';

/** Leaves, each of which stays, changes, goes or comes. */
const LEAVES = fc.dictionary(KEY, fc.tuple(LEAF, fc.constantFrom('stay', 'change', 'go', 'come')), {
  minKeys: 1,
  noNullPrototype: true,
});
const EDITED = fc
  .record({
    maps: fc.dictionary(fc.constantFrom('m', 'n', 'o.p'), LEAVES, { noNullPrototype: true }),
    containers: fc.dictionary(
      fc.constantFrom('main', 'side', 'init-x'),
      fc.tuple(LEAVES, fc.constantFrom('stay', 'go', 'come')),
      { noNullPrototype: true },
    ),
  })
  .map(edit);

type Leaves = Readonly<Record<string, readonly [unknown, string]>>;

function sideOf(leaves: Leaves, gone: string, changed: boolean): Json {
  return Object.fromEntries(
    Object.entries(leaves)
      .filter(([, [, what]]) => what !== gone)
      .map(([key, [value, what]]) => [key, changed && what === 'change' ? OTHER : value]),
  );
}

function changedKeys(leaves: Leaves): readonly string[] {
  return Object.entries(leaves).flatMap(([key, [, what]]) => (what === 'stay' ? [] : [key]));
}

const key = (text: string) => ({ kind: 'key', text }) as const;
const element = (text: string) => ({ kind: 'element', text }) as const;
const CONTAINERS = ['spec', 'template', 'spec', 'containers'].map(key);

function edit(model: {
  readonly maps: Readonly<Record<string, Leaves>>;
  readonly containers: Readonly<Record<string, readonly [Leaves, string]>>;
}): Edited {
  const maps = Object.entries(model.maps);
  const containers = Object.entries(model.containers);
  const side = (gone: string, changed: boolean): Json => ({
    ...Object.fromEntries(maps.map(([name, leaves]) => [name, sideOf(leaves, gone, changed)])),
    ...pod({
      containers: containers
        .filter(([, [, what]]) => what !== gone)
        .map(([name, [leaves]]) => ({ name, more: sideOf(leaves, gone, changed) })),
    }),
  });
  const expected = [
    ...maps.flatMap(([name, leaves]) => changedKeys(leaves).map((each) => [key(name), key(each)])),
    ...containers.flatMap(([name, [leaves, what]]) =>
      what === 'stay'
        ? changedKeys(leaves).map((each) => [...CONTAINERS, element(name), key('more'), key(each)])
        : [[...CONTAINERS, element(name)]],
    ),
  ];
  return {
    before: side('come', false),
    after: side('go', true),
    expected: expected.map(formatPath).sort(),
  };
}

/** The same object with its keys and its keyed elements in the opposite order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.every((each) => typeof each === 'object') ? value.map(reordered).reverse() : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, each]) => [name, reordered(each)] as const)
      .reverse(),
  );
}

test('exactly the fields that were edited come out, reversed and in other order too', () => {
  let edits = 0;
  fc.assert(
    fc.property(EDITED, ({ before, after, expected }) => {
      edits += expected.length;
      expect(paths(before, after)).toEqual(expected);
      expect(paths(after, before)).toEqual(expected);
      expect(paths(reordered(before) as Json, after)).toEqual(expected);
      expect(paths(before, before)).toEqual([]);
    }),
    { numRuns: 500, seed: 16 },
  );
  expect(edits).toBeGreaterThan(2000);
});
