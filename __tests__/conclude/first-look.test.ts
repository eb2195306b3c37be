import { expect, test } from '@jest/globals';
import { createFirstLook, type FirstLookOptions } from '../../src/conclude/first-look.js';
import { parseApplication } from '../../src/core/application/parse.js';
import type { LiveObject, LiveQuery, ObjectReader } from '../../src/sources/source.js';
import { fakeClock } from '../support/fake-clock.ts';
import { manifest } from '../support/manifest.ts';

function application(name: string, count: number) {
  const resources = Array.from({ length: count }, (_, i) => ({
    ...{ version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: `c${i}`, status: 'Synced' },
  }));
  return parseApplication(manifest(name, { resources, sync: 'OutOfSync' }));
}

type Answer = (query: LiveQuery) => LiveObject | Promise<LiveObject>;

function looking(answer: Answer, more: Partial<FirstLookOptions> = {}) {
  const asked: LiveQuery[] = [];
  let [open, most] = [0, 0];
  const reader: ObjectReader = {
    async objects(queries) {
      asked.push(...queries);
      open += 1;
      most = Math.max(most, open);
      const answers = await Promise.all(queries.map(answer));
      open -= 1;
      return answers;
    },
    templates: async () => [],
  };
  const clock = fakeClock();
  const look = createFirstLook({
    source: { reaches: () => true, reader: async () => reader },
    asks: () => true,
    nameOf: (key) => key,
    isDeployed: () => false,
    clock,
    cancelled: new AbortController().signal,
    ...more,
  });
  return { look, asked, clock, most: () => most };
}

const found: Answer = ({ name }) => ({ kind: 'found', object: { metadata: { name } } });
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test('reads once what is asked about, one Application after the other', async () => {
  const { look, asked, most } = looking(found, { asks: ({ name }) => name !== 'c0' });
  for (let i = 0; i < 3; i += 1) {
    look.seen(application('shop', 3));
    look.seen(application('other', 2));
  }
  await settled();
  expect(asked.map(({ name }) => name)).toEqual(['c1', 'c2', 'c1']);
  expect(most()).toBe(1);
  const { objects } = await look.end();
  expect([...(objects.get('argocd/shop')?.keys() ?? [])]).toEqual([
    '/ConfigMap/shop/c1',
    '/ConfigMap/shop/c2',
  ]);
});

test('at most 500 objects, and 32 MiB of them', async () => {
  // More than fits, then little ones, for which there is no room any more.
  const big = new Set(Array.from({ length: 40 }, (_, i) => `c${i}`));
  const { look, asked } = looking(({ name }) => ({
    kind: 'found',
    object: { metadata: { name }, data: { a: big.has(name) ? 'x'.repeat(1024 * 1024) : 'x' } },
  }));
  look.seen(application('shop', 400));
  look.seen(application('other', 400));
  await settled();
  expect(asked).toHaveLength(500);
  expect((await look.end()).objects.get('argocd/shop')?.size).toBeLessThan(32);
});

test.each<readonly [string, Partial<FirstLookOptions>]>([
  ['what is deployed', { isDeployed: () => true }],
  ['another cluster', { source: { reaches: () => false, reader: async () => Promise.reject() } }],
  ['a run that is cancelled', { cancelled: AbortSignal.abort() }],
])('nothing is read of %s', async (_what, more) => {
  const { look, asked } = looking(found, more);
  look.seen(application('shop', 3));
  await settled();
  expect(asked).toEqual([]);
  expect((await look.end()).objects.size).toBe(0);
});

test('what fails is told, and what throws is kept to itself', async () => {
  const refused: LiveObject = { kind: 'unreadable', message: 'no', remedy: 'a Role' };
  const { look } = looking(({ application, name }) => {
    if (application.name === 'broken') throw new Error('a bug');
    return name === 'c0' ? refused : { kind: 'absent' };
  });
  look.seen(application('broken', 1));
  look.seen(application('shop', 2));
  await settled();
  expect((await look.end()).troubles).toEqual([refused]);
});

test('the end waits for what is under way, but not for long', async () => {
  const late = Promise.withResolvers<LiveObject>();
  const first = looking(() => late.promise);
  first.look.seen(application('shop', 1));
  const before = first.look.end();
  late.resolve({ kind: 'found', object: {} });
  expect((await before).objects.size).toBe(1);
  const second = looking(() => new Promise(() => undefined));
  second.look.seen(application('shop', 1));
  const none = second.look.end();
  await second.clock.advance(5000);
  expect((await none).objects.size).toBe(0);
});
