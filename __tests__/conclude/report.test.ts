import { describe, expect, test } from '@jest/globals';
import type { LiveEvidence } from '../../src/conclude/live-evidence.js';
import { decidedResults, noReport, reportOf } from '../../src/conclude/report.js';
import { begin, step } from '../../src/core/decision/state.js';
import { type Settled, settle } from '../../src/core/result/settle.js';
import type { Conclusion, Reason } from '../../src/core/result/vocabulary.js';
import { readInputs } from '../../src/inputs/index.js';
import type { Inputs } from '../../src/inputs/types.js';
import { InputError, TerminalError } from '../../src/platform/errors.js';
import { annotationsOf } from '../../src/report/publish.js';
import { nameOf } from '../../src/wait/selection.js';
import type { Outcome } from '../../src/wait/waits.js';
import { A, type Look } from '../support/manifest.ts';
import { application } from '../support/scripted-source.ts';

const NOW = { elapsed: 0 };

async function inputsFor(given: Readonly<Record<string, string>> = {}): Promise<Inputs> {
  const env = Object.entries({ application: '*', ...given }).map(([name, value]) => [
    `INPUT_${name.toUpperCase()}`,
    value,
  ]);
  return readInputs(Object.fromEntries(env) as Readonly<Record<string, string>>, () => '');
}

/** Nothing given but what must be. */
const PLAIN = await inputsFor();

/** The end of a wait that has seen this, or nothing. */
function settled(key: string, { end: [conclusion, reason], look }: Ended): Settled {
  const target = { kind: 'revision', text: A, why: 'test' } as const;
  const first = begin(PLAIN, () => target, NOW);
  const [namespace = '', name = ''] = key.split('/');
  const seen = look && application(name, { ...look, namespace });
  const state = seen
    ? step(first, { kind: 'snapshot', application: seen, now: NOW, gap: false })
    : step(first, { kind: 'absent', now: NOW });
  const end = { conclusion, reason, what: `what of ${key}` };
  return settle(nameOf(key, 'argocd'), state, end, NOW);
}

interface Ended {
  readonly end: readonly [Conclusion, Reason];
  readonly look?: Look;
}

/** @param ended by `namespace/name` */
function outcomeOf(ended: Readonly<Record<string, Ended>>, error?: TerminalError): Outcome {
  const ends = Object.entries(ended).map(([key, each]) => [key, settled(key, each)] as const);
  return { ends: new Map(ends), ...(error ? { error } : {}) };
}

function report(
  ended: Readonly<Record<string, Ended>>,
  { inputs = PLAIN, live = new Map(), error }: Options = {},
) {
  const outcome = outcomeOf(ended, error);
  return reportOf(inputs, outcome, decidedResults(outcome, live), 1234);
}

interface Options {
  readonly inputs?: Inputs;
  readonly live?: LiveEvidence;
  readonly error?: TerminalError;
}

const SYNCED: Ended = { end: ['success', 'synced'], look: {} };

describe('one Application', () => {
  test('speaks for the run', () => {
    const done = report({ 'argocd/shop': SYNCED });
    expect(done).toMatchObject({
      conclusion: 'success',
      reason: 'synced',
      waitedMs: 1234,
      remedy: '',
    });
    expect(done.message).toBe('shop is at aaaaaaaa: what of argocd/shop');
    expect(done.applications.map((each) => each.application)).toEqual(['shop']);
  });

  test('is called by its namespace where that is another', () => {
    expect(report({ 'team-a/shop': SYNCED }).applications[0]?.application).toBe('team-a/shop');
  });

  test('an error from outside brings its remedy', () => {
    const error = new TerminalError('forbidden', 'may not list', 'apply this Role');
    const ended = { 'argocd/shop': { end: ['failure', 'forbidden'] } } as const;
    expect(report(ended, { error })).toMatchObject({
      conclusion: 'failure',
      reason: 'forbidden',
      remedy: 'apply this Role',
    });
  });

  test('that is not there is a bug, and not a success', () => {
    expect(reportOf(PLAIN, {}, new Map(), 0)).toMatchObject({
      conclusion: 'failure',
      reason: 'internal-error',
    });
  });
});

describe('several Applications', () => {
  const S: readonly [Conclusion, Reason] = ['success', 'synced'];
  const N: readonly [Conclusion, Reason] = ['success', 'no-change'];
  const X: readonly [Conclusion, Reason] = ['success', 'superseded'];
  const K: readonly [Conclusion, Reason] = ['skipped', 'missing'];
  const F: readonly [Conclusion, Reason] = ['failure', 'sync-failed'];
  const D: readonly [Conclusion, Reason] = ['failure', 'degraded'];
  const T: readonly [Conclusion, Reason] = ['timeout', 'unreachable'];
  const C: readonly [Conclusion, Reason] = ['cancelled', 'cancelled'];
  const CASES: readonly (readonly [
    readonly (readonly [Conclusion, Reason])[],
    Conclusion,
    Reason,
  ])[] = [
    [[S, S], ...S],
    [[N, N], ...N],
    [[N, S], ...S],
    [[S, X, N], ...X],
    [[K, K], ...K],
    [[K, N], ...N],
    [[S, F], ...F],
    [[C, F], ...F],
    [[T, D, F], ...D],
    [[S, T], ...T],
    [[C, T], ...T],
    [[S, C, K], ...C],
  ];
  test.each(
    CASES.map(
      ([ends, ...run]) =>
        [ends.map((end) => end.join('/')).join(' + '), run.join('/'), ends] as const,
    ),
  )('%s is %s', (_, run, ends) => {
    const all = ends.map((end, i) => [`argocd/app-${i}`, { end, look: {} }] as const);
    const { conclusion, reason } = report(Object.fromEntries(all));
    expect(`${conclusion}/${reason}`).toBe(run);
  });

  test('the message counts, and names the first that did not end well', () => {
    const { message } = report({
      'argocd/a': SYNCED,
      'argocd/b': { end: ['failure', 'degraded'], look: {} },
      'argocd/c': { end: ['failure', 'degraded'], look: {} },
    });
    expect(message).toMatch(/^2 of 3 Applications failed; the first: b: /);
    expect(report({ 'argocd/a': SYNCED, 'argocd/b': SYNCED }).message).toBe(
      '2 of 2 Applications succeeded',
    );
  });

  test('none at all is no success', () => {
    expect(report({})).toMatchObject({ conclusion: 'failure', reason: 'internal-error' });
  });
});

const WEB = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const SETTINGS = { version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };

function synced(resource: object, message: string, images: readonly string[] = []): object {
  return { ...resource, status: 'Synced', message, images, syncPhase: 'Sync' };
}

describe('filters', () => {
  const results = [
    synced(WEB, 'deployment.apps/web created', ['registry.example.com/web:2']),
    synced(SETTINGS, 'configmap/settings unchanged'),
  ];
  const matched = async (filters: string, ended: Readonly<Record<string, Ended>>, more = {}) => {
    const { matched } = report(ended, { inputs: await inputsFor({ filters, ...more }) });
    return Object.fromEntries(
      [...matched].map(([name, changes]) => [
        name,
        changes.map((c) => `${c.application}:${c.name}`),
      ]),
    );
  };
  const BOTH: Readonly<Record<string, Ended>> = {
    'argocd/one': { end: ['success', 'synced'], look: { results } },
    'team-a/two': { end: ['success', 'synced'], look: { results } },
  };

  test('look at all Applications', async () => {
    expect(await matched('web: Deployment/*\nnone: Ingress/*', BOTH)).toEqual({
      web: ['one:web', 'team-a/two:web'],
      none: [],
    });
  });

  test('may ask for one of them, by the name it has', async () => {
    const filters = [
      "one: { pattern: '*/*', application: one }",
      "two: { pattern: '*/*', application: team-a/two }",
      "bare: { pattern: '*/*', application: argocd/one }",
      "else: { pattern: '*/*', application: other }",
    ].join('\n');
    expect(await matched(filters, BOTH)).toEqual({
      one: ['one:web'],
      two: ['team-a/two:web'],
      bare: ['one:web'],
      else: [],
    });
  });

  test('ask for the classes of the run, unless they have their own', async () => {
    const filters = "own: { pattern: '*/*', change: [unchanged] }\nrun: '*/*'";
    const one = { 'argocd/one': { end: ['success', 'synced'], look: { results } } } as const;
    expect(await matched(filters, one, { changes: 'created,unchanged' })).toEqual({
      own: ['one:settings'],
      run: ['one:web', 'one:settings'],
    });
  });

  test("images are the change's own", async () => {
    const filters = "web: { pattern: '*/*', image: '*/web:*' }";
    const one = { 'argocd/one': { end: ['success', 'synced'], look: { results } } } as const;
    const all = { changes: 'created,unchanged' };
    expect(await matched(filters, one, all)).toEqual({ web: ['one:web'] });
  });
});

describe('live evidence', () => {
  test('goes to the Application it is of', async () => {
    const results = [synced(WEB, 'configured')];
    const look = { results, startedAt: '2026-11-21T07:00:00Z' };
    const ended: Readonly<Record<string, Ended>> = {
      'argocd/one': { end: ['success', 'synced'], look },
      'argocd/two': { end: ['success', 'synced'], look },
    };
    const times = { creationTimestamp: '2026-11-20T07:00:00Z', lastWrite: '2026-11-20T07:00:00Z' };
    const live = new Map([['argocd/two', new Map([['apps/Deployment/shop/web', times]])]]);
    const { applications } = report(ended, { live });
    expect(
      applications.map(({ changes }) => changes.map((c) => `${c.change} ${c.evidence}`)),
    ).toEqual([['updated reported'], ['unchanged live']]);
  });
});

describe('a run that came to no answer', () => {
  test('one bad input is the message', async () => {
    expect(noReport(new InputError(['timeout: "x" is not a duration']))).toMatchObject({
      conclusion: 'failure',
      reason: 'invalid-input',
      message: 'timeout: "x" is not a duration',
      remedy: '',
      applications: [],
    });
  });

  test('several are counted, and listed in the annotation', async () => {
    const report = noReport(new InputError(['timeout: bad', 'revision: bad']));
    expect(report.message).toBe('2 inputs are not valid');
    expect(annotationsOf(report)).toEqual(['2 inputs are not valid\ntimeout: bad\nrevision: bad']);
  });

  test('a final error', async () => {
    expect(noReport(new TerminalError('unauthorized', 'no access', 'give a token'))).toMatchObject({
      conclusion: 'failure',
      reason: 'unauthorized',
      message: 'no access',
      remedy: 'give a token',
    });
  });

  test.each([new TypeError('x is undefined'), 'x is undefined'])('a bug: %p', (thrown) => {
    const report = noReport(thrown);
    expect(report).toMatchObject({ conclusion: 'failure', reason: 'internal-error' });
    expect(report.message).toBe('This is a bug of argocd-post-sync: x is undefined');
    expect(report.remedy).toContain('report it');
  });
});
