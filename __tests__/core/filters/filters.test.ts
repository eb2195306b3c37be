import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { applicationMatches } from '../../../src/core/filters/application-names.js';
import { evaluate, type Filter } from '../../../src/core/filters/filter.js';
import { parsePattern, parsePatterns, selects } from '../../../src/core/filters/patterns.js';
import type { Change, ChangeClass } from '../../../src/core/result/vocabulary.js';
import { parseFilters } from '../../../src/inputs/filters-file.js';
import { costOf } from '../../support/cost.ts';

const RUN_CLASSES: readonly ChangeClass[] = ['created', 'updated', 'pruned'];

/** A change from `group/Kind/namespace/name`. */
function change(resource: string, more: Partial<Change> = {}): Change {
  const [group = '', kind = '', namespace = '', name = ''] = resource.split('/');
  return {
    application: 'argocd/shop',
    group,
    version: 'v1',
    kind,
    namespace,
    name,
    change: 'updated',
    evidence: 'applied',
    message: '',
    images: [],
    phase: '',
    ...more,
  };
}

async function only(text: string): Promise<Filter> {
  const { filters, problems } = await parseFilters(text);
  expect(problems).toEqual([]);
  expect(filters).toHaveLength(1);
  return filters[0] as Filter;
}

async function matches(text: string, ...changes: readonly Change[]): Promise<boolean> {
  return evaluate(await only(text), changes, RUN_CLASSES).length > 0;
}

const WEB = 'apps/Deployment/shop-eu/web';
const ROLE = 'rbac.authorization.k8s.io/ClusterRole//system:node';
const CONFIG = '/ConfigMap/shop/settings';

test('an empty name, as of a resource with a generateName, is matched by * alone', () => {
  const nameless = { group: 'batch', kind: 'Job', namespace: 'shop', name: '' };
  const matching = ['Job/*', 'batch/Job/shop/*', '*/*', 'Job/once-*'].filter((text) => {
    const parsed = parsePattern(text);
    return parsed.ok && parsed.value.matches(nameless);
  });
  expect(matching).toEqual(['Job/*', 'batch/Job/shop/*', '*/*']);
});

describe('a pattern names resources', () => {
  test.each([
    ['apps/Deployment/*/web', WEB, true],
    ['apps/Deployment/*/web', 'apps/Deployment/shop-eu/web-2', false],
    ['apps/Deployment/*/web', 'apps/Deployment//web', true],
    ['apps/Deployment//web', 'apps/Deployment//web', true],
    ['apps/Deployment//web', WEB, false],
    ['Deployment/web', WEB, true],
    ['Deployment/web', 'extensions/Deployment/other/web', true],
    ['deployment/web', WEB, true],
    ['DEPLOY*/web', WEB, true],
    ['Deployment/Web', WEB, false],
    ['Apps/Deployment/*/web', WEB, false],
    ['Deployment/shop-*/web', WEB, true],
    ['Deployment/shop-*/web', 'apps/Deployment/admin/web', false],
    ['*/*/*/*', ROLE, true],
    ['*/*/*/*', CONFIG, true],
    ['**/**/**/**', CONFIG, true],
    ['*/*', CONFIG, true],
    ['/ConfigMap/shop/*', CONFIG, true],
    ['/ConfigMap/shop/*', 'example.com/ConfigMap/shop/settings', false],
    ['{apps,}/*/*/*', CONFIG, true],
    ['{apps,}/*/*/*', WEB, true],
    ['{apps,}/*/*/*', ROLE, false],
    ['?*/ConfigMap/*/*', CONFIG, false],
    ['ClusterRole/system:node', ROLE, true],
    ['ClusterRole/system:*', ROLE, true],
    ['updated:ClusterRole/system:node', ROLE, true],
    ['Deployment/we?', WEB, true],
    ['Deployment/[v-w]eb', WEB, true],
    ['Deployment/[!a-m]eb', WEB, true],
    ['Deployment/{web,api}', WEB, true],
    ['Deployment/{web,api}', 'apps/Deployment/shop/worker', false],
    ['Deployment/!(web|api)', WEB, false],
    ['Deployment/!(web|api)', 'apps/Deployment/shop/worker', true],
    ['Deployment/*', 'apps/Deployment/shop/.hidden', true],
    ['Deployment/#web', 'apps/Deployment/shop/#web', true],
    ['Role/a\\*', 'g/Role/shop/a*', true],
    ['Role/a\\*', 'g/Role/shop/ab', false],
    ['Role/..', 'g/Role/shop/..', true],
  ])('%s on %s: %s', (text, resource, expected) => {
    const parsed = parsePattern(text);
    expect(parsed).toMatchObject({ ok: true });
    expect(parsed.ok && parsed.value.matches(change(resource))).toBe(expected);
  });
});

describe('a pattern that is refused', () => {
  test.each([
    ['', /is empty: write Kind\/name/],
    ['!', /is empty/],
    ['Deployment', /has 1 segment: write Kind\/name/],
    ['created:Deployment', /has 1 segment:/],
    ['a/b/c/d/e', /has 5 segments:/],
    ['/ConfigMap/settings', /has an empty Kind/],
    ['Deployment/', /has an empty name/],
    ['creatd:*/*', /unknown change class "creatd": accepted are created, updated/],
    ['created|updatd:*/*', /unknown change class "updatd"/],
    ['Created:*/*', /unknown change class "Created"/],
    [':*/*', /unknown change class ""/],
    ['created:!*/*', /write !class:Kind\/name/],
    ['Ingress/a Ingress/b', /space or line break/],
    ['Ingress/a\nIngress/b', /space or line break/],
    ['Deployment/{web', /unmatched \{/],
    ['{apps/Deployment,batch/Job}/x', /unmatched \{/],
    ['Deployment/web}', /unmatched \}/],
    ['Deployment/[web', /unmatched \[/],
    [`Deployment/${'a'.repeat(300)}`, /longer than 256 characters: shorten/],
    [`Deployment/${'{a,b}'.repeat(40)}`, /more than 64 alternatives/],
    ['Deployment/{1..99999999}', /more than 64 alternatives/],
    ['Deployment/+(a|+(b))', /nested or more than 4 groups/],
    [`Deployment/${'+(a)'.repeat(5)}`, /more than 4 groups/],
  ])('%j', (text, problem) => {
    const parsed = parsePattern(text);
    expect(parsed.ok).toBe(false);
    expect(parsed.ok ? '' : parsed.problems.join()).toMatch(problem);
  });
});

describe("the contract's filters", () => {
  const text = `
web:    apps/Deployment/*/web        # group/Kind/namespace/name
short:  Deployment/web
three:  Deployment/shop-*/web
core:   /ConfigMap/shop/*
many:   [ 'Ingress/*', '!Ingress/internal-*' ]
new:    'created:*/*'
images: { pattern: 'Deployment/*', image: 'registry.example.com/shop/*', application: 'shop-*', change: [created, updated] }
`.replace('images:', 'pictures:');
  const changes = [
    change(WEB, { application: 'argocd/shop-eu', images: ['registry.example.com/shop/web:2'] }),
    change('apps/Deployment/admin/web', { images: ['nginx:1'] }),
    change(CONFIG, { change: 'created' }),
    change('networking.k8s.io/Ingress/shop/front', { change: 'pruned' }),
    change('networking.k8s.io/Ingress/shop/internal-api'),
    change('/ConfigMap/shop/kept', { change: 'unchanged' }),
  ];
  test.each([
    ['web', [0, 1]],
    ['short', [0, 1]],
    ['three', [0]],
    ['core', [2]],
    ['many', [3]],
    ['new', [2]],
    ['pictures', [0]],
  ])('%s', async (name, expected) => {
    const { filters, problems } = await parseFilters(text);
    expect(problems).toEqual([]);
    const filter = filters.find((one) => one.name === name) as Filter;
    expect(evaluate(filter, changes, RUN_CLASSES)).toEqual(expected.map((i) => changes[i]));
  });

  test('a filter cannot be named like the fixed output images', async () => {
    expect((await parseFilters("\nimages: '*/x'")).problems).toEqual([
      expect.stringMatching(
        /^line 2: filter "images": .* fixed output images .*choose another name/,
      ),
    ]);
  });
});

describe('classes: the prefix before the filter before the run', () => {
  const at = (cls: ChangeClass) => change(WEB, { change: cls });
  test.each<[string, ChangeClass, boolean]>([
    ["f: '*/*'", 'updated', true],
    ["f: '*/*'", 'unchanged', false],
    ["f: '*/*'", 'hook', false],
    ["f: 'unchanged:*/*'", 'unchanged', true],
    ["f: 'created|pruned:*/*'", 'pruned', true],
    ["f: 'created|pruned:*/*'", 'updated', false],
    ["f: {pattern: '*/*', change: unchanged}", 'unchanged', true],
    ["f: {pattern: '*/*', change: unchanged}", 'updated', false],
    ["f: {pattern: '*/*', change: 'failed|skipped'}", 'skipped', true],
    ["f: {pattern: 'created:*/*', change: [unchanged]}", 'created', true],
    ["f: {pattern: 'created:*/*', change: [unchanged]}", 'unchanged', false],
    ["f: ['*/*', '!created:*/*']", 'created', false],
    ["f: ['*/*', '!created:*/*']", 'updated', true],
    ["f: ['created:*/*', '!Deployment/*']", 'created', false],
    ["f: ['unchanged:*/*', '!Deployment/*']", 'unchanged', false],
  ])('%s on %s: %s', async (text, cls, expected) => {
    expect(await matches(text, at(cls))).toBe(expected);
  });

  test("the run's classes count where nothing else is said", async () => {
    expect(evaluate(await only("f: '*/*'"), [at('hook')], ['hook'])).toHaveLength(1);
  });
});

describe('conditions', () => {
  const pod = (...images: readonly string[]) => change(WEB, { images });
  test.each([
    ['r.example.com/shop/*', pod('r.example.com/shop/web:1'), true],
    ['r.example.com/shop/*', pod('nginx', 'r.example.com/shop/web:1'), true],
    ['r.example.com/*', pod('r.example.com/shop/web:1'), false],
    ['r.example.com/**', pod('r.example.com/shop/web@sha256:00'), true],
    ['r.example.com/**', pod('nginx'), false],
    ['r.example.com/**', pod(), false],
  ])('image %s', async (image, one, expected) => {
    expect(await matches(`f: {pattern: '*/*', image: '${image}'}`, one)).toBe(expected);
    expect(await matches(`f: {pattern: '*/*', image: [none, '${image}']}`, one)).toBe(expected);
  });

  test.each([
    ['shop', 'argocd/shop', true],
    ['shop', 'team/shop', true],
    ['shop', 'shop', true],
    ['shop-*', 'argocd/shop-eu', true],
    ['shop-*', 'argocd/shop', false],
    ['argocd/shop', 'argocd/shop', true],
    ['argocd/shop', 'shop', true],
    ['team/shop', 'shop', false],
    ['team-*/shop', 'team-a/shop', true],
  ])('application %s on %s: %s', async (pattern, application, expected) => {
    const one = change(WEB, { application });
    expect(await matches(`f: {pattern: '*/*', application: '${pattern}'}`, one)).toBe(expected);
  });

  test('a bare application is in the namespace that the run asked for', async () => {
    const filter = await only("f: {pattern: '*/*', application: team/shop}");
    const one = change(WEB, { application: 'shop' });
    expect(evaluate(filter, [one], RUN_CLASSES, { applicationNamespace: 'team' })).toEqual([one]);
  });

  test.each(["'created, updated'", "'created | updated'", '[created, updated]'])(
    'change: %s',
    async (classes) => {
      const filter = `f: {pattern: '*/*', change: ${classes}}`;
      expect(await matches(filter, change(WEB))).toBe(true);
      expect(await matches(filter, change(WEB, { change: 'pruned' }))).toBe(false);
    },
  );

  test('without images by resource, others may be given', async () => {
    const filter = await only("f: {pattern: '*/*', image: 'r/web:*'}");
    const one = change(WEB);
    const imagesOf = () => ['r/api:1', 'r/web:1'];
    expect(evaluate(filter, [one], RUN_CLASSES, { imagesOf })).toEqual([one]);
    expect(evaluate(filter, [one], RUN_CLASSES)).toEqual([]);
  });
});

describe('YAML that is accepted', () => {
  test.each([
    ['nothing', '', []],
    ['a comment', '# later\n', []],
    ['an empty mapping', '{}', []],
    ['null', '~', []],
    ['names of prototypes', "__proto__: '*/*'\nconstructor: '*/*'", ['__proto__', 'constructor']],
    ['names that YAML takes for other types', "true: '*/*'\nnull: '*/*'", ['true', 'null']],
    ['a list shared by an anchor', 'a: &x [A/b]\nb: [*x, C/d]\nc: *x', ['a', 'b', 'c']],
    ['a block', 'a: |\n  A/b\n', ['a']],
    ['a byte order mark', '\uFEFFa: A/b', ['a']],
    ['a list that is only there to be shared', ".x: &x ['!A/b']\na: ['*/*', *x]", ['a']],
    ['the same by another habit', "x-y: &x ['!A/b']\na: ['*/*', *x]", ['a']],
    ['anything where nothing is a filter', '.a: { b: [1, ~, { c: true }] }\nx-:', []],
    ['names apart by more than case', 'web: A/b\nweb2: A/b', ['web', 'web2']],
  ])('%s', async (_, text, names) => {
    const { filters, problems } = await parseFilters(text);
    expect(problems).toEqual([]);
    expect(filters.map((filter) => filter.name)).toEqual(names);
  });

  test('shared patterns are those of the list', async () => {
    const { filters } = await parseFilters('a: &x [A/b]\nb: [*x, C/d]');
    expect(filters[1]?.patterns.map((pattern) => pattern.text)).toEqual(['A/b', 'C/d']);
  });

  test('an anchor on an inner list is shared without the rest of its filter', async () => {
    const text = readFileSync(join(import.meta.dirname, 'shared-anchor.yml'), 'utf8');
    const { filters, problems } = await parseFilters(text);
    expect(problems).toEqual([]);
    const texts = filters.map(({ name, patterns }) => [name, ...patterns.map((each) => each.text)]);
    expect(texts).toEqual([
      ['src', 'ConfigMap/*', 'Secret/*', 'Deployment/web'],
      ['lib', 'ConfigMap/*', 'Secret/*', 'Service/lib'],
      ['all', '*/*', '!ConfigMap/*'],
      ['rest', '*/*', '!ConfigMap/*'],
    ]);
  });

  test('what is unused by any filter counts against none of the limits', async () => {
    // 6,000 patterns.
    const some = `.some: &some [${"'A/{a,b}*',".repeat(100)}]`;
    const many = `${some}\n.many: &many [${'*some,'.repeat(60)}]`;
    const { filters, problems } = await parseFilters(`${many}\na: A/b`);
    expect([filters.length, problems]).toEqual([1, []]);
    const used = await parseFilters(`${many}\na: *many`);
    expect(used.problems[0]).toMatch(/more than 5000 patterns/);
  });
});

describe('YAML that is refused, with the line', () => {
  test.each<[string, RegExp]>([
    ['just text', /^line 1: the text "just text" is not accepted here: expected is a mapping/],
    ['[a/b]', /^line 1: a list is not accepted here/],
    ['a: A/b\n2web: A/b', /^line 2: filter name "2web" is not accepted: use letters/],
    ['a b: A/b', /^line 1: filter name "a b"/],
    ['a.b: A/b', /^line 1: filter name "a.b"/],
    ['"": A/b', /^line 1: filter name ""/],
    ['? [a]\n: A/b', /^line 1: filter name a list/],
    ['a: A/b\n<<: A/b', /^line 2: filter name "<<"/],
    ['a: A/b\n\na: C/d', /^line 3: filter "a": duplicate name, .* line 1 /],
    ['web: A/b\nWEB: A/b', /^line 2: filter "WEB": duplicate name/],
    [
      'web: A/b\nweb-count: A/b',
      /^line 2: filter "web-count": .* output web-count is that of filter "web" on line 1/,
    ],
    [
      'web-count: A/b\nweb: A/b',
      /^line 2: filter "web": .* output web-count is that of filter "web-count"/,
    ],
    ['web: A/b\nWeb-Resources: A/b', /^line 2: filter "Web-Resources": /],
    ['Changed: A/b', /^line 1: filter "Changed": .* the fixed output changed/],
    ['changed-count: A/b', /fixed output changed-count/],
    ['a:', /^line 1: filter "a": an empty value is not accepted/],
    ['a: []', /^line 1: filter "a": has no pattern: write at least one/],
    ['a: 12', /^line 1: filter "a": the number "12" is not accepted: write it as text in quotes/],
    ['a: true', /the boolean "true" is not accepted/],
    ['a:\n  - A/b\n  - ~', /^line 3: filter "a": an empty value/],
    ['a:\n  - A/b\n  - created: x/y', /^line 3: filter "a": a mapping is not accepted/],
    ['a: [A/b,\n "x"]', /^line 2: filter "a": pattern "x" has 1 segment/],
    [
      "a: ['!A/b', '!C/d']",
      /^line 1: filter "a": there are only negative patterns .*add a positive one/,
    ],
    ['a: */*', /^line 1: "\*\/\*" is an unknown alias to YAML: put patterns .* in quotes/],
    ['a: [A/b, !C/d]', /^line 1: "!C\/d" is a tag to YAML: put patterns .* in quotes/],
    [
      'a: {pattern: A/b, imag: x}',
      /^line 1: filter "a": unknown key "imag": accepted are pattern, image, application, change/,
    ],
    ['a: {pattern: A/b,\n pattern: C/d}', /^line 2: filter "a": duplicate key pattern/],
    ['a: {image: x}', /^line 1: filter "a" pattern: has no pattern/],
    ['a: {}', /^line 1: filter "a" pattern: has no pattern/],
    ['a: {pattern: []}', /has no pattern/],
    [
      'a: {pattern: A/b, change: creatd}',
      /filter "a" change: unknown change class "creatd": accepted are/,
    ],
    ['a: {pattern: A/b, change: }', /filter "a" change: an empty value/],
    ['a: {pattern: A/b, change: []}', /filter "a" change: is empty/],
    ['a: {pattern: A/b, image: ""}', /filter "a" image: is empty/],
    ['a: {pattern: A/b, image: "{x"}', /filter "a" image: "\{x" has an unmatched \{/],
    [
      'a: {pattern: A/b, application: a/b/c}',
      /filter "a" application: "a\/b\/c" has more than one slash/,
    ],
    ['a: {pattern: A/b, application: Shop}', /filter "a" application: "Shop" has a character/],
    ['a: {pattern: A/b, application: shop/}', /application: "shop\/" has an empty part/],
    ['a: {pattern: A/b, application: /shop}', /application: "\/shop" has an empty part/],
    ['a: {pattern: A/b, application: "!shop"}', /application: "!shop" cannot exclude/],
    ['a: {pattern: A/b, application: -shop}', /application: "-shop" is not a valid name/],
    ['a: {pattern: A/b, application: my.team/shop}', /"my.team\/shop" is not a valid name/],
    ['a: {pattern: A/b, application: "{shop"}', /application: "\{shop" .*unmatched \{/],
    [`a: {pattern: A/b, application: ${'x'.repeat(64)}/shop}`, /shop" is not a valid name/],
    [`a: {pattern: A/b, application: ${'x'.repeat(254)}}`, /is not a valid name/],
    ['a: {pattern: A/b, image: "  "}', /filter "a" image: is empty/],
    ['a: {pattern: A/b, image: [web, ""]}', /filter "a" image: is empty/],
    ['a: [A/b\nb: C/d', /^line 2: the YAML cannot be read/],
    ['a: A/b\n---\nb: A/b', /^line 2: the YAML cannot be read/],
    ['a:\n\t- A/b', /^line 2: the YAML cannot be read \(Tabs/],
    [
      'a: &x [A/b, *x]',
      /^line 1: filter "a": lists are nested too deeply, or an alias contains itself/,
    ],
  ])('%j', async (text, problem) => {
    const { filters, problems } = await parseFilters(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
    expect(filters.length).toBeLessThan(2);
  });

  test('all problems are reported', async () => {
    const { problems } = await parseFilters("a: x\nb: 'y:*/*'\nimages: A/b\nc: [1, '!']");
    expect(problems.map((problem) => problem.slice(0, 7))).toEqual([
      'line 1:',
      'line 2:',
      'line 3:',
      'line 4:',
      'line 4:',
    ]);
  });
});

test('whatever the text, the outcome is filters or problems with their lines', async () => {
  const piece = fc.constantFrom(
    ...'ab/*:!{}[](),|&#-?+\'"\n '.split(''),
    'a: ',
    '&x',
    '*x',
    'created:',
  );
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(text, async (yaml) =>
      (await parseFilters(yaml)).problems.every((p) => /^line \d+: /.test(p)),
    ),
    { numRuns: 1000 },
  );
});

describe('lists of patterns', () => {
  test('one positive, no negative', () => {
    const parsed = parsePatterns(['Ingress/*', '!Ingress/internal-*']);
    const patterns = parsed.ok ? parsed.value : [];
    expect(selects(patterns, change('x/Ingress/shop/front'))).toBe(true);
    expect(selects(patterns, change('x/Ingress/shop/internal-a'))).toBe(false);
    expect(selects([], change('x/Ingress/shop/front'))).toBe(false);
  });

  test('applications: none given means all', () => {
    expect(applicationMatches([], 'argocd')('x', 'y')).toBe(true);
    expect(applicationMatches(['shop'], 'argocd')('argocd', 'shop')).toBe(true);
    expect(applicationMatches(['shop'], 'argocd')('team', 'shop')).toBe(false);
    expect(applicationMatches(['shop'], '*')('team', 'shop')).toBe(true);
    expect(applicationMatches(['a', 'team-{a,b}/sho?'], 'argocd')('team-b', 'shop')).toBe(true);
  });
});

describe('patterns from untrusted sources cannot hang the step', () => {
  const NAMES = ['a'.repeat(253), `${'a'.repeat(252)}b`, 'ab'.repeat(126)];

  test.each([
    '+(a|aa)+(a|aa)+(a|aa)+(a|aa)c',
    '*(a|*a)*(a|*a)*(a|*a)c',
    '!(*a|a*)!(a*a|*aa)*(?|a|*)?c',
    `${'*a'.repeat(100)}c`,
    `${'?*'.repeat(100)}c`,
    `${'*[a-b]'.repeat(40)}*c`,
    `${'{a,b}'.repeat(6)}*c`,
    '{*a*,*b*,*aa*,*ab*}{*a*,*b*,*c*}{*a*,*x}*c',
    '*'.repeat(250),
    `${'{a,'.repeat(60)}${'}'.repeat(60)}`,
    '[[:alpha:]]*'.repeat(20),
  ])('%s costs little to match', async (glob) => {
    const parsed = parsePattern(`Deployment/${glob}`);
    expect(parsed).toMatchObject({ ok: true });
    const pattern = parsed.ok ? parsed.value : undefined;
    const cost = await costOf(() => {
      for (const name of NAMES) pattern?.matches(change(`apps/Deployment/x/${name}`));
    });
    expect(cost).toBeLessThan(10);
  });

  test.each([
    ['brace bomb', `a: 'A/${'{a,b}'.repeat(45)}'`],
    ['range bomb', "a: 'A/{1..99999}{1..99999}{1..99999}'"],
    ['nested groups', `a: 'A/${'+('.repeat(50)}a${')'.repeat(50)}'`],
    ['many groups', `a: 'A/${'*(a|b)'.repeat(30)}'`],
    ['weight in all', `a: [${`'A/*${'a*'.repeat(100)}',`.repeat(400)}]`],
    [
      'weight of all filters',
      Array.from({ length: 400 }, (_, i) => `a${i}: 'A/*${'a*'.repeat(100)}'`).join('\n'),
    ],
    [
      'weight of applications',
      `a: {pattern: A/b, application: [${`'${'{a,b}'.repeat(6)}*',`.repeat(200)}]}`,
    ],
    ...['from', 'to'].map((key) => [
      `weight of values ${key} which a field changes`,
      `a: {pattern: A/b, fields: {path: a, ${key}: [${`'${'{a,b}'.repeat(6)}*',`.repeat(200)}]}}`,
    ]),
    ['a flood of patterns', `a:\n${'- A/b\n'.repeat(9000)}`],
    ['a flood of text', `a: '${'x'.repeat(200_000)}'`],
    ['deep flow lists', `a: ${'['.repeat(20_000)}`],
    ['deep nesting', `a: ${'['.repeat(30)}'A/b'${']'.repeat(30)}`],
    ['a flood of aliases', `a: &x [A/b]\nb:\n${'- *x\n'.repeat(9000)}`],
    [
      'alias bomb',
      `a: &a [A/b, A/c, A/d]\n${'bcdefgh'
        .split('')
        .map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i]},`.repeat(20)}]`)
        .join('\n')}`,
    ],
    [
      'empty alias bomb',
      `a: &a []\nb: &b [${'*a,'.repeat(200)}]\nc: [${'*b,'.repeat(200)}]\nd: A/b`,
    ],
  ])('%s is refused at little cost', async (_, text) => {
    let problems: readonly string[] = [];
    const cost = await costOf(async () => {
      ({ problems } = await parseFilters(text));
    }, 150);
    expect(problems).not.toEqual([]);
    expect(cost).toBeLessThan(150);
  });
});
