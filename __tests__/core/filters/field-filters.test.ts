import { describe, expect, test } from '@jest/globals';
import { differences } from '../../../src/core/fields/difference.js';
import { type Json, mergeKeysOf } from '../../../src/core/fields/lists.js';
import type { Unknown } from '../../../src/core/fields/resources.js';
import { evaluate, isGuess } from '../../../src/core/filters/filter.js';
import type { Change, ChangedFields } from '../../../src/core/result/vocabulary.js';
import { parseFilters } from '../../../src/inputs/filters-file.js';

const WEB: Change = {
  application: 'shop',
  ...{ group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
  ...{ change: 'updated', evidence: 'applied', message: '', images: ['shop/web:2'], phase: '' },
};

function deployment(image: string, replicas: number): Json {
  return { spec: { replicas, template: { spec: { containers: [{ name: 'main', image }] } } } };
}

function fields(before: Json, after: Json, unknown: Unknown = 'none'): ChangedFields {
  const changes = differences(before, after, mergeKeysOf('apps'));
  return { changes, unknown, evidence: 'rendered' };
}

const IMAGE = fields(deployment('shop/web:1', 1), deployment('shop/web:2', 1));
const REPLICAS = fields(deployment('shop/web:2', 1), deployment('shop/web:2', 2));

async function answer(yaml: string, change: Change): Promise<string> {
  const { filters, problems } = await parseFilters(yaml);
  expect(problems).toEqual([]);
  const [filter] = filters;
  if (!filter) throw new Error('no filter');
  const matched = evaluate(filter, [change], ['created', 'updated', 'pruned']).length > 0;
  if (!matched) return 'no';
  return isGuess(filter, change) ? 'yes, by guess' : 'yes';
}

const ROLLED = "a: { pattern: 'Deployment/*', fields: 'spec.template.spec.containers[*].image' }";
const SCALED = "a: { pattern: 'Deployment/*', fields: spec.replicas }";
const TO = "a: { pattern: '*/*', fields: { path: '**.image', from: '*:1', to: '*:2' } }";
const TAGGED = "a: { pattern: 'Deployment/*', image: '*/*:2' }";

const NEW = "a: { pattern: '*/*', fields: { path: spec.replicas, from: '' } }";
const REST = "a: { pattern: '*/*', fields: ['spec.**', '!**.image'] }";
const ARGUMENT = fields({ spec: { args: 'x/y:1' } }, { spec: { args: 'shop/web:2' } });
const NUMBER = fields({ spec: { image: 'shop/web:1' } }, { spec: { image: 2 } });

describe('fields narrow updated resources', () => {
  test.each<[string, string, Partial<Change>, string]>([
    ['that field', ROLLED, { fields: IMAGE }, 'yes'],
    ['another field', ROLLED, { fields: REPLICAS }, 'no'],
    ['not known', ROLLED, {}, 'yes, by guess'],
    ['created', ROLLED, { change: 'created' }, 'yes'],
    ['pruned', ROLLED, { change: 'pruned' }, 'yes'],
    ['too many to tell', ROLLED, { fields: { ...REPLICAS, unknown: 'any' } }, 'yes, by guess'],
    [
      'its pod template is known',
      ROLLED,
      { fields: { ...REPLICAS, unknown: 'outside-template' } },
      'no',
    ],
    [
      'the rest is not',
      SCALED,
      { fields: { ...IMAGE, unknown: 'outside-template' } },
      'yes, by guess',
    ],
    ['by value', TO, { fields: IMAGE }, 'yes'],
    ['by another value', TO.replace(':2', ':3'), { fields: IMAGE }, 'no'],
    ['an image that changed', TAGGED, { fields: IMAGE }, 'yes'],
    ['an image that is only there', TAGGED, { fields: REPLICAS }, 'no'],
    ['by one of two values', TO.replace("'*:2'", "['*:3', '*:2']"), { fields: IMAGE }, 'yes'],
    ['by another value before', TO.replace(':1', ':3'), { fields: IMAGE }, 'no'],
    ['a new field', NEW, { fields: fields({}, { spec: { replicas: 2 } }) }, 'yes'],
    ['a field that is not new', NEW, { fields: REPLICAS }, 'no'],
    ['without another', REST, { fields: REPLICAS }, 'yes'],
    ['only another', REST, { fields: IMAGE }, 'no'],
    ['an image, fields not known', TAGGED, {}, 'yes'],
    [
      'an image, too many fields to tell',
      TAGGED,
      { fields: { ...REPLICAS, unknown: 'any' } },
      'yes',
    ],
    ['what looks like an image', TAGGED, { fields: ARGUMENT }, 'no'],
    ['an image in place of another field', TAGGED, { fields: NUMBER }, 'no'],
  ])('%s', async (_, yaml, more, expected) => {
    expect(await answer(yaml, { ...WEB, ...more })).toBe(expected);
  });

  const SECRET: Partial<Change> = { group: '', kind: 'Secret', name: 'creds' };
  const KEY = "a: { pattern: 'Secret/*', fields: data.password }";
  test.each<[string, string, ChangedFields['changes'], Unknown, string]>([
    ['its key is known to have changed', KEY, [password('password')], 'none', 'yes'],
    ['only that its data did', KEY, [password()], 'data', 'yes, by guess'],
    [
      'another field',
      "a: { pattern: 'Secret/*', fields: metadata.** }",
      [password()],
      'data',
      'no',
    ],
    [
      'a value, which is not looked at',
      "a: { pattern: 'Secret/*', fields: { path: data.*, to: x } }",
      [password('password')],
      'none',
      'yes, by guess',
    ],
    [
      'a value that is looked at, beside one that is not',
      "a: { pattern: 'Secret/*', fields: { path: '**', to: x } }",
      [password('password'), { steps: [{ kind: 'key', text: 'type' }], to: 'x' }],
      'none',
      'yes',
    ],
  ])('a Secret: %s', async (_, yaml, changes, unknown, expected) => {
    const fields = { changes, unknown, evidence: 'rendered' } as const;
    expect(await answer(yaml, { ...WEB, ...SECRET, fields })).toBe(expected);
  });
});

test.each<[string, Partial<Change>, boolean]>([
  ['its images are known', {}, false],
  ['no image is told by resource', { images: [] }, true],
  ['its changed fields are known', { images: [], fields: IMAGE }, false],
])('an image is a guess where %s: %#', async (_, more, guess) => {
  const [filter] = (await parseFilters(TAGGED)).filters;
  expect(filter && isGuess(filter, { ...WEB, ...more })).toBe(guess);
});

test('without a condition on images, a filter does not guess at them', async () => {
  const [filter] = (await parseFilters("a: '*/*'")).filters;
  expect(filter && isGuess(filter, { ...WEB, images: [] })).toBe(false);
});

function password(...keys: readonly string[]) {
  const steps = ['data', ...keys].map((text) => ({ kind: 'key', text }) as const);
  return { steps, hidden: true } as const;
}

describe('what is refused, with its line', () => {
  test.each([
    [
      "a: { pattern: A/b, fields: 'spec..a' }",
      'line 1: filter "a" fields: fields pattern "spec..a" cannot be read at "..a"',
    ],
    [
      "a:\n  pattern: A/b\n  fields: ['!spec']",
      'line 3: filter "a" fields: has only negative patterns',
    ],
    ['a: { pattern: A/b, fields: {} }', 'line 1: filter "a" fields: has no path'],
    [
      'a: { pattern: A/b, fields: { path: a, to: true } }',
      'the boolean "true" is not accepted: write it as text in quotes',
    ],
    [
      'a: { pattern: A/b, fields: { path: a, after: b } }',
      'unknown key "after": accepted are path, from, to',
    ],
    [
      `a: { pattern: A/b, fields: { path: a, to: '${'x'.repeat(300)}' } }`,
      'longer than 256 characters',
    ],
  ])('%s', async (yaml, problem) => {
    const { problems } = await parseFilters(yaml);
    expect(problems.join()).toContain(problem);
    expect(problems.every((each) => /^line \d+: /.test(each))).toBe(true);
  });
});
