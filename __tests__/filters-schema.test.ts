import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { FIXED_OUTPUTS } from '../src/core/result/output-names.js';
import { CHANGE_CLASSES } from '../src/core/result/vocabulary.js';
import { parseFilters } from '../src/inputs/filters-file.js';
import { ROOT } from './support/action.ts';

/**
 * The schema is for editors: what it marks must be wrong. A validator of others reads it, as ours
 * would share our mistakes.
 */
const text = readFileSync(join(ROOT, 'filters.schema.json'), 'utf8');
const schema = JSON.parse(text) as Readonly<Record<string, unknown>>;
const accepts = new Ajv({ allErrors: true, strictTypes: false }).compile(schema);

async function problems(yaml: string): Promise<readonly string[]> {
  return (await parseFilters(yaml)).problems;
}

describe('both accept', () => {
  test.each([
    '',
    '{}',
    'web: apps/Deployment/*/web',
    'short: Deployment/web',
    'three: Deployment/shop-*/web',
    'core: /ConfigMap/shop/*',
    'cluster: rbac.authorization.k8s.io/ClusterRole//*',
    'rbac: ClusterRole/system:node-proxier',
    "many: ['Ingress/*', '!Ingress/internal-*']",
    "new: 'created:*/*'",
    "touched: 'created|updated:Deployment/*'",
    "commas: 'created,updated:Deployment/*'",
    "not: ['*/*', '!pruned:ConfigMap/*']",
    "odd: 'created:a:b/c'",
    "spaces: '  Deployment/web '",
    "globs: '{Deployment,StatefulSet}/[a-z]*/web?'",
    'nested: [[Deployment/web], [[Ingress/*]]]',
    "nested-not: ['!Secret/*', ['*/*']]",
    'true: Deployment/web',
    '_: Deployment/web',
    'all: { pattern: Deployment/*, image: registry.example.com/shop/*, application: shop-*, change: [created, updated] }',
    'lists: { pattern: [Deployment/*], image: [a/**, b/*], application: [argocd/shop, shop-*], change: "created|updated" }',
    "a: &all ['*/*']\nb: *all",
    ".not: &not ['!Secret/*']\nweb: ['*/*', *not]",
    "x-not: &not ['!Secret/*']\nweb: ['*/*', *not]",
    'x-anything: { a: [1, ~, { b: true }] }\n.: 5\nx-:',
    "a: ['*/*', &not ['!Secret/*']]\nb: ['*/*', *not]",
    "rolled: { pattern: 'Deployment/*', fields: 'spec.template.spec.containers[*].image' }",
    `nginx: { pattern: 'ConfigMap/web', fields: ['data["nginx.conf"]', 'data.tls-*'] }`,
    "paused: { pattern: 'CronJob/*', fields: { path: spec.suspend, to: 'true' } }",
    "tuned: { pattern: 'Deployment/*', fields: ['**', '!spec.replicas', '!metadata.**'] }",
    "some: { pattern: '*/*', fields: { path: [spec.a, '!spec.b'], from: '', to: ['1', ['2']] } }",
  ])('%j', async (yaml) => {
    expect(await problems(yaml)).toEqual([]);
    expect([accepts(parse(yaml) ?? null), accepts.errors]).toEqual([true, null]);
  });
});

describe('both refuse', () => {
  test.each([
    ['a list at the top', '- Deployment/web'],
    ['only negative fields', "a: { pattern: A/b, fields: ['!spec'] }"],
    ['one negative field', "a: { pattern: A/b, fields: '!spec' }"],
    ['fields that begin with a dot', 'a: { pattern: A/b, fields: .spec }'],
    ['no fields', 'a: { pattern: A/b, fields: [] }'],
    ['fields without a path', "a: { pattern: A/b, fields: { to: 'true' } }"],
    ['fields of another key', "a: { pattern: A/b, fields: { path: a, with: 'true' } }"],
    ['a value that is no text', 'a: { pattern: A/b, fields: { path: a, to: true } }'],
    ['a text at the top', 'Deployment'],
    ['a name with a space', '"a b": Deployment/web'],
    ['a name that begins with a digit', '1a: Deployment/web'],
    ['a name like a place for anchors, in capitals', 'X-web: 5'],
    ['an alias for what is no pattern', '.all: &all { a: b }\nweb: [*all]'],
    ['the name of an output', 'matrix: Deployment/web'],
    ['the name of an output, in other letters', 'Images: Deployment/web'],
    ['nothing', 'web:'],
    ['an empty list', 'web: []'],
    ['a nested list of nothing', 'web: [[]]'],
    ['an empty text', "web: ''"],
    ['a number', 'web: 5'],
    ['a boolean', 'web: true'],
    ['a null in a list', 'web: [~]'],
    ['one segment', 'web: Deployment'],
    ['five segments', 'web: a/b/c/d/e'],
    ['no kind', 'web: /web'],
    ['no name', 'web: Deployment/'],
    ['a space inside', 'web: Deployment/a Ingress/b'],
    ['an unknown class', "web: 'changed:Deployment/*'"],
    ['an empty class', "web: ':Deployment/*'"],
    ['! after the class', "web: 'created:!Deployment/*'"],
    ['only !', "web: '!'"],
    ['only a negative pattern', "web: '!Deployment/*'"],
    ['only negative patterns', "web: ['!Deployment/*', '!Ingress/*']"],
    ['no pattern among conditions', 'web: { image: x }'],
    ['an unknown key', 'web: { pattern: a/b, images: x }'],
    ['an empty image', "web: { pattern: a/b, image: '' }"],
    ['no images', 'web: { pattern: a/b, image: [] }'],
    ['a mapping as image', 'web: { pattern: a/b, image: { a: b } }'],
    ['an Application in capitals', 'web: { pattern: a/b, application: Shop }'],
    ['an excluded Application', "web: { pattern: a/b, application: '!shop' }"],
    ['an Application with two slashes', 'web: { pattern: a/b, application: a/b/c }'],
    ['an unknown class among conditions', 'web: { pattern: a/b, change: changed }'],
    ['conditions in a list', 'web: [{ pattern: a/b }]'],
  ])('%s', async (_, yaml) => {
    expect(await problems(yaml)).not.toEqual([]);
    expect(accepts(parse(yaml))).toBe(false);
  });
});

/** Beyond a schema: the step and `explain` tell these. */
describe('only the action refuses', () => {
  test.each([
    ['two names with one output', 'web: a/b\nweb-count: a/b'],
    ['an open bracket', "web: 'Deployment/[a'"],
    ['more alternatives than it walks', "web: 'Deployment/{1..100}'"],
    ['nested negative patterns', "web: [['!a/b']]"],
    ['a name that Kubernetes has not', 'web: { pattern: a/b, application: -shop }'],
  ])('%s', async (_, yaml) => {
    expect(await problems(yaml)).not.toEqual([]);
    expect(accepts(parse(yaml))).toBe(true);
  });
});

/** Every text under a key `pattern` of the schema itself. */
const PATTERNS = [...text.matchAll(/"pattern": ("(?:[^"\\]|\\.)*")/g)].map(([, json = '']) => {
  return JSON.parse(json) as string;
});

describe('is up to date', () => {
  test('with the classes', () => {
    const classes = PATTERNS.flatMap((each) => [...each.matchAll(/created[a-z|]*/g)].map(String));
    expect(classes.length).toBeGreaterThan(2);
    for (const each of classes) expect(each.split('|')).toEqual([...CHANGE_CLASSES]);
  });

  test.each(FIXED_OUTPUTS)('with the output %s', (name) => {
    expect(accepts({ [name]: 'a/b' })).toBe(false);
    expect(accepts({ [`${name}-of`]: 'a/b' })).toBe(true);
  });
});
