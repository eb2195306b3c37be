import { describe, expect, test } from '@jest/globals';
import { differences } from '../../src/core/fields/difference.js';
import { type Json, mergeKeysOf } from '../../src/core/fields/lists.js';
import type { Change, ChangedFields } from '../../src/core/result/vocabulary.js';
import {
  fieldsCell,
  fieldsDiff,
  fieldsOf,
  inFull,
  inOutputs,
  pathsText,
} from '../../src/report/fields.js';
import { outputsOf, resultsOf } from '../../src/report/outputs.js';
import { summaryOf } from '../../src/report/summary.js';
import { growthOf } from '../support/cost.ts';
import { change, report, result } from './reports.ts';

function changed(before: Json, after: Json): ChangedFields {
  const changes = differences(before, after, mergeKeysOf(''));
  return { changes, unknown: 'none', evidence: 'rendered' };
}

function config(before: Json, after: Json): Change {
  return change({ change: 'updated', fields: changed({ data: before }, { data: after }) });
}

const PATHS = inOutputs(false);
const VALUES = inOutputs(true);

describe('outputs', () => {
  const some = config({ a: 'x', gone: '1' }, { a: 'y', 'nginx.conf': 'z'.repeat(300) });

  test('paths, and values on request', () => {
    expect(fieldsOf(some, PATHS)).toEqual([
      { path: 'data.a' },
      { path: 'data.gone' },
      { path: 'data["nginx.conf"]' },
    ]);
    expect(fieldsOf(some, VALUES)).toEqual([
      { path: 'data.a', from: 'x', to: 'y' },
      { path: 'data.gone', from: '1' },
      { path: 'data["nginx.conf"]', to: `${'z'.repeat(199)}…` },
    ]);
    expect(fieldsOf(change(), VALUES)).toBeUndefined();
    expect(pathsText(some)).toBe('data.a data.gone data["nginx.conf"]');
  });

  test('values are cut in outputs, and whole in the results file', () => {
    const all = report({ applications: [result({ changes: [some] })], fieldValues: true });
    const outputs = new Map(outputsOf(all, '').values);
    expect(outputs.get('resources')).toContain('"to":"y"');
    expect(outputs.get('resources')).not.toContain('z'.repeat(200));
    expect([...resultsOf(all)].join('')).toContain('z'.repeat(300));
  });

  test('a value that is no text stays what it is', () => {
    const replicas = changed({ spec: { replicas: 1 } }, { spec: { replicas: 2 } });
    expect(fieldsOf(change({ fields: replicas }), VALUES)).toEqual([
      { path: 'spec.replicas', from: 1, to: 2 },
    ]);
  });

  test('a Secret has no values, whatever is asked for', () => {
    const steps = [{ kind: 'key', text: 'data' }] as const;
    const fields: ChangedFields = {
      ...{ changes: [{ steps, hidden: true }], unknown: 'data', evidence: 'live' },
    };
    expect(fieldsOf(change({ fields }), VALUES)).toEqual([{ path: 'data' }]);
    expect(fieldsDiff(fields.changes)).toBe('```diff\n@ data (not shown: a Secret)\n```\n');
  });
});

describe('very many fields', () => {
  const keys = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, value.repeat(300)]));
  const many = (count: number) => config(keys(count, 'a'), keys(count, 'b'));
  const reported = (count: number) =>
    report({ applications: [result({ changes: [many(count)] })], fieldValues: true });

  test('of one resource leave it in the outputs: their paths alone, and a warning', () => {
    const { values, warnings } = outputsOf(reported(3000), 'all.json');
    const [resource] = JSON.parse(new Map(values).get('resources') ?? '');
    expect(resource.fields).toHaveLength(3000);
    expect(resource.fields[2999]).toEqual({ path: 'data.key-2999' });
    expect(warnings).toContainEqual(
      'Output resources has not all changed fields, or not their values, of 1 resource: those of one resource are limited to 100000 characters; all are in all.json (output results-file)',
    );
    expect(outputsOf(reported(100), 'all.json').warnings).toEqual([]);
  });

  test('with long paths: the first of them', () => {
    const long = config({}, Object.fromEntries([...'abcdefghijkl'].map((x) => [x.repeat(1e4), x])));
    expect(fieldsOf(long, PATHS)).toHaveLength(9);
    expect(fieldsOf(long, inFull(false))).toHaveLength(12);
  });

  test('fill the diff of their resource, and others find room in the page', () => {
    const diff = fieldsDiff(many(3000).fields?.changes ?? []);
    expect(diff.length).toBeLessThan(25_000);
    expect(diff).toMatch(/^@ data.key-0$/m);
    expect(diff).toMatch(/^… 29\d\d more: see the results file$/m);
    expect(summaryOf(reported(3000), 65_000)).toContain(diff);
  });

  test('the longest field finds room in a diff', () => {
    const lines = (value: string) =>
      Array(100)
        .fill(`${value.repeat(400)}\u202e`)
        .join('\n');
    const { changes } = changed(
      { data: { ['\u202e'.repeat(300)]: lines('a') } },
      { data: { ['\u202e'.repeat(300)]: lines('b') } },
    );
    expect(fieldsDiff(changes)).toContain('+ … 70 more lines');
  });

  test('cost in proportion', async () => {
    const work = (count: number) => async () => {
      const all = reported(count);
      outputsOf(all, '');
      summaryOf(all);
      return [...resultsOf(all)].length;
    };
    const growth = await growthOf(work(500), work(4000));
    expect(growth).toBeLessThan(25);
  });
});

describe('the summary', () => {
  const image = changed(
    { spec: { containers: [{ name: 'm', image: 'web:1' }], replicas: 1 } },
    { spec: { containers: [{ name: 'm', image: 'web:2' }], replicas: 2 } },
  );

  test('names fields; of images it has both values', () => {
    expect(fieldsCell(image.changes)).toBe(
      '<code>spec.containers&#91;m&#93;.image</code>: <code>web&#58;1</code> → <code>web&#58;2</code><br><code>spec.replicas</code>',
    );
  });

  test('folds long lists, and bounds the longest', () => {
    const keys = (value: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
    const cell = fieldsCell(changed({ data: keys('a', 3000) }, { data: keys('b', 3000) }).changes);
    expect(cell).toContain('<details><summary>2988 more</summary>');
    expect(cell.length).toBeLessThan(10_000);
  });

  test('shows values as a diff, of long texts what is around the change', () => {
    const lines = (changedLine: string) =>
      ['server {', ...Array(50).fill('  same;'), changedLine, '}'].join('\n');
    const { changes } = changed(
      { data: { 'nginx.conf': lines('  a;'), b: '1' } },
      { data: { 'nginx.conf': lines('  b;') } },
    );
    expect(fieldsDiff(changes)).toBe(
      ['```diff', '@ data["nginx.conf"]', '-   a;', '+   b;', '@ data.b', '- 1', '```', ''].join(
        '\n',
      ),
    );
  });

  test.each(['```\n# heading', '<script>', '::error::x', '\u001b[31mred\u202e'])(
    'a hostile key and value: %j',
    (hostile) => {
      const fields = changed({ data: { [hostile]: 'x' } }, { data: { [hostile]: hostile } });
      const all = (fieldValues: boolean) =>
        summaryOf(
          report({ applications: [result({ changes: [change({ fields })] })], fieldValues }),
        );
      const block = /(`{3,})diff\n([\s\S]*?)\n\1\n/.exec(all(true));
      expect(block?.[2]).toContain('@ data[');
      expect(all(true).replace(block?.[0] ?? '', '')).not.toContain('heading');
      expect(all(false)).not.toContain('<script>');
      expect(all(true) + all(false)).not.toMatch(/[\u001b\u202e]/);
    },
  );
});
