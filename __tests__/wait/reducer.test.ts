import { describe, expect, test } from '@jest/globals';
import type { Application } from '../../src/core/application/types.js';
import type { Policy } from '../../src/core/decision/state.js';
import { type Looks, NO_LOOKS } from '../../src/core/result/looks.js';
import {
  type Effect,
  type Facts,
  NOTHING_KNOWN,
  type WaitEvent,
  type WaitRules,
} from '../../src/wait/draft.js';
import { isOver, reduce } from '../../src/wait/reducer.js';
import { applicationSelectors } from '../../src/wait/selection.js';
import type { Wait } from '../../src/wait/waits.js';
import { POLICY } from '../core/support/follow.ts';
import { A, B, C, type Look } from '../support/manifest.ts';
import { application } from '../support/scripted-source.ts';

interface Given {
  readonly applications?: readonly string[];
  readonly minApplications?: number;
  readonly policy?: Partial<Policy>;
  readonly revision?: string;
  readonly lookup?: string;
  readonly failFast?: boolean;
  readonly acts?: boolean;
}

function rulesOf(given: Given): WaitRules {
  const { applications = ['shop'], policy, revision: text = B, lookup } = given;
  const target = { kind: 'revision', text, why: 'test', ...(lookup ? { lookup } : {}) } as const;
  return {
    wanted: applicationSelectors({
      ...{ applications, applicationSets: [], selector: '', applicationNamespace: 'argocd' },
    }),
    minApplications: given.minApplications ?? 1,
    policy: { ...POLICY, ...policy },
    resolve: () => target,
    nameOf: (key) => key,
    failFast: given.failFast ?? true,
    acts: given.acts ?? false,
    since: { elapsed: 0 },
  };
}

/** An event, and the millisecond at which it comes. */
type Told = WaitEvent | readonly [at: number, WaitEvent];

interface Story {
  readonly waits: ReadonlyMap<string, Wait>;
  readonly facts: Facts;
  /** What the last event asked for. */
  readonly effects: readonly Effect[];
  readonly over: boolean;
}

function told(given: Given, ...events: readonly Told[]): Story {
  const rules = rulesOf(given);
  const waits = new Map<string, Wait>();
  let { facts } = NOTHING_KNOWN;
  let effects: readonly Effect[] = [];
  for (const each of events) {
    const [elapsed, event] = 'kind' in each ? [0, each] : each;
    const before = new Map(waits);
    const known = { ...NOTHING_KNOWN, waits, facts };
    const reduction = reduce(rules, known, event, { elapsed });
    expect(waits).toEqual(before);
    for (const [key, wait] of reduction.changed) {
      if (wait) waits.set(key, wait);
      else waits.delete(key);
    }
    ({ facts, effects } = reduction);
    const open = [...waits.values()].filter(({ kind }) => kind === 'waiting');
    expect(facts.open).toBe(open.length);
  }
  return { waits, facts, effects, over: isOver(rules, { ...NOTHING_KNOWN, waits, facts }) };
}

/** `key: conclusion/reason`, or what it waits for. */
function standing({ waits }: Story): readonly string[] {
  return [...waits].map(([key, wait]) => {
    if (wait.kind === 'waiting') return `${key}: waiting`;
    const { conclusion, reason } = wait.settled.end;
    return `${key}: ${conclusion}/${reason}`;
  });
}

/** Effects in a few words. */
function asked({ effects }: Story): readonly string[] {
  return effects.map((effect) => {
    if (effect.kind === 'ask') return `ask ${effect.question.kind} ${effect.id}`;
    if (effect.kind === 'act') return `act on ${effect.application.resourceVersion}`;
    if (effect.kind === 'look') {
      const at = effect.at === 'resources' ? 'within' : `at ${effect.at} of`;
      return `look ${at} ${effect.application.name}`;
    }
    if (effect.kind === 'read-set') return `read ${effect.set}`;
    return `${effect.event.kind} after ${effect.ms}`;
  });
}

const BEFORE: Look = { revision: A };
const RUNNING: Look = { revision: B, sync: 'OutOfSync', phase: 'Running', history: [] };
const DONE: Look = { revision: B };
const DEGRADED: Look = { ...DONE, health: 'Degraded' };
const FAILED: Look = { ...DONE, phase: 'Failed', sync: 'OutOfSync', history: [] };

const shop = (look: Look, version = ''): Application => application('shop', { ...look, version });
const seen = (look: Look, version = ''): WaitEvent => put(shop(look, version));
const put = (each: Application): WaitEvent => ({
  kind: 'application',
  application: each,
  gap: false,
});
const named = (name: string, look: Look): WaitEvent => put(application(name, look));
const list = (...names: readonly string[]): WaitEvent => ({
  kind: 'listed',
  present: new Set(names.map((name) => `argocd/${name}`)),
});
const gone = (name: string): WaitEvent => ({ kind: 'deleted', key: `argocd/${name}`, uid: '' });
const DOWN: WaitEvent = { kind: 'unreachable', message: 'refused' };
const KEY = 'argocd/shop';

describe('what an event makes of the waits', () => {
  test.each<[string, Given, readonly Told[], readonly string[], boolean]>([
    ['nothing yet', {}, [], [], false],
    ['before the sync', {}, [seen(BEFORE)], [`${KEY}: waiting`], false],
    ['done at once', {}, [seen(DONE)], [`${KEY}: success/synced`], true],
    [
      'done later',
      {},
      [seen(BEFORE), list('shop'), seen(RUNNING), seen(DONE)],
      [`${KEY}: success/synced`],
      true,
    ],
    ['done stays done', {}, [seen(DONE), seen(FAILED)], [`${KEY}: success/synced`], true],
    ['not there', {}, [list()], [`${KEY}: failure/missing`], true],
    [
      'not there, and skipped',
      { policy: { ifMissing: 'skip' } },
      [list()],
      [`${KEY}: skipped/missing`],
      true,
    ],
    ['deleted', {}, [seen(BEFORE), gone('shop')], [`${KEY}: failure/deleted`], true],
    ['gone between two lists', {}, [seen(BEFORE), list()], [`${KEY}: failure/deleted`], true],
    ['one that nobody knows was deleted', {}, [gone('web')], [], false],
    [
      'a failure ends all with fail-fast',
      { applications: ['a', 'b'] },
      [named('a', FAILED), named('b', BEFORE)],
      ['argocd/a: failure/sync-failed', 'argocd/b: waiting'],
      true,
    ],
    [
      'and not without',
      { applications: ['a', 'b'], failFast: false },
      [named('a', FAILED), named('b', BEFORE)],
      ['argocd/a: failure/sync-failed', 'argocd/b: waiting'],
      false,
    ],
    [
      'a glob is not complete before a list is',
      { applications: ['a*'] },
      [named('a', DONE)],
      ['argocd/a: success/synced'],
      false,
    ],
    [
      'a glob that found nothing gives way',
      { applications: ['a*'], policy: { ifMissing: 'wait' } },
      [list(), named('a', BEFORE)],
      ['argocd/a: waiting'],
      false,
    ],
    [
      'a latecomer joins only with if-missing: wait',
      { applications: ['a*'] },
      [named('a', BEFORE), list('a'), named('ab', BEFORE)],
      ['argocd/a: waiting'],
      false,
    ],
    [
      'too few are waited for',
      { applications: ['a*'], minApplications: 2 },
      [named('a', DONE), list('a')],
      ['argocd/a: success/synced', 'a*: waiting'],
      false,
    ],
    [
      'none at all too',
      { applications: ['a*'], minApplications: 2, policy: { ifMissing: 'skip' } },
      [list()],
      ['a*: waiting'],
      false,
    ],
    [
      'until there are enough',
      { applications: ['a*'], minApplications: 2 },
      [named('a', DONE), list('a'), named('ab', DONE)],
      ['argocd/a: success/synced', 'argocd/ab: success/synced'],
      true,
    ],
    [
      'no more join then',
      { applications: ['a*'], minApplications: 2 },
      [list(), named('a', DONE), named('ab', BEFORE), named('abc', BEFORE)],
      ['argocd/a: success/synced', 'argocd/ab: waiting'],
      false,
    ],
    [
      'enough of one pattern, and none of another',
      { applications: ['a*', 'b*'], minApplications: 2 },
      [list(), named('a', DONE), named('ab', DONE)],
      ['argocd/a: success/synced', 'argocd/ab: success/synced', 'b*: failure/missing'],
      true,
    ],
    [
      'one wait stands for all that are to come, also over lists',
      { applications: ['team/a*', 'b'], minApplications: 3 },
      [list(), named('b', DONE), list('b')],
      ['team/a*, b: waiting', 'argocd/b: success/synced'],
      false,
    ],
    [
      'one of too few that is deleted fails',
      { applications: ['a*'], minApplications: 2 },
      [named('a', BEFORE), list('a'), gone('a')],
      ['argocd/a: failure/deleted', 'a*: waiting'],
      true,
    ],
    [
      'a name that is missing counts, and is up to if-missing only above the count',
      { applications: ['a', 'b'], minApplications: 2 },
      [named('a', DONE), list('a')],
      ['argocd/a: success/synced', 'a, b: waiting'],
      false,
    ],
  ])('%s', (_, given, events, expected, over) => {
    const story = told(given, ...events);
    expect(standing(story)).toEqual(expected);
    expect(story.over).toBe(over);
  });
});

describe('what an event asks for', () => {
  const lookup: Given = { revision: 'main', lookup: 'acme/shop' };
  const answered = (question: string): WaitEvent => ({ kind: 'answered', key: KEY, question });

  test.each<[string, Given, readonly Told[], readonly string[]]>([
    ['nothing, when it is done', {}, [seen(DONE)], []],
    ['how what is deployed relates to the target', {}, [seen(BEFORE)], [`ask relation ${A}`]],
    ['the same once only', {}, [seen(BEFORE), seen({ ...BEFORE, health: 'Progressing' })], []],
    ['each revision of its own', {}, [seen(BEFORE), seen({ revision: C })], [`ask relation ${C}`]],
    ['which commit a name is', lookup, [seen(DONE)], ['ask name main']],
    [
      'again in a minute without an answer',
      {},
      [seen(BEFORE), answered(A)],
      ['ask-again after 60000'],
    ],
    [
      'and then the same',
      {},
      [seen(BEFORE), answered(A), { kind: 'ask-again', key: KEY, question: A }],
      [`ask relation ${A}`],
    ],
    [
      'nothing again of what is over',
      {},
      [seen(BEFORE), seen(DONE), { kind: 'ask-again', key: KEY, question: A }],
      [],
    ],
    [
      'the same of another Application by that name',
      lookup,
      [seen(BEFORE), seen({ ...BEFORE, uid: 'another' })],
      ['ask name main'],
    ],
    [
      'to look at the verdict again, when time decides',
      { policy: { degradedGraceMs: 60_000 } },
      [seen(BEFORE), [5_000, seen(DEGRADED)]],
      ['recheck after 60000', 'look after 10000'],
    ],
    [
      'nothing at the time of a verdict that is not the last',
      {},
      [
        seen(BEFORE),
        [5_000, seen(DEGRADED)],
        [30_000, seen({ ...DONE, health: 'Progressing' })],
        [31_000, seen(DEGRADED)],
        [65_000, { kind: 'recheck', key: KEY, at: 65_000 }],
      ],
      [],
    ],
    ['to act, before anything is judged', { acts: true }, [seen(DONE, '1')], ['act on 1']],
    ['with every snapshot', { acts: true }, [seen(DONE, '1'), seen(DONE, '2')], ['act on 2']],
    [
      'not once it has acted',
      { acts: true },
      [seen(RUNNING, '1'), acted(), seen(RUNNING, '2')],
      [],
    ],
    [
      'on a snapshot that came while the answer was on its way',
      { acts: true },
      [seen(BEFORE, '1'), seen(BEFORE, '2'), { kind: 'acted', key: KEY, on: shop(BEFORE, '1') }],
      ['act on 2'],
    ],
    [
      'again after a fault',
      { acts: true },
      [seen(BEFORE, '1'), { kind: 'act-failed', key: KEY, message: '503' }],
      ['act-again after 2000'],
    ],
    [
      'and then the same',
      { acts: true },
      [
        seen(BEFORE, '1'),
        { kind: 'act-failed', key: KEY, message: '503' },
        { kind: 'act-again', key: KEY },
      ],
      ['act on 1'],
    ],
    [
      'nothing of what is gone',
      { acts: true, policy: { ifMissing: 'wait' } },
      [seen(BEFORE, '1'), gone('shop'), { kind: 'act-again', key: KEY }],
      [],
    ],
  ])('%s', (_, given, events, expected) => {
    expect(asked(told(given, ...events))).toEqual(expected);
  });

  function acted(): WaitEvent {
    return { kind: 'acted', key: KEY, on: shop(RUNNING, '1'), answer: { kind: 'triggered' } };
  }
});

describe('time alone', () => {
  const recheck = (at: number): Told => [at, { kind: 'recheck', key: KEY, at }];

  test.each<[string, readonly Told[], string]>([
    ['ends the grace of Degraded', [recheck(65_000)], 'failure/degraded'],
    [
      'does not, where Degraded began later',
      [[30_000, seen(DONE)], [31_000, seen(DEGRADED)], recheck(65_000)],
      'success/synced',
    ],
    ['and nothing comes of an older appointment', [[30_000, seen(RUNNING)], recheck(65_000)], ''],
  ])('%s', (_, events, end) => {
    const story = told({}, seen(BEFORE), [5_000, seen(DEGRADED)], ...events);
    expect(standing(story)).toEqual([`${KEY}: ${end || 'waiting'}`]);
  });
});

describe('while the server has no answer, more may happen than is seen', () => {
  const recheck = (at: number): WaitEvent => ({ kind: 'recheck', key: KEY, at });
  const DOWN_AT_30: readonly Told[] = [
    seen(BEFORE),
    [5_000, seen(DEGRADED)],
    [30_000, DOWN],
    [65_000, recheck(65_000)],
  ];

  test('so time alone ends nothing, and the verdict is made later', () => {
    const story = told({}, ...DOWN_AT_30);
    expect([standing(story), asked(story)]).toEqual([[`${KEY}: waiting`], ['recheck after 1000']]);
  });

  test.each<[string, readonly Told[], string]>([
    ['what is seen then counts at once', [[70_000, seen(DONE)]], 'success/synced'],
    [
      'what was missed may be on its way',
      [
        [70_000, list('shop')],
        [70_900, recheck(65_000)],
      ],
      '',
    ],
    [
      'what is left as it was, time decides after that',
      [
        [70_000, list('shop')],
        [71_000, recheck(65_000)],
      ],
      'failure/degraded',
    ],
  ])('once it is back: %s', (_, events, end) => {
    expect(standing(told({}, ...DOWN_AT_30, ...events))).toEqual([`${KEY}: ${end || 'waiting'}`]);
  });

  test('an answer from elsewhere ends nothing either, until the server is back', () => {
    const answer: WaitEvent = {
      ...{ kind: 'answered', key: KEY, question: A },
      answer: { kind: 'relation', revision: A, relation: 'descendant' },
    };
    const story = told({}, seen(BEFORE), DOWN, [10_000, answer]);
    expect([standing(story), asked(story)]).toEqual([[`${KEY}: waiting`], ['recheck after 1000']]);
    const back: readonly Told[] = [
      [20_000, list('shop')],
      [21_000, recheck(11_000)],
    ];
    const later = told({}, seen(BEFORE), DOWN, [10_000, answer], ...back);
    expect(standing(later)).toEqual([`${KEY}: success/superseded`]);
  });
});

describe('trouble', () => {
  const failed: WaitEvent = { kind: 'request-failed', message: '502' };
  const acted: WaitEvent = {
    kind: 'acted',
    key: KEY,
    on: shop(BEFORE),
    answer: { kind: 'triggered' },
  };

  test.each<[string, readonly Told[], string | undefined]>([
    ['the server is down', [DOWN], 'refused'],
    ['a request failed', [seen(BEFORE), failed], '502'],
    ['an Application came', [DOWN, seen(BEFORE)], undefined],
    ['a deletion came', [DOWN, gone('web')], undefined],
    ['a list came', [DOWN, list('shop')], undefined],
    ['the trigger came through', [seen(BEFORE), DOWN, acted], undefined],
    ['time passed', [DOWN, { kind: 'recheck', key: KEY, at: 0 }], 'refused'],
  ])('%s', (_, events, trouble) => {
    expect(told({ acts: true }, ...events).facts.trouble).toBe(trouble);
  });
});

describe('looks within an Application', () => {
  const PROGRESSING: Look = { ...DONE, health: 'Progressing' };
  const hook = { group: 'batch', kind: 'Job', namespace: 'shop', name: 'migrate', version: 'v1' };
  const HOOKED: Look = {
    ...RUNNING,
    results: [{ ...hook, hookType: 'PreSync', hookPhase: 'Running', syncPhase: 'PreSync' }],
  };
  const PENDING: Look = { revision: B, sync: 'OutOfSync', synced: A, history: [] };
  const due = (at: number): WaitEvent => ({ kind: 'look', key: KEY, at });
  const uid = 'uid-of-argocd-shop';
  const saw = (given: Partial<Extract<WaitEvent, { kind: 'looked' }>> = {}): WaitEvent => {
    return { kind: 'looked', key: KEY, uid, final: false, ...given };
  };

  test('the first 10 s after it is seen not to be well, the next 10 s after that', () => {
    const first: readonly Told[] = [[3000, seen(PROGRESSING)]];
    expect(asked(told({}, ...first))).toEqual(['look after 10000']);
    const second: readonly Told[] = [...first, [13_000, due(13_000)]];
    expect(asked(told({}, ...second))).toEqual(['look within shop']);
    expect(asked(told({}, ...second, [14_000, saw()]))).toEqual(['look after 9000']);
    expect(asked(told({}, ...second, [30_000, saw()]))).toEqual(['look after 0']);
  });

  test.each<[string, readonly Told[]]>([
    ['one that is well', [[3000, seen(BEFORE)]]],
    ['while an operation runs that waits for nothing', [[3000, seen(RUNNING)]]],
    [
      'a second one while one is under way',
      [
        [3000, seen(PROGRESSING)],
        [13_000, due(13_000)],
        [14_000, seen(PROGRESSING, '2')],
      ],
    ],
    [
      'after nothing more can be seen',
      [
        [3000, seen(PROGRESSING)],
        [13_000, due(13_000)],
        [14_000, saw({ final: true })],
      ],
    ],
    [
      'an appointment of which another one took the place',
      [
        [3000, seen(PROGRESSING)],
        [4000, seen(RUNNING, '2')],
        [5000, seen(PROGRESSING, '3')],
        [13_000, due(13_000)],
      ],
    ],
    [
      'what was seen of an Application before it was made again',
      [
        [3000, seen(PROGRESSING)],
        [13_000, due(13_000)],
        [14_000, saw({ uid: 'another' })],
      ],
    ],
  ])('none: %s', (_, events) => {
    const looks = asked(told({}, ...events)).filter((each) => each.startsWith('look'));
    expect(looks).toEqual([]);
  });

  test('at the sync windows, 10 s after auto-sync should have started', () => {
    const first: readonly Told[] = [[3000, seen(PENDING)]];
    expect(asked(told({}, ...first))).toEqual(['look after 10000']);
    const second: readonly Told[] = [...first, [13_000, due(13_000)]];
    expect(asked(told({}, ...second))).toEqual(['look at sync-windows of shop']);
    expect(asked(told({}, ...second, [14_000, saw()]))).toEqual(['look after 9000']);
  });

  test('at the sync windows while one holds the operation', () => {
    const held: Look = { ...RUNNING, message: 'Sync operation blocked by sync window' };
    const events: readonly Told[] = [
      [30_000, seen(held)],
      [30_000, due(30_000)],
    ];
    expect(asked(told({}, ...events))).toEqual(['look at sync-windows of shop']);
  });

  test('what was seen of sync windows is forgotten once an operation runs', () => {
    const cause = { application: 'shop', subject: 'sync window', reason: 'X', message: 'closed' };
    const events: readonly Told[] = [
      [3000, seen(PENDING)],
      [13_000, due(13_000)],
      [14_000, saw({ looks: { ...NO_LOOKS, windows: { causes: [cause] } } })],
    ];
    const windows = { causes: [cause] };
    const blocked = { verdict: { cause: 'sync-window' }, state: { looks: { windows } } };
    expect(told({}, ...events).waits.get(KEY)).toMatchObject(blocked);
    const later = told({}, ...events, [15_000, seen(RUNNING, '2')]).waits.get(KEY);
    expect(later).toMatchObject({ state: { looks: { windows: { causes: [] } } } });
  });

  test('while a hook runs at once, but not in the first 10 s of the wait', () => {
    expect(asked(told({}, [3000, seen(HOOKED)]))).toEqual(['look after 7000']);
    expect(asked(told({}, [30_000, seen(HOOKED)]))).toEqual(['look after 0']);
  });

  test('what they see is kept, and a look that sees nothing changes nothing', () => {
    const failure = { pod: 'p', container: 'main', reason: 'CrashLoopBackOff', resource: '' };
    const since = { elapsed: 31_000 };
    const looks: Looks = {
      ...NO_LOOKS,
      causes: [{ application: 'shop', subject: 'Job/migrate', reason: 'Error', message: 'failed' }],
      failures: [{ ...failure, looks: 3, since, seen: since }],
    };
    const events: readonly Told[] = [
      [30_000, seen(HOOKED)],
      [30_000, due(30_000)],
      [31_000, saw({ looks })],
      [40_000, due(40_000)],
      [41_000, saw()],
    ];
    const wait = told({}, ...events).waits.get(KEY);
    // An operation runs: what cannot start now may be replaced by it.
    expect(wait).toMatchObject({ state: { looks: { causes: looks.causes, failures: [] } } });
  });
});
