import { describe, expect, test } from '@jest/globals';
import { parseApplication } from '../../src/core/application/parse.js';
import { parseApplicationSet } from '../../src/core/applicationset/parse.js';
import { rolloutsOf } from '../../src/core/applicationset/rollout.js';
import type { Policy } from '../../src/core/decision/state.js';
import { NO_LOOKS } from '../../src/core/result/looks.js';
import { type Effect, type Known, NOTHING_KNOWN, type WaitEvent } from '../../src/wait/draft.js';
import { isOver, reduce } from '../../src/wait/reducer.js';
import { applicationSelectors } from '../../src/wait/selection.js';
import type { Wait } from '../../src/wait/waits.js';
import { POLICY } from '../core/support/follow.ts';
import { A, B, type Look, manifest } from '../support/manifest.ts';
import { type SetLook, setManifest } from '../support/set-manifest.ts';

interface Given {
  readonly applications?: readonly string[];
  readonly applicationSets?: readonly string[];
  readonly minApplications?: number;
  readonly policy?: Partial<Policy>;
  /** Undefined: whatever is deployed. */
  readonly revision?: string;
}

/** A wait for the Applications of `shops`, told of events one after the other. */
function story(given: Given = {}) {
  const { applications = [], applicationSets = ['shops'], minApplications = 1, revision } = given;
  const rules = {
    wanted: applicationSelectors({
      ...{ applications, applicationSets, selector: '', applicationNamespace: 'argocd' },
    }),
    ...{ minApplications, policy: { ...POLICY, generated: true as const, ...given.policy } },
    resolve: () =>
      revision
        ? ({ kind: 'revision', text: revision, why: 'test' } as const)
        : ({ kind: 'any', why: 'test' } as const),
    nameOf: (key: string) => key.replace(/^argocd\//, ''),
    ...{ failFast: true, acts: false, since: { elapsed: 0 } },
  };
  const waits = new Map<string, Wait>();
  let known: Known = { ...NOTHING_KNOWN, waits };
  let effects: readonly Effect[] = [];
  let elapsed = 0;
  const hear = (event: WaitEvent): void => {
    const reduction = reduce(rules, known, event, { elapsed });
    for (const [key, wait] of reduction.changed) {
      if (wait) waits.set(key, wait);
      else waits.delete(key);
    }
    known = { ...known, facts: reduction.facts, family: reduction.family };
    effects = reduction.effects;
  };
  const told = {
    hear,
    set: (look: SetLook = {}) =>
      hear({ kind: 'applicationset', set: parseApplicationSet(setManifest(look)) }),
    setGone: (name = 'shops') => hear({ kind: 'applicationset-deleted', key: `argocd/${name}` }),
    setsListed: (...names: readonly string[]) =>
      hear({
        kind: 'applicationsets-listed',
        present: new Set(names.map((name) => `argocd/${name}`)),
      }),
    put: (name: string, look: Look = {}, set = 'shops') => {
      const object = manifest(name, { syncPolicy: {}, ...look });
      const ownerReferences = [{ kind: 'ApplicationSet', name: set }];
      const owned = { ...object, metadata: { ...object.metadata, ownerReferences } };
      hear({ kind: 'application', application: parseApplication(owned), gap: false });
    },
    gone: (name: string) => hear({ kind: 'deleted', key: `argocd/${name}`, uid: '' }),
    listed: (...names: readonly string[]) =>
      hear({ kind: 'listed', present: new Set(names.map((name) => `argocd/${name}`)) }),
    at(ms: number) {
      elapsed = ms;
      return told;
    },
    get effects() {
      return effects;
    },
    get over() {
      const open = [...waits.values()].filter(({ kind }) => kind === 'waiting');
      expect(known.facts.open).toBe(open.length);
      return isOver(rules, known);
    },
    /** `name: conclusion/reason`, or what it waits for. */
    get standing() {
      return [...waits].map(([key, wait]) => {
        const name = rules.nameOf(key);
        if (wait.kind === 'waiting') return `${name}: ${wait.verdict.what}`;
        const { conclusion, reason } = wait.settled.end;
        return `${name}: ${conclusion}/${reason}`;
      });
    },
  };
  return told;
}

const SET = 'ApplicationSet/shops';
const DONE_A = 'set-a: success/synced';

describe('a wait for an ApplicationSet', () => {
  test('is not over before the ApplicationSets are listed', () => {
    const s = story();
    s.put('set-a');
    s.listed('set-a');
    expect(s.over).toBe(false);
    s.set({ applications: ['set-a'] });
    expect(s.over).toBe(false);
    s.setsListed('shops');
    expect([s.standing, s.over]).toEqual([[DONE_A], true]);
  });

  test('is over when all that it lists are done, whatever else it owns', () => {
    const s = story();
    s.set({ applications: ['set-a'] });
    s.setsListed('shops');
    s.put('set-a');
    s.put('set-new', { health: 'Progressing' });
    s.listed('set-a', 'set-new');
    expect([s.standing, s.over]).toEqual([[DONE_A, 'set-new: Healthy (it is Progressing)'], false]);
    s.put('set-new', { version: '9' });
    expect(s.over).toBe(true);
  });

  test('waits for one that was not seen, and for one that was taken away and is still listed', () => {
    const s = story();
    s.set({ applications: ['set-a', 'set-b'] });
    s.setsListed('shops');
    s.put('set-a');
    s.listed('set-a');
    const missing = `${SET}: an Application of it to exist (set-b)`;
    expect([s.standing, s.over]).toEqual([[DONE_A, missing], false]);
    s.put('set-b');
    expect([s.standing, s.over]).toEqual([[DONE_A, 'set-b: success/synced'], true]);
    s.gone('set-b');
    expect([s.standing, s.over]).toEqual([[DONE_A, missing], false]);
    s.set({ applications: ['set-a'] });
    expect([s.standing, s.over]).toEqual([[DONE_A], true]);
  });

  test('does not wait for one that a later list does not have', () => {
    const s = story();
    s.set({ applications: ['set-a'] });
    s.setsListed('shops');
    s.put('set-a');
    s.put('set-b', { health: 'Progressing' });
    s.listed('set-a', 'set-b');
    s.listed('set-a');
    expect([s.standing, s.over]).toEqual([[DONE_A], true]);
  });

  test('goes on when its spec changes, until that is old enough', () => {
    const s = story();
    s.set({ applications: ['set-a'] });
    s.setsListed('shops');
    s.put('set-a', { health: 'Progressing' });
    s.listed('set-a');
    s.at(5000).set({ applications: ['set-a'], generation: 2 });
    const generating = `${SET}: its Applications to be generated for its present spec`;
    expect(s.standing).toContain(generating);
    const recheck = s.effects.find(({ kind }) => kind === 'later');
    expect(recheck).toMatchObject({ ms: 10_000, event: { kind: 'recheck', key: SET, at: 15_000 } });
    s.put('set-a', { version: '9' });
    expect(s.over).toBe(false);
    s.at(15_000).hear({ kind: 'recheck', key: SET, at: 15_000 });
    expect([s.standing, s.over]).toEqual([[DONE_A], true]);
  });

  test.each<[string, Partial<Policy>, readonly string[], boolean]>([
    ['fails', {}, [`${SET}: failure/missing`], true],
    ['is skipped', { ifMissing: 'skip' }, [`${SET}: skipped/missing`], true],
    ['waits', { ifMissing: 'wait' }, [`${SET}: the ApplicationSet to exist`], false],
  ])('for one that does not exist, %s', (_, policy, standing, over) => {
    const s = story({ policy });
    s.setsListed();
    s.listed();
    expect([s.standing, s.over]).toEqual([standing, over]);
  });

  test('that comes late begins then', () => {
    const s = story({ policy: { ifMissing: 'wait' } });
    s.setsListed();
    s.listed();
    s.set({ applications: ['set-a'] });
    expect(s.standing).toEqual([`${SET}: an Application of it to exist (set-a)`]);
    s.put('set-a');
    expect([s.standing, s.over]).toEqual([[DONE_A], true]);
  });

  test('fails when that is deleted, its Applications first or last', () => {
    const s = story();
    s.set({ applications: ['set-a'] });
    s.setsListed('shops');
    s.put('set-a', { health: 'Progressing' });
    s.listed('set-a');
    s.gone('set-a');
    s.setGone();
    expect([s.standing, s.over]).toEqual([[`${SET}: failure/deleted`], true]);
  });

  test('of several, each by itself', () => {
    const s = story({ applicationSets: ['shops', 'web'] });
    s.set({ applications: ['set-a'] });
    s.set({ name: 'web', applications: ['web-a'], state: { error: 'no project' } });
    s.setsListed('shops', 'web');
    s.put('set-a');
    s.put('web-a', {}, 'web');
    s.listed('set-a', 'web-a');
    const error =
      'ApplicationSet/web: its Applications to be generated (ApplicationValidationError)';
    expect(new Set(s.standing)).toEqual(new Set([DONE_A, 'web-a: success/synced', error]));
    expect(s.over).toBe(false);
    s.set({ name: 'web', applications: ['web-a'] });
    s.at(1000).hear({ kind: 'recheck', key: 'ApplicationSet/web', at: 1000 });
    expect(s.over).toBe(true);
  });

  test('counts its Applications for min-applications', () => {
    const s = story({ minApplications: 2 });
    s.set({ applications: ['set-a'] });
    s.setsListed('shops');
    s.put('set-a');
    s.listed('set-a');
    const few = `Applications of ${SET}: 2 Applications to match (found 1: set-a)`;
    expect([s.standing, s.over]).toEqual([[DONE_A, few], false]);
    s.put('set-b');
    expect(s.over).toBe(true);
  });
});

describe('an ApplicationSet that lists none', () => {
  function empty(given: Given = {}) {
    const s = story(given);
    s.set({ applications: [] });
    s.setsListed('shops');
    return s;
  }

  test('fails at once', () => {
    const s = empty();
    s.listed();
    expect(s.standing).toEqual([`${SET}: failure/missing`]);
  });

  test('has not generated enough for min-applications', () => {
    const s = empty({ minApplications: 2 });
    s.listed();
    const few = `Applications of ${SET}: 2 Applications to match (found none)`;
    expect([s.standing, s.over]).toEqual([[few], false]);
    s.put('set-a');
    s.put('set-b');
    s.set({ applications: ['set-a', 'set-b'] });
    expect([s.standing, s.over]).toEqual([[DONE_A, 'set-b: success/synced'], true]);
  });

  test('has just created its first: it lists those that it found before', () => {
    const s = empty();
    s.put('set-a', { health: 'Progressing' });
    s.listed('set-a');
    expect([s.standing, s.over]).toEqual([['set-a: Healthy (it is Progressing)'], false]);
    s.put('set-a', { version: '9' });
    expect([s.standing, s.over]).toEqual([[DONE_A], true]);
  });

  test('has none left once its last is gone', () => {
    const s = empty();
    s.put('set-a', { health: 'Progressing' });
    s.listed('set-a');
    s.gone('set-a');
    expect(s.standing).toEqual([`${SET}: failure/missing`]);
  });

  test('deletes its last', () => {
    const s = empty();
    s.put('set-a', { deleting: true, health: 'Progressing' });
    s.listed('set-a');
    expect(s.standing).toContain(`${SET}: failure/missing`);
  });
});

describe('a RollingSync that is followed', () => {
  const rolling = (status: string, revision: string): SetLook => ({
    applications: ['set-a', 'set-b'],
    steps: ['', ''],
    rollout: [
      ['set-a', 'Healthy', '1', A],
      ['set-b', status, '2', revision],
    ],
  });
  const DONE = 'step 2 of 2 of the RollingSync of ApplicationSet shops to be done at aaaaaaaa';

  function begun(given: Given, status: string, revision: string) {
    const s = story(given);
    s.set(rolling(status, revision));
    s.setsListed('shops');
    s.put('set-a');
    s.put('set-b');
    s.listed('set-a', 'set-b');
    return s;
  }

  test('decides without a target, also for an Application that was just seen', () => {
    const s = begun({}, 'Healthy', B);
    expect([s.standing, s.over]).toEqual([[DONE_A, `set-b: ${DONE}`], false]);
    s.set(rolling('Progressing', A));
    expect(s.over).toBe(false);
    s.set(rolling('Healthy', A));
    expect(s.over).toBe(true);
  });

  test('decides nothing with one', () => {
    expect(begun({ revision: A }, 'Healthy', B).over).toBe(true);
  });

  test('is not asked about: it is told', () => {
    const s = begun({ revision: B }, 'Waiting', B);
    s.put('set-b', { version: '9', revision: B, synced: A, sync: 'OutOfSync' });
    expect(s.standing[1]).toBe('set-b: step 2 of 2 of the RollingSync of ApplicationSet shops');
    expect(s.effects.map(({ kind }) => kind)).toEqual([]);
  });
});

describe('a RollingSync that is not followed', () => {
  const UNSYNCED: Look = { revision: B, synced: A, sync: 'OutOfSync' };
  const set = parseApplicationSet(
    setManifest({ steps: [''], rollout: [['shop', 'Waiting', '1', B]] }),
  );

  function waiting(policy: Partial<Policy> = {}) {
    const s = story({ applications: ['shop'], applicationSets: [], revision: B, policy });
    s.put('shop', UNSYNCED);
    s.listed('shop');
    return s;
  }
  const looked = (rollout: NonNullable<typeof NO_LOOKS.rollout>): WaitEvent => ({
    kind: 'looked',
    key: 'argocd/shop',
    uid: 'uid-of-argocd-shop',
    looks: { ...NO_LOOKS, rollout },
    final: false,
  });

  test('is looked at after 10 s, and every 10 s from then on', () => {
    const s = waiting();
    expect(s.standing).toEqual(['shop: an operation for bbbbbbbb']);
    s.at(10_000).hear({ kind: 'look', key: 'argocd/shop', at: 10_000 });
    expect(s.effects).toMatchObject([{ kind: 'look', at: 'applicationset' }]);
    const rollout = rolloutsOf(set)?.('shop') ?? 'none';
    s.hear(looked(rollout));
    expect(s.standing).toEqual(['shop: step 1 of 1 of the RollingSync of ApplicationSet shops']);
    expect(s.effects).toMatchObject([{ kind: 'later', ms: 10_000, event: { kind: 'look' } }]);
  });

  test('that there is none is enough to know once: then nobody syncs it', () => {
    const s = waiting();
    s.at(10_000).hear({ kind: 'look', key: 'argocd/shop', at: 10_000 });
    s.hear(looked('none'));
    expect(s.standing).toEqual([
      'shop: an operation for bbbbbbbb: auto-sync is off, so it has to be asked for',
    ]);
    expect(s.effects).toEqual([]);
    const strict = waiting({ ifNotAutomated: 'fail' });
    expect(strict.over).toBe(false);
    strict.at(10_000).hear({ kind: 'look', key: 'argocd/shop', at: 10_000 });
    strict.hear(looked('none'));
    expect(strict.standing).toEqual(['shop: failure/not-automated']);
  });
});
