import { describe, expect, test } from '@jest/globals';
import { readLive } from '../../src/conclude/live-evidence.js';
import { begin, type Policy, step } from '../../src/core/decision/state.js';
import { settle } from '../../src/core/result/settle.js';
import type { LiveMetadata, LiveQuery } from '../../src/sources/source.js';
import type { Outcome } from '../../src/wait/waits.js';
import { fakeClock } from '../support/fake-clock.ts';
import { A, type Look } from '../support/manifest.ts';
import { recordingLog } from '../support/recording-log.ts';
import { application, scriptedSource } from '../support/scripted-source.ts';

const POLICY: Policy = {
  waitFor: ['sync', 'health'],
  waitResources: [],
  images: [],
  degradedGraceMs: 0,
  podFailures: 'fail',
  ifNotAutomated: 'wait',
  timeoutMs: 600_000,
  suspended: 'wait',
  retries: 'wait',
  ifMissing: 'fail',
};
const NOW = { elapsed: 0 };
const END = { conclusion: 'success', reason: 'synced', what: 'it is done' } as const;
const { signal } = new AbortController();

const WEB = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const SETTINGS = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  namespace: 'shop',
  name: 'settings',
};

/** A resource of a sync whose message says nothing of what was done. */
function applied(resource: object, message = 'configured'): object {
  return { ...resource, status: 'Synced', message, syncPhase: 'Sync' };
}

/** What is known of Applications that were done at the first look. */
function endsFor(looks: Readonly<Record<string, Look>>): Outcome['ends'] {
  return new Map(
    Object.entries(looks).map(([name, look]) => {
      const target = { kind: 'revision', text: A, why: 'test' } as const;
      const first = begin(POLICY, () => target, NOW);
      const seen = application(name, look);
      const state = step(first, { kind: 'snapshot', application: seen, now: NOW, gap: false });
      return [`argocd/${name}`, settle(name, state, END, NOW)];
    }),
  );
}

const TIMES = {
  kind: 'found',
  creationTimestamp: '2026-11-20T07:00:00Z',
  lastWrite: '2026-11-21T07:00:02Z',
} as const;

async function read(ends: Outcome['ends'], answers: Readonly<Record<string, LiveMetadata>> = {}) {
  const source = scriptedSource();
  for (const [name, answer] of Object.entries(answers)) source.liveAnswers.set(name, answer);
  const log = recordingLog();
  const evidence = await readLive({ ends }, source, { clock: fakeClock(), log, cancelled: signal });
  return { evidence, queries: source.queries, log };
}

describe('what is asked', () => {
  test('only what nothing else decided', async () => {
    const results = [applied(WEB), applied(SETTINGS, 'configmap/settings unchanged')];
    const { queries } = await read(endsFor({ shop: { results } }));
    const whose = { namespace: 'argocd', name: 'shop' };
    expect(queries).toEqual([{ application: whose, ...WEB, defaultNamespace: 'shop' }]);
  });

  test('nothing where all is decided', async () => {
    const results = [applied(SETTINGS, 'configmap/settings created')];
    const { evidence, queries, log } = await read(endsFor({ shop: { results } }));
    expect([evidence.size, queries, log.lines]).toEqual([0, [], []]);
  });

  test('nothing of an Application that does not exist', async () => {
    const missing = begin(POLICY, () => ({ kind: 'any', why: 'test' }), NOW);
    const state = step(missing, { kind: 'absent', now: NOW });
    const { queries } = await read(new Map([['shop', settle('shop', state, END, NOW)]]));
    expect(queries).toEqual([]);
  });

  test.each([
    { server: 'https://kubernetes.default.svc' },
    { server: 'https://kubernetes.default.svc/' },
    { server: 'https://kubernetes.default.svc:443' },
    { server: 'https://kubernetes.default' },
    { server: 'https://kubernetes.default.svc.cluster.local' },
    { name: 'in-cluster' },
  ])('objects of this cluster: %j', async (destination) => {
    const look = { destination: { ...destination, namespace: 'shop' }, results: [applied(WEB)] };
    expect((await read(endsFor({ shop: look }))).queries).toHaveLength(1);
  });

  test.each([
    { server: 'https://kubernetes.example.com' },
    { server: 'https://kubernetes.default.svc.example.com' },
    { server: 'http://kubernetes.default.svc' },
    { name: 'production' },
    {},
  ])('not those of another cluster: %j', async (destination) => {
    const look = { destination: { ...destination, namespace: 'shop' }, results: [applied(WEB)] };
    expect((await read(endsFor({ shop: look }))).queries).toEqual([]);
  });
});

describe('what is not answered in time', () => {
  const LOOK = { results: [applied(WEB), applied(SETTINGS)] };

  /** @param late what becomes of the question that is not answered when time is up */
  async function readLate(late: (signal: AbortSignal) => Promise<LiveMetadata>, ms: number) {
    const clock = fakeClock();
    const log = recordingLog();
    const cancel = new AbortController();
    const live = (queries: readonly LiveQuery[], signal: AbortSignal) =>
      Promise.all(queries.map(({ name }) => (name === 'web' ? TIMES : late(signal))));
    const parts = { clock, log, cancelled: cancel.signal };
    const reading = readLive(
      { ends: endsFor({ shop: LOOK }) },
      { ...scriptedSource(), live },
      parts,
    );
    await clock.advance(ms);
    cancel.abort();
    const evidence = await reading;
    return { known: [...(evidence.get('argocd/shop')?.keys() ?? [])], log };
  }

  const givenUp = (signal: AbortSignal) =>
    new Promise<LiveMetadata>((resolve) => {
      const answer = { kind: 'unreadable', message: 'given up', remedy: '' } as const;
      signal.addEventListener('abort', () => resolve(answer));
    });
  const never = () => new Promise<LiveMetadata>(() => undefined);

  test('takes nothing away from the rest', async () => {
    const { known, log } = await readLate(givenUp, 20_000);
    expect(known).toEqual(['apps/Deployment/shop/web']);
    expect(log.of('notice')).toEqual([
      expect.stringMatching(/^A live object .* The answers did not come in 20 s\.$/),
    ]);
  });

  test('is said too of a source that heeds no signal, which is waited for no longer', async () => {
    const { known, log } = await readLate(never, 21_000);
    expect(known).toEqual([]);
    expect(log.of('notice')).toEqual([
      expect.stringMatching(/^2 live objects .* The answers did not come in 20 s\.$/),
    ]);
  });

  test.each([givenUp, never])('is not said of a run that is cancelled', async (late) => {
    expect((await readLate(late, 5_000)).log.of('notice')).toEqual([]);
  });
});

describe('what is answered', () => {
  test('goes to the resource and the Application it is of', async () => {
    const { evidence } = await read(
      endsFor({
        one: { results: [applied(WEB)] },
        two: { results: [applied({ ...WEB, name: 'api' }), applied(SETTINGS)] },
      }),
      { web: TIMES, settings: { ...TIMES, lastWrite: '' } },
    );
    expect(Object.fromEntries([...evidence].map(([key, of]) => [key, [...of.keys()]]))).toEqual({
      'argocd/one': ['apps/Deployment/shop/web'],
      'argocd/two': ['/ConfigMap/shop/settings'],
    });
    expect(evidence.get('argocd/one')?.get('apps/Deployment/shop/web')).toMatchObject({
      creationTimestamp: TIMES.creationTimestamp,
      lastWrite: TIMES.lastWrite,
    });
  });

  test('what is absent says nothing', async () => {
    const { evidence, log } = await read(endsFor({ shop: { results: [applied(WEB)] } }));
    expect(evidence.size).toBe(0);
    expect(log.of('notice')).toEqual([]);
  });

  test('what cannot be read is said once, with the remedy', async () => {
    const refused = { kind: 'unreadable', message: 'may not get', remedy: 'a Role' } as const;
    const { log } = await read(endsFor({ shop: { results: [applied(WEB), applied(SETTINGS)] } }), {
      web: refused,
      settings: { ...refused, message: 'another' },
    });
    expect(log.of('notice')).toEqual([
      expect.stringMatching(/^2 live objects .*may not get\na Role$/s),
    ]);
    expect(log.of('notice').join()).toContain('live-evidence: off');
  });

  test('one that cannot be read is one', async () => {
    const refused = { kind: 'unreadable', message: 'may not get', remedy: '' } as const;
    const { log } = await read(endsFor({ shop: { results: [applied(WEB)] } }), { web: refused });
    expect(log.of('notice')).toEqual([expect.stringMatching(/^A live object .*may not get$/s)]);
  });
});
