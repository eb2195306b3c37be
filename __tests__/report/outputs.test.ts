import { describe, expect, jest, test } from '@jest/globals';
import { FIXED_OUTPUTS } from '../../src/core/result/output-names.js';
import type { ApplicationResult } from '../../src/core/result/vocabulary.js';
import { OUTPUT_UNITS, outputsOf, resultsOf } from '../../src/report/outputs.js';
import type { Report } from '../../src/report/report.js';
import { costOf } from '../support/cost.ts';
import { change, changesOf, filter, report, result } from './reports.js';

function outputs(given: Partial<Report> = {}): Record<string, string> {
  return Object.fromEntries(outputsOf(report(given), '/tmp/results.json').values);
}

describe('one Application', () => {
  const created = change({ name: 'new', kind: 'Ingress', change: 'created', images: [] });
  const hook = change({
    kind: 'Job',
    change: 'hook',
    hook: 'PostSync',
    phase: 'Succeeded',
    wave: 2,
  });
  const same = change({ name: 'same', change: 'unchanged' });
  const given = {
    applications: [result({ changes: [change(), created, hook, same] })],
    filters: [filter('cdn'), filter('db')],
    matched: new Map([['cdn', [created]]]),
  };
  const all = outputs(given);

  test.each([
    ['conclusion', 'success'],
    ['reason', 'synced'],
    ['message', 'shop is deployed'],
    ['changed', 'true'],
    ['changed-count', '2'],
    ['cdn', 'true'],
    ['cdn-count', '1'],
    ['db', 'false'],
    ['db-count', '0'],
    ['db-resources', '[]'],
    ['matched', '["cdn"]'],
    ['filter-results', '{"cdn":true,"db":false}'],
    ['revision', 'c3b0a1ca0659caeb106979446f11ad9220de841f'],
    ['revisions', '["c3b0a1ca0659caeb106979446f11ad9220de841f"]'],
    ['sync-status', 'Synced'],
    ['health-status', 'Healthy'],
    ['operation-phase', 'Succeeded'],
    ['images', '["registry.example.com/shop/web:1.1.0"]'],
    ['started-at', '2026-11-21T07:00:00Z'],
    ['finished-at', '2026-11-21T07:00:12Z'],
    ['duration-seconds', '12'],
    ['evidence', 'complete'],
    ['results-file', '/tmp/results.json'],
    [
      'matrix',
      '{"include":[{"filter":"cdn","application":"shop","group":"apps","kind":"Ingress","namespace":"shop","name":"new","change":"created"}]}',
    ],
  ])('%s', (name, value) => {
    expect(all[name]).toBe(value);
  });

  test('names are the fixed ones and three a filter', () => {
    const ofFilters = ['cdn', 'db'].flatMap((name) => [name, `${name}-count`, `${name}-resources`]);
    expect(Object.keys(all).sort()).toEqual([...FIXED_OUTPUTS, ...ofFilters].sort());
  });

  test('a resource has the keys of the contract, in their order', () => {
    const [resource] = JSON.parse(outputs({ ...given, changes: ['hook'] }).resources ?? '');
    expect(JSON.stringify(resource)).toBe(
      '{"application":"shop","group":"apps","version":"v1","kind":"Job","namespace":"shop","name":"web","change":"hook","evidence":"compared","message":"deployment.apps/web configured","images":["registry.example.com/shop/web:1.1.0"],"wave":2,"hook":"PostSync","phase":"Succeeded"}',
    );
    expect(Object.keys(JSON.parse(all.resources ?? '')[0])).not.toContain('wave');
  });

  test('applications repeats it all, as JSON values', () => {
    const [first] = JSON.parse(all.applications ?? '');
    expect(first).toMatchObject({
      application: 'shop',
      changed: true,
      'changed-count': 2,
      cdn: true,
    });
    expect(first['duration-seconds']).toBe(12);
    expect(first['cdn-resources']).toHaveLength(1);
    expect(first.matrix.include).toHaveLength(1);
  });

  test('the results file has every class', () => {
    const file = JSON.parse([...resultsOf(report(given))].join(''));
    expect(file.applications[0]['all-resources']).toHaveLength(4);
    expect(file).toMatchObject({
      conclusion: 'success',
      'changed-count': 2,
      'waited-seconds': 12.34,
    });
  });
});

describe('several Applications', () => {
  const of = (...given: readonly Partial<ApplicationResult>[]) =>
    outputs({ applications: given.map((each, i) => result({ application: `a${i}`, ...each })) });

  test.each<[string, keyof ApplicationResult, readonly string[], string]>([
    ['sync-status', 'syncStatus', ['OutOfSync', 'Synced'], 'OutOfSync'],
    ['sync-status', 'syncStatus', ['OutOfSync', 'Unknown', ''], 'Unknown'],
    ['health-status', 'healthStatus', ['Suspended', 'Progressing', 'Healthy'], 'Progressing'],
    ['health-status', 'healthStatus', ['Degraded', 'Missing'], 'Degraded'],
    ['health-status', 'healthStatus', ['Degraded', 'Unknown'], 'Unknown'],
    ['operation-phase', 'operationPhase', ['Terminating', 'Running'], 'Terminating'],
    ['operation-phase', 'operationPhase', ['Error', 'Failed', 'Succeeded'], 'Error'],
    ['operation-phase', 'operationPhase', ['', ''], ''],
    ['revision', 'revision', ['a', 'a'], 'a'],
    ['revision', 'revision', ['a', 'b'], ''],
    [
      'started-at',
      'startedAt',
      ['2026-11-21T07:00:05Z', '2026-11-21T08:00:04+01:00'],
      '2026-11-21T08:00:04+01:00',
    ],
    [
      'finished-at',
      'finishedAt',
      ['2026-11-21T07:01:00Z', '2026-11-21T07:00:30Z'],
      '2026-11-21T07:01:00Z',
    ],
    ['finished-at', 'finishedAt', ['2026-11-21T07:01:00Z', ''], ''],
    ['evidence', 'evidence', ['complete', 'partial'], 'partial'],
  ])('%s of %s %j is %s', (output, field, values, expected) => {
    expect(of(...values.map((value) => ({ [field]: value })))[output]).toBe(expected);
  });

  test('duration spans all operations', () => {
    const late = { startedAt: '2026-11-21T07:01:00Z', finishedAt: '2026-11-21T07:02:00Z' };
    expect(of({}, late)['duration-seconds']).toBe('120');
  });

  test('filters are answered for each', () => {
    const [a, b] = [change({ application: 'a' }), change({ application: 'b' })];
    const applications = [a, b].map((each) =>
      result({ application: each.application, changes: [each] }),
    );
    const all = outputs({ applications, filters: [filter('x')], matched: new Map([['x', [b]]]) });
    const parsed = JSON.parse(all.applications ?? '');
    expect(parsed.map((each: { x: boolean }) => each.x)).toEqual([false, true]);
  });
});

test('a run that ended before anything was seen has every output', () => {
  const all = outputs({ conclusion: 'failure', reason: 'invalid-input', applications: [] });
  expect(Object.keys(all).sort()).toEqual([...FIXED_OUTPUTS].sort());
  expect(all).toMatchObject({ resources: '[]', matrix: '{"include":[]}', 'duration-seconds': '' });
});

test('an image condition that was judged by the whole Application makes evidence partial', () => {
  const old = change({ images: [] });
  const given = {
    filters: [filter('x', { image: () => true })],
    matched: new Map([['x', [old]]]),
    applications: [result({ changes: [old] })],
  };
  expect(outputs(given).evidence).toBe('partial');
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'a filter named %s',
  (name) => {
    const given = report({ filters: [filter(name)], matched: new Map([[name, [change()]]]) });
    const values = new Map(outputsOf(given, '').values);
    expect(values.get(name)).toBe('true');
    expect(values.get('filter-results')).toBe(`{"${name}":true}`);
    const [application] = JSON.parse(values.get('applications') ?? '');
    expect(Object.getOwnPropertyDescriptor(application, name)?.value).toBe(true);
  },
);

test('a filter named application does not take the place of the name', () => {
  const given = {
    filters: [filter('application')],
    matched: new Map([['application', [change()]]]),
  };
  const all = outputs(given);
  expect(all.application).toBe('true');
  expect(JSON.parse(all.applications ?? '')[0].application).toBe('shop');
});

test('names in the results file are written as JSON once, and not for each Application', () => {
  const stringify = jest.spyOn(JSON, 'stringify');
  const applications = Array.from({ length: 50 }, (_, i) => result({ application: `shop-${i}` }));
  const whole = [...resultsOf(report({ applications, filters: [filter('cdn')] }))].join('');
  const times = (name: string) => stringify.mock.calls.filter(([value]) => value === name).length;
  // Once for the run, and once for all Applications.
  expect([times('cdn-resources'), times('shop-49')]).toEqual([2, 1]);
  stringify.mockRestore();
  const all = JSON.parse(whole).applications as readonly object[];
  expect(all.map((each) => Object.keys(each))).toEqual(all.map(() => Object.keys(all[0] ?? {})));
});

describe('limits', () => {
  const LISTS = [
    'applications',
    'all-resources',
    'some-resources',
    'resources',
    'matrix',
    'images',
  ];
  const cut = (count: number, message = 'deployment.apps/web configured') => {
    const changes = changesOf(count, { message });
    const given = report({
      applications: [result({ changes })],
      filters: [filter('some'), filter('all')],
      matched: new Map([
        ['all', changes],
        ['some', changes.slice(0, 10)],
      ]),
    });
    const { values, warnings } = outputsOf(given, '/tmp/results.json');
    return { given, values: new Map(values), warnings };
  };
  const lengthOf = (text: string | undefined): number => {
    const value = JSON.parse(text ?? '');
    return (value.include ?? value).length;
  };

  test('what fits is whole, without a warning', () => {
    const { values, warnings } = cut(100);
    expect(warnings).toEqual([]);
    expect(lengthOf(values.get('resources'))).toBe(100);
  });

  test.each([
    [
      '300: the matrix',
      300,
      'x',
      { applications: 1, 'all-resources': 300, resources: 300, matrix: 256 },
    ],
    ['800: applications', 800, 'x', { applications: 0, 'all-resources': 800, resources: 800 }],
    ['2,000: a filter', 1500, 'x', { applications: 0, 'some-resources': 10, resources: 1500 }],
    ['5,000: resources', 5000, 'x', { applications: 0, 'all-resources': 0, 'some-resources': 0 }],
    ['1,000 of 5 KB', 1000, 'm'.repeat(5_000), { 'all-resources': 0, matrix: 256 }],
    ['5,000 wide characters', 5000, '"🚀\n', { 'all-resources': 0, matrix: 256 }],
  ])('%s', (_, count, message, kept) => {
    const { values, warnings, given } = cut(count, message);
    const units = [...values].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    expect(units).toBeLessThanOrEqual(OUTPUT_UNITS);
    for (const name of LISTS) expect(() => JSON.parse(values.get(name) ?? '')).not.toThrow();
    for (const [name, n] of Object.entries(kept))
      expect([name, lengthOf(values.get(name))]).toEqual([name, n]);
    for (const warning of warnings) expect(warning).toContain('/tmp/results.json');
    expect(warnings.length).toBeGreaterThan(0);
    expect(values.get('changed-count')).toBe(String(count));
    expect(lengthOf(JSON.stringify(JSON.parse([...resultsOf(given)].join('')).resources))).toBe(
      count,
    );
  });

  test('lists keep their beginning', () => {
    const resources = JSON.parse(cut(5000).values.get('resources') ?? '');
    expect(resources.length).toBeGreaterThan(1000);
    expect(resources.map((each: { name: string }) => each.name)).toEqual(
      changesOf(resources.length).map((each) => each.name),
    );
  });

  test('images are cut in the end', () => {
    const changes = changesOf(5000).map((each, i) => ({
      ...each,
      images: [`${'i'.repeat(150)}${i}`],
    }));
    const all = outputs({ applications: [result({ changes })] });
    expect(JSON.parse(all.images ?? '').length).toBeLessThan(5000);
    expect(Object.values(all).join('').length).toBeLessThanOrEqual(OUTPUT_UNITS);
  });

  test('a huge message is cut', () => {
    expect(outputs({ message: 'm'.repeat(600_000) }).message).toHaveLength(10_000);
  });

  test('it costs little', async () => {
    expect(await costOf(() => cut(20_000), 50)).toBeLessThan(50);
  });
});
