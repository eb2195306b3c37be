import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { annotationsOf, type Destinations, publish } from '../../src/report/publish.js';
import type { Report } from '../../src/report/report.js';
import { runnerDestinations } from '../../src/report/runner.js';
import { SUMMARY_BYTES } from '../../src/report/summary.js';
import { change, changesOf, memory, report, result } from './reports.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'publish-'));
  await writeFile(join(dir, 'output'), '');
});
afterEach(async () => {
  delete process.env.GITHUB_OUTPUT;
  await rm(dir, { recursive: true });
});

function destinations(given: Partial<Destinations> = {}): Destinations {
  process.env.GITHUB_OUTPUT = join(dir, 'output');
  const env = { ...process.env, RUNNER_TEMP: dir, GITHUB_STEP_SUMMARY: join(dir, 'summary') };
  return { ...runnerDestinations(env), ...given };
}

/** Reads the outputs as the runner does: up to the line that is the delimiter. */
async function written(): Promise<ReadonlyMap<string, string>> {
  const lines = (await readFile(join(dir, 'output'), 'utf8')).split('\n');
  const values = new Map<string, string>();
  for (let i = 0; i < lines.length - 1; i += 1) {
    const [name = '', delimiter = ''] = lines[i]?.split('<<', 2) ?? [];
    expect(delimiter).toMatch(/^ghadelimiter_/);
    const end = lines.indexOf(delimiter, i + 1);
    values.set(name, lines.slice(i + 1, end).join('\n'));
    i = end;
  }
  return values;
}

const resultsFiles = async () => (await readdir(dir)).filter((name) => name.endsWith('.json'));

test('writes outputs, results file and summary', async () => {
  const { log, said } = memory();
  expect(await publish(report(), destinations(), log)).toBe(true);
  expect(said).toEqual([]);
  const values = await written();
  const [file = ''] = await resultsFiles();
  expect(values.get('conclusion')).toBe('success');
  expect(values.get('results-file')).toBe(join(dir, file));
  expect(JSON.parse(await readFile(join(dir, file), 'utf8')).conclusion).toBe('success');
  expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(dir, 'summary'), 'utf8')).toContain('## ✅');
});

test.each([
  'a\nghadelimiter_00000000-0000-0000-0000-000000000000\nconclusion=failure',
  'a\nconclusion<<EOF\nfailure\nEOF\n',
  '\n\nghadelimiter_\r\nchanged<<ghadelimiter_\ntrue\nghadelimiter_',
])('no value breaks out: %j', async (message) => {
  const hostile = report({
    message,
    applications: [result({ message, changes: [change({ message })] })],
  });
  await publish(hostile, destinations(), memory().log);
  const values = await written();
  expect(values.get('message')).toBe(message);
  expect(values.get('conclusion')).toBe('success');
  expect(JSON.parse(values.get('resources') ?? '')[0].message).toBe(message);
  expect(values.size).toBe(22);
});

test('without GITHUB_OUTPUT the rest is written', async () => {
  const to = runnerDestinations({ RUNNER_TEMP: dir });
  expect(await publish(report(), to, memory().log)).toBe(true);
  expect(await resultsFiles()).toHaveLength(1);
});

test('a summary is added to what is there, and skipped when asked', async () => {
  const to = destinations();
  await writeFile(to.summaryFile, 'before\n');
  await publish(report(), to, memory().log);
  await publish(report(), { ...to, summaryFile: '' }, memory().log);
  expect((await readFile(to.summaryFile, 'utf8')).match(/^before\n## /)).not.toBeNull();
});

test('the limit of the summary is that of its file', async () => {
  const to = destinations();
  await writeFile(to.summaryFile, 'x'.repeat(SUMMARY_BYTES - 10_000));
  const big = report({ applications: [result({ changes: changesOf(5000) })] });
  await publish(big, to, memory().log);
  const size = (await stat(to.summaryFile)).size;
  expect(size).toBeLessThanOrEqual(SUMMARY_BYTES);
  expect(size).toBeGreaterThan(SUMMARY_BYTES - 2_000);
  const { log, said } = memory();
  await writeFile(to.summaryFile, 'x'.repeat(SUMMARY_BYTES));
  expect(await publish(report(), to, log)).toBe(true);
  expect(said).toEqual([expect.stringMatching(/^warning: The job summary of this step is full/)]);
});

const { files: FILES } = runnerDestinations({});

describe('one fault keeps nothing else from being written', () => {
  const refuse = () => Promise.reject(new Error('EROFS: read-only file system'));
  const faults: readonly [string, () => Partial<Destinations>, readonly string[]][] = [
    ['results file', () => ({ files: { ...FILES, create: refuse } }), ['output', 'summary']],
    ['outputs', () => ({ setOutputs: refuse }), ['summary', 'json']],
    ['job summary', () => ({ files: { ...FILES, append: refuse } }), ['output', 'json']],
  ];

  test.each(faults)('%s', async (what, given, others) => {
    const { log, said } = memory();
    expect(await publish(report(), destinations(given()), log)).toBe(false);
    expect(said).toEqual([`error: The ${what} could not be written: EROFS: read-only file system`]);
    const files = await readdir(dir);
    for (const other of others) expect(files.some((name) => name.endsWith(other))).toBe(true);
  });

  test('an output file that is not there', async () => {
    const { log, said } = memory();
    const gone = runnerDestinations({ GITHUB_OUTPUT: join(dir, 'gone'), RUNNER_TEMP: dir });
    expect(await publish(report(), destinations(gone), log)).toBe(false);
    expect(said).toEqual([expect.stringMatching(/The outputs could not be written: .*ENOENT/)]);
  });

  test('no results file, no path of it', async () => {
    await publish(report(), destinations({ files: { ...FILES, create: refuse } }), memory().log);
    expect((await written()).get('results-file')).toBe('');
  });
});

describe('annotations', () => {
  const blockers = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      subject: `Deployment/shop/web-${i}`,
      message: 'is unhealthy',
    }));
  const failing = (given: Partial<Report> = {}, count = 0): Report =>
    report({
      conclusion: 'failure',
      message: 'the sync failed',
      applications: [result({ conclusion: 'failure', blockers: blockers(count), changes: [] })],
      ...given,
    });

  test.each<[string, Report, readonly string[]]>([
    ['success has none', report(), []],
    ['skipped has none', report({ conclusion: 'skipped' }), []],
    ['the message', failing(), ['the sync failed']],
    ['its remedy', failing({ remedy: 'do this' }), ['the sync failed\ndo this']],
    ['blockers', failing({}, 1), ['the sync failed', 'Deployment/shop/web-0: is unhealthy']],
    [
      'several Applications',
      failing({
        applications: [
          result({ application: 'ok', blockers: blockers(1) }),
          result({ application: 'a', conclusion: 'timeout', blockers: blockers(1) }),
          result({ application: 'b', conclusion: 'failure', message: 'is gone', changes: [] }),
        ],
      }),
      ['the sync failed', 'a: Deployment/shop/web-0: is unhealthy', 'b: is gone'],
    ],
  ])('%s', (_, given, expected) => {
    expect(annotationsOf(given)).toEqual(expected);
  });

  test('all causes, but for the one that the message of the run has', () => {
    const cause = (application: string, message: string) => ({
      ...{ application, subject: 'Deployment/web', reason: 'Unschedulable', message },
    });
    const slow = result({
      ...{ application: 'slow', conclusion: 'timeout', blockers: blockers(1) },
      causes: [cause('slow', 'no node has room'), cause('slow', 'no volume')],
    });
    const broken = result({
      ...{ application: 'broken', conclusion: 'failure', blockers: blockers(1) },
      causes: [cause('broken', 'its image is not there')],
    });
    const annotations = (applications: Report['applications']) =>
      annotationsOf(failing({ applications })).slice(0, -applications.length);
    expect(annotations([slow, broken])).toEqual([
      'the sync failed',
      'slow: no node has room',
      'slow: no volume',
    ]);
    expect(annotations([slow, { ...broken, causes: [] }])).toEqual([
      'the sync failed',
      'slow: no node has room',
      'slow: no volume',
    ]);
    expect(annotations([broken])).toEqual(['the sync failed']);
  });

  test.each([
    [8, 9, 'Deployment/shop/web-7: is unhealthy'],
    [9, 10, 'Deployment/shop/web-8: is unhealthy'],
    [10, 10, '… and 2 more: see the job summary'],
    [5000, 10, '… and 4992 more: see the job summary'],
  ])('%i blockers: %i annotations', (count, expected, last) => {
    const all = annotationsOf(failing({}, count));
    expect(all).toHaveLength(expected);
    expect(all.at(-1)).toBe(last);
  });

  test('write faults are among the ten', async () => {
    const { log, said } = memory();
    const to = destinations({ setOutputs: () => Promise.reject(new Error('ENOSPC')) });
    await publish(failing({}, 20), to, log);
    expect(said).toHaveLength(10);
    expect(said[1]).toBe('error: The outputs could not be written: ENOSPC');
  });
});
