import { describe, expect, test } from '@jest/globals';
import {
  applicationSelectors,
  applicationSetNames,
  nameOf,
  selectionOf,
} from '../../src/wait/selection.js';

interface Asked {
  readonly applications?: readonly string[];
  readonly applicationSets?: readonly string[];
  readonly selector?: string;
  readonly namespace?: string;
}

function inputs({
  applications = [],
  applicationSets = [],
  selector = '',
  namespace = 'argocd',
}: Asked) {
  return { applications, applicationSets, selector, applicationNamespace: namespace };
}

const HERE = [
  ['argocd', 'shop'],
  ['argocd', 'shop-api'],
  ['argocd', 'web'],
  ['team-a', 'shop'],
  ['team-b', 'shop-api'],
] as const;

type Accepts = (namespace: string, name: string) => boolean;

/** Which of those that are here are accepted. */
function accepted(accepts: Accepts | undefined): readonly string[] {
  return HERE.filter(([namespace, name]) => accepts?.(namespace, name)).map((key) => key.join('/'));
}

interface Case extends Asked {
  /** What the server is asked for; `namespace` absent: all. */
  readonly asks: {
    readonly namespace?: string;
    readonly name?: string;
    readonly labelSelector?: string;
  };
  readonly accepts: readonly string[];
  /** The keys of what is wanted; undefined for globs and selectors. */
  readonly keys: readonly (string | undefined)[];
}

const CASES: readonly Case[] = [
  {
    applications: ['shop'],
    asks: { namespace: 'argocd', name: 'shop' },
    accepts: ['argocd/shop'],
    keys: ['argocd/shop'],
  },
  {
    applications: ['team-a/shop'],
    asks: { namespace: 'team-a', name: 'shop' },
    accepts: ['team-a/shop'],
    keys: ['team-a/shop'],
  },
  {
    applications: ['shop', 'web'],
    asks: { namespace: 'argocd' },
    accepts: ['argocd/shop', 'argocd/web'],
    keys: ['argocd/shop', 'argocd/web'],
  },
  {
    applications: ['shop', 'team-a/shop'],
    asks: { name: 'shop' },
    accepts: ['argocd/shop', 'team-a/shop'],
    keys: ['argocd/shop', 'team-a/shop'],
  },
  {
    applications: ['web', 'team-a/shop'],
    asks: {},
    accepts: ['argocd/web', 'team-a/shop'],
    keys: ['argocd/web', 'team-a/shop'],
  },
  {
    applications: ['shop*'],
    asks: { namespace: 'argocd' },
    accepts: ['argocd/shop', 'argocd/shop-api'],
    keys: [undefined],
  },
  {
    applications: ['team-*/shop'],
    asks: { name: 'shop' },
    accepts: ['team-a/shop'],
    keys: [undefined],
  },
  {
    applications: ['*/shop-api'],
    asks: { name: 'shop-api' },
    accepts: ['argocd/shop-api', 'team-b/shop-api'],
    keys: [undefined],
  },
  {
    applications: ['shop'],
    namespace: '*',
    asks: { name: 'shop' },
    accepts: ['argocd/shop', 'team-a/shop'],
    keys: [undefined],
  },
  {
    selector: 'team=shop',
    asks: { namespace: 'argocd', labelSelector: 'team=shop' },
    accepts: ['argocd/shop', 'argocd/shop-api', 'argocd/web'],
    keys: [undefined],
  },
  {
    selector: 'team=shop',
    namespace: '*',
    asks: { labelSelector: 'team=shop' },
    accepts: HERE.map((key) => key.join('/')),
    keys: [undefined],
  },
  {
    applications: ['shop-*', 'team-b/*'],
    selector: 'team=shop',
    asks: { labelSelector: 'team=shop' },
    accepts: ['argocd/shop-api', 'team-b/shop-api'],
    keys: [undefined, undefined],
  },
];

describe.each(CASES)('%j', (asked) => {
  test('the narrowest list that holds all', () => {
    const { accepts, ...asks } = selectionOf(inputs(asked));
    expect(asks).toEqual(asked.asks);
    expect(accepted(accepts)).toEqual(asked.accepts);
  });

  test('what is wanted, entry by entry', () => {
    const wanted = applicationSelectors(inputs(asked));
    expect(wanted.map((each) => each.key)).toEqual(asked.keys);
    const any: Accepts = (namespace, name) =>
      wanted.some((each) => each.accepts({ namespace, name }));
    expect(accepted(any)).toEqual(asked.accepts);
    expect(wanted.map((each) => each.text)).toEqual(asked.applications ?? [asked.selector]);
  });
});

test.each([
  ['argocd/shop', 'argocd', 'shop'],
  ['team-a/shop', 'argocd', 'team-a/shop'],
  ['argocd-2/shop', 'argocd', 'argocd-2/shop'],
  ['argocd/shop', '*', 'argocd/shop'],
  ['shop-*', 'argocd', 'shop-*'],
])('%s in %s is called %s', (key, namespace, name) => {
  expect(nameOf(key, namespace)).toBe(name);
});

describe('of ApplicationSets', () => {
  const OWNED = [
    { namespace: 'argocd', name: 'a', applicationSet: 'shop' },
    { namespace: 'team', name: 'b', applicationSet: 'shop' },
    { namespace: 'argocd', name: 'shop' },
    { namespace: 'argocd', name: 'c', applicationSet: 'web' },
  ];
  const accepted = (asked: Asked) =>
    applicationSelectors(inputs(asked)).map(({ text, set, key, accepts }) => ({
      ...{ text, set, key },
      names: OWNED.filter(accepts).map(({ name }) => name),
    }));

  test('an entry names what its ApplicationSet owns, in the namespace of that', () => {
    expect(accepted({ applicationSets: ['shop', 'team/shop'] })).toEqual([
      { text: 'ApplicationSet/shop', set: 'argocd/shop', key: undefined, names: ['a'] },
      { text: 'ApplicationSet/team/shop', set: 'team/shop', key: undefined, names: ['b'] },
    ]);
  });

  test.each([
    [['shop'], { namespace: 'argocd', wholeSources: true, owners: new Set(['argocd/shop']) }],
    [
      ['shop', 'web'],
      { namespace: 'argocd', wholeSources: true, owners: new Set(['argocd/shop', 'argocd/web']) },
    ],
    [['shop', 'team/shop'], { wholeSources: true, owners: new Set(['argocd/shop', 'team/shop']) }],
  ])('%j: the narrowest list that holds what they own', (applicationSets, selection) => {
    expect(selectionOf(inputs({ applicationSets }))).toEqual(selection);
  });

  test('with children, everything in the namespaces is listed', () => {
    const asked = { ...inputs({ applicationSets: ['shop'] }), children: true };
    expect(selectionOf(asked)).toEqual({ namespace: 'argocd', wholeSources: true });
  });

  test('each is followed once', () => {
    expect(applicationSetNames(inputs({ applicationSets: ['shop', 'argocd/shop'] }))).toEqual([
      { namespace: 'argocd', name: 'shop' },
    ]);
  });
});

describe('with children', () => {
  const children = true;

  test.each<[string, Asked, object]>([
    ['one name', { applications: ['root'] }, { namespace: 'argocd' }],
    ['another namespace', { applications: ['team-a/root'] }, { namespace: 'team-a' }],
    ['several namespaces', { applications: ['team-a/root', 'root'] }, {}],
    [
      'all namespaces, of which one has the ApplicationSet',
      { applicationSets: ['argocd/shops'], namespace: '*' },
      {},
    ],
    ['labels', { selector: 'team=shop' }, { namespace: 'argocd' }],
    [
      'all namespaces, of which one is named',
      { applications: ['argocd/root'], namespace: '*' },
      {},
    ],
  ])('%s: everything in the namespaces is listed', (_, asked, expected) => {
    expect(selectionOf({ ...inputs(asked), children })).toEqual({
      ...expected,
      wholeSources: true,
    });
  });

  test('names and labels are looked at on this side', () => {
    const asked = { applications: ['root*'], selector: 'tier in (root)' };
    const [entry] = applicationSelectors({ ...inputs(asked), children });
    const root = { namespace: 'argocd', name: 'root-a' };
    expect(entry?.accepts({ ...root, labels: { tier: 'root' } })).toBe(true);
    expect(entry?.accepts({ ...root, labels: { tier: 'web' } })).toBe(false);
    expect(entry?.accepts(root)).toBe(false);
    expect(entry?.accepts({ ...root, name: 'web', labels: { tier: 'root' } })).toBe(false);
  });
});
