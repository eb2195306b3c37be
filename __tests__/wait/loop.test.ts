import { describe, expect, test } from '@jest/globals';
import type { Application } from '../../src/core/application/types.js';
import type { Policy, Relation } from '../../src/core/decision/state.js';
import { TerminalError, TransientError } from '../../src/platform/errors.js';
import { type WaitOptions, waitFor } from '../../src/wait/loop.js';
import { applicationSelectors } from '../../src/wait/selection.js';
import type { Outcome, Waits } from '../../src/wait/waits.js';
import { POLICY } from '../core/support/follow.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { A, B, C, FINISHED, type Look } from '../support/manifest.ts';
import {
  application,
  NOTHING_BESIDE,
  type ScriptedSource,
  scriptedSource,
} from '../support/scripted-source.ts';

const MINUTE = 60_000;
const TIMEOUT = 10 * MINUTE;

interface Options extends Partial<Omit<WaitOptions, 'wanted' | 'policy' | 'resolve' | 'source'>> {
  readonly applications?: readonly string[];
  readonly selector?: string;
  readonly namespace?: string;
  readonly policy?: Partial<Policy>;
  readonly revision?: string;
  readonly lookup?: string;
  /** Milliseconds since the epoch. */
  readonly server?: number;
}

interface Waiting {
  readonly clock: FakeClock;
  readonly source: ScriptedSource;
  readonly cancel: () => void;
  /** The questions asked of GitHub: revisions, and names. */
  readonly questions: string[];
  /** How often somebody was told that something may have changed. */
  readonly changes: () => number;
  readonly shown: () => Waits;
  /** Why the server has no answer at present. */
  readonly trouble: () => string | undefined;
  /** The end, without any time passing. */
  readonly end: () => Promise<Outcome>;
  readonly outcome: Promise<Outcome>;
}

/** A wait for `shop` at revision B, unless said otherwise. */
function start(
  options: Options = {},
  prepare: (source: ScriptedSource) => void = () => {},
): Waiting {
  const { applications = ['shop'], selector = '', namespace = 'argocd' } = options;
  const { revision: text = B, lookup, policy, server, ...over } = options;
  const clock = fakeClock(server);
  const source = scriptedSource();
  prepare(source);
  const abort = new AbortController();
  const questions: string[] = [];
  let changes = 0;
  let shown: Waits = new Map();
  let trouble: string | undefined;
  const target = { kind: 'revision', text, why: 'test', ...(lookup ? { lookup } : {}) } as const;
  const outcome = waitFor({
    source,
    clock,
    wanted: applicationSelectors({
      applicationSets: [],
      applications: selector ? [] : applications,
      selector,
      applicationNamespace: namespace,
    }),
    minApplications: 1,
    policy: { ...POLICY, ...policy },
    resolve: () => target,
    nameOf: (key) => key,
    timeoutMs: TIMEOUT,
    failFast: true,
    ...NOTHING_BESIDE,
    cancelled: abort.signal,
    onChange: (waits, why) => {
      changes += 1;
      shown = waits;
      trouble = why;
    },
    ...over,
    async relate(state, revision, signal) {
      questions.push(revision);
      return over.relate ? over.relate(state, revision, signal) : 'other';
    },
    async resolveName(repository, name, signal) {
      questions.push(`${repository} ${name}`);
      return over.resolveName?.(repository, name, signal);
    },
  });
  outcome.catch(() => undefined);
  return {
    clock,
    source,
    questions,
    outcome,
    cancel: () => abort.abort(),
    changes: () => changes,
    shown: () => shown,
    trouble: () => trouble,
    async end() {
      const pending = Symbol();
      await clock.settle();
      const ended = await Promise.race([outcome, Promise.resolve(pending)]);
      if (ended === pending) throw new Error('the wait goes on');
      return ended as Outcome;
    },
  };
}

/** Whether the wait goes on, when all that is due now is done. */
async function goesOn({ clock, outcome }: Waiting): Promise<boolean> {
  await clock.settle();
  return Promise.race([outcome.then(() => false), Promise.resolve(true)]);
}

/** `key: conclusion/reason`, in the order of the keys. */
function endsOf({ ends }: Outcome): readonly string[] {
  return [...ends].map(([key, { end }]) => `${key}: ${end.conclusion}/${end.reason}`).sort();
}

const BEFORE: Look = { revision: A };
const RUNNING: Look = {
  revision: B,
  sync: 'OutOfSync',
  phase: 'Running',
  startedAt: '2026-11-21T07:01:00Z',
  reconciledAt: '2026-11-21T07:01:00Z',
  history: [],
};
const DONE: Look = {
  revision: B,
  startedAt: '2026-11-21T07:01:00Z',
  finishedAt: '2026-11-21T07:01:05Z',
  reconciledAt: '2026-11-21T07:01:06Z',
};
const FAILED: Look = { ...DONE, phase: 'Failed', sync: 'OutOfSync', history: [] };

const shop = (look: Look, version = ''): Application => application('shop', { ...look, version });

describe('one Application', () => {
  test('ends at the deciding event, and not before', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE, '1'));
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(shop(RUNNING, '2'));
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(shop(DONE, '3'));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
    expect(wait.source.looked).toBe(0);
  });

  test('ends at the first look where it is done already', async () => {
    const wait = start();
    wait.source.list(shop(DONE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('tells what is to be shown at every step', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE));
    expect([...wait.shown()].map(([key, { kind }]) => [key, kind])).toEqual([
      ['argocd/shop', 'waiting'],
    ]);
    const before = wait.changes();
    wait.source.put(shop(RUNNING));
    expect(wait.changes()).toBeGreaterThan(before);
    const told = wait.changes();
    wait.source.unreachable();
    expect(wait.changes()).toBe(told + 1);
    expect(wait.trouble()).toBe('connection refused');
    wait.source.put(shop({ ...RUNNING, health: 'Progressing' }));
    expect(wait.trouble()).toBeUndefined();
  });

  test('stops watching when it is over, and hears nothing more', async () => {
    const wait = start();
    wait.source.list(shop(DONE));
    const { ends } = await wait.end();
    await wait.clock.settle();
    expect(wait.source.watched).toBe(false);
    wait.source.put(shop(FAILED));
    expect(ends.get('argocd/shop')?.result).toMatchObject({ conclusion: 'success' });
  });

  test('leaves nobody asleep behind', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE));
    wait.source.put(shop({ ...RUNNING, phase: 'Succeeded', sync: 'Synced', health: 'Degraded' }));
    wait.source.put(shop(DONE));
    await wait.end();
    await wait.clock.settle();
    expect(wait.clock.sleepers).toBe(0);
  });
});

describe('when time runs out', () => {
  test('the cause is told', async () => {
    const broken = { type: 'ComparisonError', message: 'no such branch' };
    const look: Look = { revision: A, sync: 'Unknown', conditions: [broken] };
    const wait = start({}, ({ looks }) => looks.push([shop(look)]));
    wait.source.list(shop(look));
    await wait.clock.advance(TIMEOUT - 1);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual(['argocd/shop: timeout/comparison-error']);
    expect(outcome.ends.get('argocd/shop')?.end.what).toBe('the comparison to succeed');
  });

  test('without a known cause it is the time', async () => {
    const wait = start({}, ({ looks }) => looks.push([shop(BEFORE)]));
    wait.source.list(shop(BEFORE));
    await wait.clock.advance(TIMEOUT);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: timeout/timeout']);
    expect(wait.source.looked).toBe(1);
  });

  test('the last look finds the end that a dead connection hid', async () => {
    const wait = start({}, ({ looks }) => looks.push([shop(DONE)]));
    wait.source.list(shop(BEFORE));
    await wait.clock.advance(TIMEOUT);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('the last look finds that it is gone', async () => {
    const wait = start({}, ({ looks }) => looks.push([]));
    wait.source.list(shop(BEFORE));
    await wait.clock.advance(TIMEOUT);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: failure/deleted']);
  });

  test('a last look that fails means unreachable', async () => {
    const wait = start({}, ({ looks }) => looks.push(new TransientError('connection refused')));
    wait.source.list(shop(BEFORE));
    await wait.clock.advance(TIMEOUT);
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual(['argocd/shop: timeout/unreachable']);
    expect(outcome.ends.get('argocd/shop')?.end.what).toContain('connection refused');
  });

  test('a last look that is never answered is given up after 5 s', async () => {
    const wait = start({}, ({ looks }) => {
      looks.push((signal) => {
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => reject(new TransientError('given up')));
        return promise;
      });
    });
    wait.source.list(shop(BEFORE));
    await wait.clock.advance(TIMEOUT + 4999);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual(['argocd/shop: timeout/unreachable']);
    expect(outcome.ends.get('argocd/shop')?.end.what).toContain('no answer in time');
  });

  test('a last look that is refused for good is a failure', async () => {
    const refused = new TerminalError('unauthorized', 'the token has expired', 'take a new one');
    const wait = start({}, ({ looks }) => looks.push(refused));
    wait.source.list(shop(BEFORE));
    await wait.clock.advance(TIMEOUT);
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual(['argocd/shop: failure/unauthorized']);
    expect(outcome.error).toBe(refused);
  });
});

describe('a server that cannot be reached', () => {
  test('is waited for until the timeout', async () => {
    const wait = start({}, ({ looks }) => looks.push(new TransientError('connection refused')));
    wait.source.unreachable();
    await wait.clock.advance(TIMEOUT - 1);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: timeout/unreachable']);
  });

  test('may come back', async () => {
    const wait = start({}, ({ looks }) => looks.push([shop(BEFORE)]));
    wait.source.list(shop(BEFORE));
    wait.source.unreachable();
    await wait.clock.advance(MINUTE);
    wait.source.list(shop(BEFORE));
    await wait.clock.advance(TIMEOUT - MINUTE);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: timeout/timeout']);
  });

  test('may come back with the end', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE));
    wait.source.unreachable();
    wait.source.put(shop(DONE), true);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });
});

describe('timeout 0', () => {
  const ONCE = { timeoutMs: 0 };

  test('looks once, and watches nothing', async () => {
    const wait = start(ONCE, ({ looks }) => looks.push([shop(DONE)]));
    expect(wait.source.watched).toBe(false);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
    expect(wait.source.looked).toBe(1);
  });

  test('does not wait for what is not there yet', async () => {
    const wait = start(ONCE, ({ looks }) => looks.push([shop(BEFORE)]));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: timeout/timeout']);
  });

  test('finds that nothing is there', async () => {
    expect(endsOf(await start(ONCE).end())).toEqual(['argocd/shop: failure/missing']);
  });

  test('waits for what GitHub says of a revision', async () => {
    const answer = Promise.withResolvers<Relation>();
    const late: Look = { ...DONE, revision: C };
    const wait = start({ ...ONCE, relate: () => answer.promise }, ({ looks }) =>
      looks.push([shop(late)]),
    );
    expect(await goesOn(wait)).toBe(true);
    answer.resolve('descendant');
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/superseded']);
  });

  test('waits for what GitHub says of a name', async () => {
    const options = { ...ONCE, revision: 'main', lookup: 'acme/shop', resolveName: async () => B };
    const wait = start(options, ({ looks }) => looks.push([shop(DONE)]));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
    expect(wait.questions).toEqual(['acme/shop main']);
  });

  test('does not wait for GitHub for ever', async () => {
    const wait = start({ ...ONCE, relate: () => new Promise(() => undefined) }, ({ looks }) =>
      looks.push([shop(BEFORE)]),
    );
    await wait.clock.advance(4999);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: timeout/timeout']);
  });

  test('triggers all the same', async () => {
    const acted: string[] = [];
    const act: WaitOptions['act'] = async ({ name }) => {
      acted.push(name);
      return { kind: 'triggered' };
    };
    const wait = start({ ...ONCE, act }, ({ looks }) => looks.push([shop(DONE)]));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
    expect(acted).toEqual(['shop']);
  });

  test('a server that cannot be reached', async () => {
    const wait = start(ONCE, ({ looks }) => looks.push(new TransientError('refused')));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: timeout/unreachable']);
  });
});

const named = (name: string, look: Look): Application => application(name, look);

describe('several Applications', () => {
  const BOTH = { applications: ['one', 'two'] };

  test('end when all have ended', async () => {
    const wait = start(BOTH);
    wait.source.list(named('one', DONE), named('two', BEFORE));
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(named('two', DONE));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: success/synced',
      'argocd/two: success/synced',
    ]);
  });

  test('names are all there before the list is complete', async () => {
    const wait = start(BOTH);
    wait.source.put(named('one', DONE));
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(named('two', DONE));
    expect((await wait.end()).ends.size).toBe(2);
  });

  test('a glob is complete only with the list', async () => {
    const wait = start({ applications: ['shop-*'] });
    wait.source.put(named('shop-a', DONE));
    expect(await goesOn(wait)).toBe(true);
    wait.source.list(named('shop-a', DONE), named('shop-b', DONE));
    expect((await wait.end()).ends.size).toBe(2);
  });

  test('one end is not undone while the others go on', async () => {
    const wait = start(BOTH);
    wait.source.list(named('one', DONE), named('two', BEFORE));
    wait.source.put(named('one', { ...FAILED, revision: C }));
    wait.source.put(named('two', DONE));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: success/synced',
      'argocd/two: success/synced',
    ]);
  });

  test('fail-fast: the first failure ends all', async () => {
    const wait = start(BOTH);
    wait.source.list(named('one', BEFORE), named('two', BEFORE));
    wait.source.put(named('two', FAILED));
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual([
      'argocd/one: cancelled/cancelled',
      'argocd/two: failure/sync-failed',
    ]);
    expect(outcome.ends.get('argocd/one')?.end.what).toContain('another Application failed');
  });

  test('fail-fast: one that cannot be read does not end the others', async () => {
    const wait = start({ ...BOTH, act: async () => ({ kind: 'triggered' }) });
    const unreadable = 'Application argocd/one.status must be an object, not string';
    wait.source.list({ ...named('one', BEFORE), unreadable }, named('two', BEFORE));
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(named('two', DONE));
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual([
      'argocd/one: failure/internal-error',
      'argocd/two: success/synced',
    ]);
    expect(outcome.ends.get('argocd/one')?.result).toMatchObject({
      message: `argocd/one: it cannot be read: ${unreadable}`,
      evidence: 'partial',
      changes: [],
    });
  });

  test('a trigger does not act on one that cannot be read', async () => {
    const seen: string[] = [];
    const wait = start({
      act: async ({ name }) => {
        seen.push(name);
        return { kind: 'triggered' };
      },
    });
    wait.source.list({ ...shop(BEFORE), unreadable: 'x' });
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: failure/internal-error']);
    expect(seen).toEqual([]);
  });

  test('fail-fast: a failure in the list need not wait for its end', async () => {
    const wait = start(BOTH);
    wait.source.put(named('one', FAILED));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: failure/sync-failed',
      'argocd/two: cancelled/cancelled',
    ]);
  });

  test('without fail-fast all are waited for', async () => {
    const wait = start({ ...BOTH, failFast: false });
    wait.source.list(named('one', FAILED), named('two', BEFORE));
    await wait.clock.advance(MINUTE);
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(named('two', DONE));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: failure/sync-failed',
      'argocd/two: success/synced',
    ]);
  });

  test('without fail-fast the timeout keeps what is known', async () => {
    const wait = start({ ...BOTH, failFast: false }, ({ looks }) =>
      looks.push([named('one', FAILED), named('two', BEFORE)]),
    );
    wait.source.list(named('one', FAILED), named('two', BEFORE));
    await wait.clock.advance(TIMEOUT);
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: failure/sync-failed',
      'argocd/two: timeout/timeout',
    ]);
  });

  test('names in several namespaces', async () => {
    const wait = start({ applications: ['shop', 'team-a/shop'] });
    const other = application('shop', { ...BEFORE, namespace: 'team-a' });
    wait.source.list(shop(DONE), other);
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(application('shop', { ...DONE, namespace: 'team-a' }));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/shop: success/synced',
      'team-a/shop: success/synced',
    ]);
  });

  test('a name that does not exist beside one that does', async () => {
    const wait = start(BOTH);
    wait.source.list(named('one', BEFORE));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: cancelled/cancelled',
      'argocd/two: failure/missing',
    ]);
  });
});

describe('nothing there', () => {
  const NOTHING = [
    ['a name', {}, 'argocd/shop'],
    ['a glob', { applications: ['shop-*'] }, 'shop-*'],
    ['a glob with a namespace', { applications: ['team-*/shop'] }, 'team-*/shop'],
    ['a selector', { selector: 'team=shop' }, 'team=shop'],
    ['a selector with a prefix', { selector: 'acme.io/team=shop' }, 'acme.io/team=shop'],
  ] as const;

  test.each(NOTHING)('%s: fails', async (_, options, key) => {
    const wait = start(options);
    wait.source.list();
    expect(endsOf(await wait.end())).toEqual([`${key}: failure/missing`]);
  });

  test.each(NOTHING)('%s: is skipped', async (_, options, key) => {
    const wait = start({ ...options, policy: { ifMissing: 'skip' } });
    wait.source.list();
    expect(endsOf(await wait.end())).toEqual([`${key}: skipped/missing`]);
  });

  test.each(NOTHING)('%s: is waited for', async (_, options, key) => {
    const wait = start({ ...options, policy: { ifMissing: 'wait' } });
    wait.source.list();
    await wait.clock.advance(TIMEOUT);
    expect(endsOf(await wait.end())).toEqual([`${key}: timeout/missing`]);
  });

  test.each(NOTHING)('%s: is gone, as was waited for', async (_, options, key) => {
    const wait = start({ ...options, policy: { waitFor: ['deletion'] } });
    wait.source.list();
    expect(endsOf(await wait.end())).toEqual([`${key}: success/deleted`]);
  });

  test('one of two globs finds nothing', async () => {
    const wait = start({ applications: ['shop-*', 'web-*'] });
    wait.source.list(named('shop-a', DONE));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/shop-a: success/synced',
      'web-*: failure/missing',
    ]);
  });
});

describe('an Application that appears later', () => {
  test('is the one that was waited for', async () => {
    const wait = start({ policy: { ifMissing: 'wait' } });
    wait.source.list();
    await wait.clock.advance(MINUTE);
    wait.source.put(shop(DONE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('takes the place of the glob that found nothing', async () => {
    const wait = start({ applications: ['shop-*'], policy: { ifMissing: 'wait' } });
    wait.source.list();
    wait.source.put(named('shop-a', DONE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop-a: success/synced']);
  });

  test('joins those of a glob, with if-missing wait', async () => {
    const wait = start({ applications: ['shop-*'], policy: { ifMissing: 'wait' } });
    wait.source.list(named('shop-a', BEFORE));
    wait.source.put(named('shop-b', BEFORE));
    wait.source.put(named('shop-a', DONE));
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(named('shop-b', DONE));
    expect((await wait.end()).ends.size).toBe(2);
  });

  test.each(['fail', 'skip'] as const)('does not join, with if-missing %s', async (ifMissing) => {
    const wait = start({ applications: ['shop-*'], policy: { ifMissing } });
    wait.source.list(named('shop-a', BEFORE));
    wait.source.put(named('shop-b', BEFORE));
    wait.source.list(named('shop-a', DONE), named('shop-b', BEFORE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop-a: success/synced']);
  });
});

describe('min-applications', () => {
  const pattern = { applications: ['shop-*', 'web-*'], minApplications: 3 };
  const messageOf = (outcome: Outcome, key: string) => outcome.ends.get(key)?.result.message;

  test('says in the end which were found', async () => {
    const wait = start(pattern);
    wait.source.list(named('shop-a', DONE), named('web-b', DONE));
    await wait.clock.advance(TIMEOUT);
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual([
      'argocd/shop-a: success/synced',
      'argocd/web-b: success/synced',
      'shop-*, web-*: timeout/missing',
    ]);
    expect(messageOf(outcome, 'shop-*, web-*')).toBe(
      'shop-*, web-*: timed out waiting for 3 Applications to match (found 2: argocd/shop-a, argocd/web-b)',
    );
  });

  test('stands for a pattern that found none', async () => {
    const wait = start(pattern);
    wait.source.list(named('shop-a', DONE));
    await wait.clock.advance(TIMEOUT);
    expect(endsOf(await wait.end())).toEqual([
      'argocd/shop-a: success/synced',
      'shop-*, web-*: timeout/missing',
    ]);
  });

  test('counts what the last look finds', async () => {
    const wait = start({ ...pattern, timeoutMs: 0 }, ({ looks }) => {
      looks.push([named('shop-a', DONE), named('shop-b', DONE), named('web-b', DONE)]);
    });
    expect(endsOf(await wait.end())).toHaveLength(3);
  });

  test('names a few of many', async () => {
    const many = Array.from({ length: 8 }, (_, i) => named(`shop-${i}`, DONE));
    const wait = start({ ...pattern, minApplications: 9 });
    wait.source.list(...many);
    await wait.clock.advance(TIMEOUT);
    expect(messageOf(await wait.end(), 'shop-*, web-*')).toContain('shop-4 and 3 more)');
  });

  test('a server that fails then fails the wait, though all that was found is done', async () => {
    const wait = start(pattern);
    wait.source.list(named('shop-a', DONE));
    wait.source.break(new TerminalError('forbidden', 'denied', ''));
    expect(endsOf(await wait.end())).toContain('shop-*, web-*: failure/forbidden');
  });
});

describe('an Application that vanishes', () => {
  test('fails the wait', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE));
    wait.source.remove(shop(BEFORE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: failure/deleted']);
  });

  test('between two lists', async () => {
    const wait = start({ applications: ['one', 'two'], failFast: false });
    wait.source.list(named('one', BEFORE), named('two', BEFORE));
    wait.source.list(named('one', DONE));
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: success/synced',
      'argocd/two: failure/deleted',
    ]);
  });

  test('with all that a glob found', async () => {
    const wait = start({ applications: ['shop-*'] });
    wait.source.list(named('shop-a', BEFORE));
    wait.source.list();
    expect(endsOf(await wait.end())).toEqual(['argocd/shop-a: failure/deleted']);
  });

  test('is waited for again', async () => {
    const wait = start({ policy: { ifMissing: 'wait' } });
    wait.source.list(shop(BEFORE));
    wait.source.remove(shop(BEFORE));
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(shop({ ...DONE, uid: 'another' }));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('was waited for', async () => {
    const wait = start({ policy: { waitFor: ['deletion'] } });
    wait.source.list(shop(BEFORE));
    expect(await goesOn(wait)).toBe(true);
    wait.source.remove(shop(BEFORE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/deleted']);
  });

  test('one that was never there is not deleted', async () => {
    const wait = start({ applications: ['shop-*'] });
    wait.source.list(named('shop-a', BEFORE));
    wait.source.remove(named('shop-b', BEFORE));
    wait.source.put(named('shop-a', DONE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop-a: success/synced']);
  });
});

describe('what time alone decides', () => {
  test('Degraded fails when its grace is over', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE));
    wait.source.put(shop(RUNNING));
    await wait.clock.advance(10_000);
    wait.source.put(shop({ ...DONE, health: 'Degraded' }));
    await wait.clock.advance(MINUTE - 1);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: failure/degraded']);
  });

  test('the grace begins anew when it turns Degraded again', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE));
    wait.source.put(shop({ ...DONE, health: 'Degraded' }));
    await wait.clock.advance(MINUTE - 1000);
    wait.source.put(shop({ ...DONE, health: 'Progressing' }));
    await wait.clock.advance(5000);
    wait.source.put(shop({ ...DONE, health: 'Degraded' }));
    await wait.clock.advance(MINUTE - 1);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: failure/degraded']);
  });

  test('Degraded may heal within its grace', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE));
    wait.source.put(shop({ ...DONE, health: 'Degraded' }));
    await wait.clock.advance(MINUTE - 1);
    wait.source.put(shop(DONE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('Degraded without an end of grace lasts until the timeout', async () => {
    const look: Look = { ...DONE, health: 'Degraded' };
    const wait = start({ policy: { degradedGraceMs: Number.POSITIVE_INFINITY } }, ({ looks }) =>
      looks.push([shop(look)]),
    );
    wait.source.list(shop(BEFORE));
    wait.source.put(shop(look));
    await wait.clock.advance(TIMEOUT - 1);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: timeout/degraded']);
  });

  test('health of the second of the finish is believed after 5 s', async () => {
    const left = { kind: 'ConfigMap', namespace: 'shop', name: 'settings', version: 'v1' };
    const look: Look = {
      ...DONE,
      sync: 'OutOfSync',
      reconciledAt: DONE.finishedAt ?? '',
      resources: [{ ...left, status: 'OutOfSync' }],
    };
    const wait = start({ policy: { waitFor: ['health'] } });
    wait.source.list(shop(BEFORE));
    wait.source.put(shop(RUNNING));
    wait.source.put(shop(look));
    await wait.clock.advance(4999);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test("what ended before the first look is measured by the server's clock", async () => {
    const look: Look = { revision: B, health: 'Degraded' };
    const wait = start({ server: Date.parse(FINISHED) + 50_000 });
    wait.source.list(shop(look));
    // Sighted at the first look: the grace counts from the latest of all.
    await wait.clock.advance(MINUTE - 1);
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(1);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: failure/degraded']);
  });
});

describe('questions to GitHub', () => {
  const DEPLOYED: Look = { ...DONE, revision: C };

  test('are asked once for each revision', async () => {
    const wait = start();
    wait.source.list(shop(BEFORE, '1'));
    wait.source.put(shop({ ...BEFORE, health: 'Progressing' }, '2'));
    wait.source.put(shop(DEPLOYED, '3'));
    wait.source.put(shop(DEPLOYED, '4'));
    expect(await goesOn(wait)).toBe(true);
    expect(wait.questions).toEqual([A, C]);
  });

  test('are not asked while the answer is on its way', async () => {
    const wait = start({ relate: () => new Promise(() => undefined) });
    wait.source.list(shop(BEFORE, '1'));
    wait.source.put(shop({ ...BEFORE, health: 'Progressing' }, '2'));
    await wait.clock.advance(5 * MINUTE);
    expect(wait.questions).toEqual([A]);
  });

  test('a descendant takes the place of the target', async () => {
    const answer = Promise.withResolvers<Relation>();
    const wait = start({ relate: () => answer.promise });
    wait.source.list(shop(DEPLOYED));
    expect(await goesOn(wait)).toBe(true);
    answer.resolve('descendant');
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/superseded']);
  });

  test('another one does not', async () => {
    const wait = start();
    wait.source.list(shop(DEPLOYED));
    await wait.clock.advance(MINUTE);
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(shop(DONE));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('are asked again a minute after a refusal, even if nothing happens', async () => {
    const answers: (Relation | undefined)[] = [undefined, undefined, 'descendant'];
    const wait = start({ relate: async () => answers.shift() });
    wait.source.list(shop(DEPLOYED));
    wait.source.put(shop(DEPLOYED, '9'));
    await wait.clock.advance(MINUTE - 1);
    expect(wait.questions).toEqual([C]);
    await wait.clock.advance(1);
    expect(wait.questions).toEqual([C, C]);
    await wait.clock.advance(MINUTE);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/superseded']);
    expect(wait.questions).toEqual([C, C, C]);
  });

  test('a name is looked up once, before anything is decided', async () => {
    const answer = Promise.withResolvers<string | undefined>();
    const wait = start({
      revision: 'main',
      lookup: 'acme/shop',
      resolveName: () => answer.promise,
    });
    wait.source.list(shop({ ...DONE, targetRevision: 'main' }, '1'));
    wait.source.put(shop({ ...DONE, targetRevision: 'main' }, '2'));
    expect(await goesOn(wait)).toBe(true);
    answer.resolve(B);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
    expect(wait.questions).toEqual(['acme/shop main']);
  });

  test('a name that cannot be told now is looked up again: its old state satisfies nobody', async () => {
    const answers = [undefined, B];
    const wait = start({
      revision: 'main',
      lookup: 'acme/shop',
      resolveName: async () => answers.shift(),
    });
    wait.source.list(shop({ ...BEFORE, targetRevision: 'main' }));
    await wait.clock.advance(MINUTE - 1);
    expect(wait.shown().get('argocd/shop')).toMatchObject({
      verdict: { what: 'GitHub to say which commit main names' },
    });
    await wait.clock.advance(1);
    expect(wait.questions.slice(0, 2)).toEqual(['acme/shop main', 'acme/shop main']);
    expect(await goesOn(wait)).toBe(true);
    wait.source.put(shop({ ...DONE, targetRevision: 'main' }));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('a name that names no commit is a revision as it is', async () => {
    const wait = start({ revision: '1.2.3', lookup: 'acme/shop', resolveName: async () => '' });
    wait.source.list(shop({ ...DONE, revision: '1.2.3' }));
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('no question is left when the target is in sight', async () => {
    const wait = start();
    wait.source.list(shop(RUNNING));
    await wait.clock.settle();
    expect(wait.questions).toEqual([]);
  });
});

test('the last look after an outage is complete: what it asks is believed at once', async () => {
  const later = { revision: C, history: [] };
  const relate = async (_: unknown, revision: string): Promise<Relation> =>
    revision === C ? 'descendant' : 'other';
  const wait = start({ relate }, ({ looks }) => looks.push([shop(later)]));
  wait.source.list(shop(BEFORE));
  await wait.clock.settle();
  wait.source.unreachable();
  await wait.clock.advance(TIMEOUT);
  expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/superseded']);
});

describe('a trigger', () => {
  test('comes before the end is judged', async () => {
    const go = Promise.withResolvers<void>();
    const wait = start({
      act: async () => {
        await go.promise;
        return { kind: 'triggered' };
      },
    });
    wait.source.list(shop(DONE));
    expect(await goesOn(wait)).toBe(true);
    expect(wait.shown().get('argocd/shop')).toMatchObject({
      verdict: { what: 'its trigger' },
    });
    go.resolve();
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('is pulled with every snapshot until it has done its deed', async () => {
    const seen: string[] = [];
    const wait = start({
      act: async ({ resourceVersion }) => {
        seen.push(resourceVersion);
        return resourceVersion === '2' ? { kind: 'triggered' } : undefined;
      },
    });
    wait.source.list(shop(BEFORE, '1'));
    await wait.clock.settle();
    wait.source.put(shop(BEFORE, '2'));
    await wait.clock.settle();
    wait.source.put(shop(BEFORE, '3'));
    await wait.clock.settle();
    expect(seen).toEqual(['1', '2']);
  });

  test('that was refused is pulled no more for the same snapshot', async () => {
    const seen: string[] = [];
    const wait = start({
      act: async ({ resourceVersion }) => {
        seen.push(resourceVersion);
        return undefined;
      },
    });
    wait.source.list(shop(BEFORE, '1'));
    await wait.clock.settle();
    wait.source.put(shop(BEFORE, '2'));
    await wait.clock.settle();
    expect(seen).toEqual(['1', '2']);
  });

  test('is told of the commit that a name is, once that is known', async () => {
    const seen: string[] = [];
    const wait = start({
      revision: 'v1',
      lookup: 'acme/shop',
      resolveName: async () => B,
      act: async (_, target) => {
        seen.push(target.kind === 'revision' ? target.text : '');
        return undefined;
      },
    });
    wait.source.list(shop(BEFORE));
    await wait.clock.settle();
    expect(seen).toEqual(['v1', B]);
  });

  test('looks again at what came while it was refused', async () => {
    const first = Promise.withResolvers<undefined>();
    const seen: string[] = [];
    let busy = false;
    const wait = start({
      act: async ({ resourceVersion }) => {
        if (busy) return undefined;
        seen.push(resourceVersion);
        if (resourceVersion === '2') return { kind: 'triggered' };
        busy = true;
        await first.promise;
        busy = false;
        return undefined;
      },
    });
    wait.source.list(shop(DONE, '1'));
    wait.source.put(shop(DONE, '2'));
    await wait.clock.settle();
    first.resolve(undefined);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
    expect(seen).toEqual(['1', '2']);
  });

  test('is tried again after a passing fault, even if nothing happens', async () => {
    const faults = [new TransientError('503'), new TransientError('503')];
    const wait = start({
      act: async () => {
        const fault = faults.shift();
        if (fault) throw fault;
        return { kind: 'triggered' };
      },
    });
    wait.source.list(shop(DONE));
    expect(await goesOn(wait)).toBe(true);
    await wait.clock.advance(MINUTE);
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: success/synced']);
  });

  test('that never comes through is why time runs out', async () => {
    const act = async () => {
      throw new TransientError('503 Service Unavailable');
    };
    const wait = start({ act }, ({ looks }) => looks.push([shop(DONE)]));
    wait.source.list(shop(DONE));
    await wait.clock.advance(TIMEOUT);
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual(['argocd/shop: timeout/unreachable']);
    expect(outcome.ends.get('argocd/shop')?.end.what).toContain('503 Service Unavailable');
  });

  test('is not needed for what does not exist', async () => {
    const wait = start({ act: async () => ({ kind: 'triggered' }) });
    wait.source.list();
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: failure/missing']);
  });

  test('that is not allowed ends the wait', async () => {
    const error = new TerminalError('forbidden', 'may not patch', 'a Role');
    const wait = start({
      act: async () => {
        throw error;
      },
    });
    wait.source.list(shop(DONE));
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual(['argocd/shop: failure/forbidden']);
    expect(outcome.error).toBe(error);
  });
});

describe('an end from outside', () => {
  test('cancelled', async () => {
    const wait = start({ applications: ['one', 'two', 'three-*'] });
    wait.source.list(named('one', DONE), named('two', BEFORE), named('three-a', BEFORE));
    await wait.clock.settle();
    wait.cancel();
    expect(endsOf(await wait.end())).toEqual([
      'argocd/one: success/synced',
      'argocd/three-a: cancelled/cancelled',
      'argocd/two: cancelled/cancelled',
    ]);
    expect(wait.source.looked).toBe(0);
  });

  test('cancelled before the first look', async () => {
    const wait = start({ applications: ['one', 'two-*'] });
    wait.cancel();
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual([
      'argocd/one: cancelled/cancelled',
      'two-*: cancelled/cancelled',
    ]);
    expect(outcome.ends.get('argocd/one')?.end.what).toBe('the first answer from the server');
  });

  test('cancelled during the last look', async () => {
    const wait = start({ timeoutMs: 0 }, ({ looks }) => {
      looks.push((signal) => {
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => reject(new TransientError('given up')));
        return promise;
      });
    });
    await wait.clock.settle();
    wait.cancel();
    expect(endsOf(await wait.end())).toEqual(['argocd/shop: cancelled/cancelled']);
  });

  test('an error of the source that no waiting can mend', async () => {
    const error = new TerminalError('forbidden', 'may not list', 'a Role');
    const wait = start({ applications: ['one', 'two'] });
    wait.source.put(named('one', DONE));
    wait.source.break(error);
    const outcome = await wait.end();
    expect(endsOf(outcome)).toEqual([
      'argocd/one: success/synced',
      'argocd/two: failure/forbidden',
    ]);
    expect(outcome.error).toBe(error);
    expect(wait.source.looked).toBe(0);
  });
});

describe('a bug of a part', () => {
  const bug = new TypeError('x is not a function');
  const thrower = () => {
    throw bug;
  };

  test('in the source', async () => {
    const wait = start();
    wait.source.break(bug);
    await expect(wait.end()).rejects.toBe(bug);
  });

  test('in a look', async () => {
    const wait = start({ timeoutMs: 0 }, ({ looks }) => looks.push(bug));
    await expect(wait.end()).rejects.toBe(bug);
  });

  test('in what GitHub is asked with', async () => {
    const wait = start({ relate: async () => thrower() });
    wait.source.list(shop(BEFORE));
    await expect(wait.end()).rejects.toBe(bug);
  });

  test('in the trigger', async () => {
    const wait = start({ act: async () => thrower() });
    wait.source.list(shop(BEFORE));
    await expect(wait.end()).rejects.toBe(bug);
  });

  test('in whoever is told', async () => {
    const wait = start({ onChange: thrower });
    wait.source.list(shop(BEFORE));
    await expect(wait.end()).rejects.toBe(bug);
  });

  test('in whoever is told, when time alone decides', async () => {
    let told = false;
    const wait = start({
      onChange: () => {
        if (told) throw bug;
      },
    });
    wait.source.list(shop(BEFORE));
    wait.source.put(shop({ ...DONE, health: 'Degraded' }));
    await wait.clock.settle();
    told = true;
    await wait.clock.advance(MINUTE);
    await expect(wait.end()).rejects.toBe(bug);
  });
});
