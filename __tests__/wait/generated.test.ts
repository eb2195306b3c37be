import { describe, expect, test } from '@jest/globals';
import { parseApplicationSet } from '../../src/core/applicationset/parse.js';
import type { SetSeen } from '../../src/sources/inspector.js';
import type { KubeObject } from '../support/api/store.ts';
import { type Given, kid, type Story, story } from '../support/family-story.ts';
import { A, B, C, FINISHED, type Look, manifest } from '../support/manifest.ts';
import { type SetLook, setManifest } from '../support/set-manifest.ts';

const HOUR_LATER = Date.parse(FINISHED) + 3_600_000;
const BEFORE: Look = { revision: A, startedAt: '2026-11-21T06:00:00Z' };
const DONE: Look = { revision: B };
const RUNNING: Look = { revision: B, sync: 'OutOfSync', phase: 'Running', history: [] };
const FAILED: Look = { revision: B, sync: 'OutOfSync', phase: 'Failed', history: [] };
/** Another operation. */
const AGAIN: Look = {
  startedAt: '2026-11-21T07:00:06Z',
  finishedAt: '2026-11-21T07:00:09Z',
  reconciledAt: '2026-11-21T07:00:10Z',
};
const LONG_AGO = '2026-01-01T00:00:00Z';

const set = (name: string, more: object = {}) => kid(name, { kind: 'ApplicationSet', ...more });

/** An Application that lists ApplicationSets. */
const root = (look: Look = DONE, ...sets: readonly string[]): KubeObject =>
  manifest('root', { resources: (sets.length > 0 ? sets : ['shops']).map((n) => set(n)), ...look });

/** An Application that an ApplicationSet generated. */
function generated(name: string, look: Look = DONE, owner = 'shops'): KubeObject {
  const { metadata, ...rest } = manifest(name, look);
  const apiVersion = 'argoproj.io/v1alpha1';
  const ownerReferences = [{ apiVersion, kind: 'ApplicationSet', name: owner }];
  return { metadata: { ...metadata, ownerReferences }, ...rest };
}

function listed(objects: readonly KubeObject[], given: Given = {}): Story {
  const told = story({ server: HOUR_LATER, ...given });
  told.list(...objects);
  return told;
}

function reads(told: Story) {
  return told.takeEffects().flatMap((each) => (each.kind === 'read-set' ? [each] : []));
}

/** The ApplicationSets that are to be read. */
function asked(told: Story): readonly string[] {
  return reads(told).map((each) => each.set);
}

const REFUSED: SetSeen = { kind: 'unavailable', final: true, message: 'no', remedy: '' };
const FAULT: SetSeen = { ...REFUSED, final: false };

/** Answers all that was asked for. */
function answer(told: Story, of: SetLook | SetSeen | undefined): readonly string[] {
  const wanted = reads(told);
  for (const { key, set: id, operation } of wanted) {
    told.hear({ kind: 'set-read', key, set: id, operation, seen: seenAs(of, id) });
  }
  return wanted.map((each) => each.set);
}

function seenAs(of: SetLook | SetSeen | undefined, id: string): SetSeen {
  if (of === undefined) return { kind: 'seen' };
  if ('kind' in of) return of as SetSeen;
  const name = id.slice(id.indexOf('/') + 1);
  const look = { specWrittenAt: LONG_AGO, name, ...of } as SetLook;
  return { kind: 'seen', set: parseApplicationSet(setManifest(look)) };
}

/** Time passes until a verdict may change by itself. */
function recheck(told: Story, name: string): void {
  const at = told.verdictOf(name).recheckAt;
  if (at === undefined) throw new Error(`nothing changes ${name} by itself`);
  told.later(at - told.elapsed);
  told.hear({ kind: 'recheck', key: `argocd/${name}`, at });
}

describe('what an ApplicationSet generates that an Application manages', () => {
  test('is waited for, under that Application, and at its revision', () => {
    const told = listed([
      root(),
      generated('a', BEFORE),
      generated('b'),
      generated('c', DONE, 'x'),
    ]);
    expect(told.standing).toEqual([
      'root: ApplicationSet shops to generate its Applications for its present spec',
      expect.stringMatching(/^a: /),
      'b: root, which manages it',
    ]);
    expect(answer(told, { applications: ['a', 'b'] })).toEqual(['argocd/shops']);
    expect(told.over).toBe(false);
    told.put(generated('a'));
    expect(told.over).toBe(true);
    expect(told.results.map(({ application, parent }) => [application, parent])).toEqual([
      ['root', undefined],
      ['a', 'root'],
      ['b', 'root'],
    ]);
    expect(asked(told)).toEqual([]);
  });

  test('by the name and the namespace of the ApplicationSet', () => {
    const elsewhere = { namespace: 'team-a' };
    const told = listed(
      [
        manifest('root', { ...DONE, resources: [set('shops', elsewhere)] }),
        generated('a'),
        generated('b', { ...DONE, ...elsewhere }),
      ],
      { namespaces: ['argocd', 'team-a'] },
    );
    answer(told, { applications: ['b'], ...elsewhere });
    expect(told.standing).toEqual(['root: success/synced', 'team-a/b: success/synced']);
  });

  test('nothing is fine, and no request is made for an Application without ApplicationSets', () => {
    const none = listed([root()]);
    answer(none, { applications: [] });
    expect(none.standing).toEqual(['root: success/synced']);
    expect(asked(listed([manifest('root', DONE)]))).toEqual([]);
  });

  test('nothing is read before its manager is done otherwise', () => {
    const told = listed([root(RUNNING), generated('a')]);
    expect(asked(told)).toEqual([]);
    told.put(root());
    expect(asked(told)).toEqual(['argocd/shops']);
  });

  test('one that comes and one that goes', () => {
    const told = listed([root(), generated('a'), generated('old')]);
    answer(told, { applications: ['a', 'b'] });
    expect(told.verdictOf('root').what).toBe('an Application (b) of ApplicationSet shops to exist');
    told.put(generated('b', RUNNING));
    expect(told.standing).toContain('root: success/synced');
    told.gone('old');
    told.put(generated('late'));
    told.put(generated('b'));
    expect(told.standing.toSorted()).toEqual([
      'a: success/synced',
      'b: success/synced',
      'late: success/synced',
      'root: success/synced',
    ]);
    expect(told.over).toBe(true);
  });

  test('one that a list does not have any more', () => {
    const told = listed([root(RUNNING), generated('a'), generated('old', RUNNING)]);
    told.list(root(), generated('a'));
    answer(told, { applications: ['a'] });
    expect(told.standing).toEqual(['root: success/synced', 'a: success/synced']);
  });

  test('one that another owner takes over goes, and one that is taken over comes', () => {
    const told = listed([root(RUNNING), generated('a', BEFORE), generated('b', BEFORE, 'x')]);
    told.put(generated('a', BEFORE, 'x'));
    told.put(generated('b', BEFORE));
    expect([...told.known.waits.keys()]).toEqual(['argocd/root', 'argocd/b']);
  });

  test('one that is waited for already is at the revision of its new manager too', () => {
    const OTHER: Look = { repoURL: 'https://github.com/acme/other.git' };
    const told = listed([
      manifest('root', { ...RUNNING, resources: [kid('p'), kid('q')] }),
      manifest('p', { ...RUNNING, ...OTHER, resources: [kid('a')] }),
      manifest('q', { ...RUNNING, resources: [set('shops')] }),
      manifest('a', BEFORE),
    ]);
    const target = () => {
      const wait = told.known.waits.get('argocd/a');
      return wait?.kind === 'waiting' ? wait.state.target?.kind : undefined;
    };
    expect(target()).toBe('any');
    told.put(generated('a', BEFORE));
    expect(target()).toBe('revision');
  });

  test('one that is named keeps its name, and its absence counts', () => {
    const told = listed([root(RUNNING), generated('a', BEFORE)], { applications: ['root', 'a'] });
    told.gone('a');
    expect(told.standing).toContain('a: root, which manages it');
  });

  test('what those manage in turn, by ApplicationSets and without', () => {
    const told = listed([
      root(),
      generated('a', { ...DONE, resources: [kid('deep'), set('inner'), set('shops')] }),
      manifest('deep', DONE),
      generated('b', DONE, 'inner'),
    ]);
    answer(told, { applications: ['a'] });
    expect(answer(told, { applications: [] })).toEqual(['argocd/inner', 'argocd/shops']);
    expect(told.standing.toSorted()).toEqual([
      'a: success/synced',
      'b: success/synced',
      'deep: success/synced',
      'root: success/synced',
    ]);
  });

  test('what a done Application takes back goes', () => {
    const told = listed([root(DONE, 'shops', 'more'), generated('a', RUNNING, 'more')]);
    answer(told, { applications: [] });
    expect(told.over).toBe(false);
    told.put(root({ revision: C }, 'shops'));
    expect(told.standing).toEqual(['root: success/synced']);
  });

  test('one that is listed again stands as it did', () => {
    const told = listed(
      [
        manifest('top', { ...RUNNING, resources: [kid('root')] }),
        root(RUNNING),
        generated('a', FAILED),
      ],
      { applications: ['top'], failFast: false },
    );
    told.put(manifest('top', { ...DONE, resources: [kid('root')] }));
    answer(told, { applications: ['a'] });
    expect(told.standing).toContain('a: failure/sync-failed');
    told.put(root({ ...RUNNING, resources: [set('x')] }));
    expect(told.standing).not.toContain('a: failure/sync-failed');
    told.put(root(RUNNING));
    expect(told.standing).toContain('a: failure/sync-failed');
  });
});

describe('an Application is not done before its ApplicationSets are', () => {
  const GENERATE = 'ApplicationSet shops to generate its Applications';
  test.each<[string, SetLook | undefined, string]>([
    ['not reconciled yet', { state: 'none' }, `${GENERATE} for its present spec`],
    ['generating', { state: 'generating' }, `${GENERATE} for its present spec`],
    ['to be refreshed', { refreshing: true }, `${GENERATE} for its present spec`],
    [
      'with an error',
      { state: { error: 'no such branch' } },
      `${GENERATE} (ApplicationValidationError)`,
    ],
    ['gone', undefined, 'ApplicationSet shops to exist'],
    ['being deleted', { deleting: true }, 'ApplicationSet shops to exist'],
    [
      'listing Applications that are not there',
      { applications: ['a', ...'bcdefgh'] },
      '7 Applications (b, c, d, e, f and 2 more) of ApplicationSet shops to exist',
    ],
  ])('%s: it is read again until it is well', (_, look, what) => {
    const told = listed([root(), generated('a')]);
    answer(told, look);
    expect(told.verdictOf('root').what).toBe(what);
    expect(asked(told)).toEqual([]);
    recheck(told, 'root');
    answer(told, { applications: ['a'] });
    // What was wrong a moment ago may be older on the other watch.
    if (told.standing[0]?.startsWith('root: Appl')) {
      recheck(told, 'root');
      answer(told, { applications: ['a'] });
    }
    expect(told.standing).toEqual(['root: success/synced', 'a: success/synced']);
  });

  test.each<[string, SetLook]>([
    ['by the record of who wrote it', { generation: 2 }],
    ['of a first spec too: it may list nothing yet', { generation: 1, applications: [] }],
  ])('a spec that was written just now is not believed, %s', (_, look) => {
    const told = listed([root()]);
    const specWrittenAt = new Date(HOUR_LATER - 4000).toISOString();
    answer(told, { applications: [], ...look, specWrittenAt });
    expect(told.over).toBe(false);
    const { recheckAt = 0 } = told.verdictOf('root');
    expect(recheckAt - told.elapsed).toBeGreaterThan(5000);
    expect(recheckAt - told.elapsed).toBeLessThanOrEqual(6000);
    recheck(told, 'root');
    answer(told, { applications: [], ...look, specWrittenAt });
    expect(told.over).toBe(true);
  });

  test('without such a record, the last sync of its manager tells how old it is', () => {
    const old = listed([root()]);
    answer(old, { generation: 2, specWrittenAt: '', applications: [] });
    expect(old.over).toBe(true);
    const young = listed([root()], { server: Date.parse(FINISHED) + 2000 });
    answer(young, { generation: 2, specWrittenAt: '', applications: [] });
    expect(young.over).toBe(false);
    recheck(young, 'root');
    answer(young, { generation: 2, specWrittenAt: '', applications: [] });
    expect(young.over).toBe(true);
  });

  test('a spec that changes in between is younger', () => {
    const told = listed([root()]);
    answer(told, { generation: 2, state: 'generating' });
    told.later(60_000);
    told.put(root());
    const specWrittenAt = new Date(HOUR_LATER + 60_000).toISOString();
    answer(told, { generation: 3, specWrittenAt });
    expect(told.verdictOf('root').recheckAt).toBeGreaterThan(told.elapsed + 5000);
  });

  test('another operation of its manager may have written another spec', () => {
    const told = listed([root(DONE, 'shops', 'more')]);
    const [first, second] = reads(told);
    if (!first || !second) throw new Error('both are read');
    told.hear({ ...first, kind: 'set-read', seen: seenAs({ applications: [] }, first.set) });
    told.put(root({ ...DONE, ...AGAIN }, 'shops', 'more'));
    told.hear({ ...second, kind: 'set-read', seen: seenAs({ applications: [] }, second.set) });
    const again = reads(told);
    expect(again.map((each) => each.set)).toEqual(['argocd/shops', 'argocd/more']);
    for (const each of again) {
      expect(told.over).toBe(false);
      told.hear({ ...each, kind: 'set-read', seen: seenAs({ applications: [] }, each.set) });
    }
    expect(told.over).toBe(true);
  });

  test('one that cannot be read is believed 10 s after the last sync of its manager', () => {
    const late = listed([root(), generated('a')]);
    answer(late, REFUSED);
    expect(late.over).toBe(true);
    const early = listed([root(), generated('a')], { server: Date.parse(FINISHED) + 4000 });
    answer(early, REFUSED);
    expect(early.over).toBe(false);
    recheck(early, 'root');
    expect(early.over).toBe(true);
    expect(asked(early)).toEqual([]);
  });

  test('nor is it asked for again after another operation', () => {
    const told = listed([root()], { server: Date.parse(FINISHED) + 4000 });
    answer(told, REFUSED);
    told.put(root({ ...DONE, ...AGAIN }));
    expect(asked(told)).toEqual([]);
    recheck(told, 'root');
    expect(told.over).toBe(true);
  });

  test('a fault is none, unless it stays', () => {
    const told = listed([root(), generated('a')]);
    for (const _ of [1, 2]) {
      answer(told, FAULT);
      expect(told.over).toBe(false);
      recheck(told, 'root');
    }
    answer(told, FAULT);
    expect(told.over).toBe(true);
  });

  test('what cannot be made out is as one that cannot be read', () => {
    const told = listed([root(), generated('a')]);
    const object = { ...setManifest({}), status: { conditions: 'none' } };
    answer(told, { kind: 'seen', set: parseApplicationSet(object) });
    expect(told.over).toBe(true);
  });

  test('in a namespace that is not watched the step cannot follow it', () => {
    const told = listed([
      manifest('root', { ...DONE, resources: [set('shops', { namespace: 'team-a' })] }),
    ]);
    expect(told.standing).toEqual(['root: failure/invalid-input']);
    // The rule decides which remedy is told.
    expect(told.results[0]?.rule).toBe('out-of-sight');
    expect(told.results[0]?.message).toContain("application-namespace: '*'");
  });

  test('with wait-for: nothing none is read', () => {
    const told = listed([root(), generated('a', RUNNING)], { policy: { waitFor: ['nothing'] } });
    expect(told.over).toBe(true);
    expect(asked(told)).toEqual([]);
  });
});

describe('a generated Application that fails', () => {
  const PROGRESSING: Look = { ...DONE, health: 'Progressing' };

  test('fails while its manager waits for it, once its ApplicationSet is up to date', () => {
    const told = listed([root(PROGRESSING), generated('a', BEFORE)]);
    told.put(generated('a', FAILED));
    expect(told.over).toBe(false);
    answer(told, { applications: ['a'] });
    expect(told.standing).toContain('a: failure/sync-failed');
    expect(told.over).toBe(true);
  });

  test('not before: what failed may be of the spec before', () => {
    const told = listed([root(PROGRESSING), generated('a', FAILED)]);
    const specWrittenAt = new Date(HOUR_LATER).toISOString();
    answer(told, { applications: ['a'], generation: 2, specWrittenAt });
    expect(told.standing).toContain('a: root, which manages it');
    told.put(generated('a', DONE));
    told.put(root());
    recheckUntilRead(told);
    expect(told.over).toBe(true);
  });

  function recheckUntilRead(told: Story): void {
    recheck(told, 'root');
    answer(told, { applications: ['a'], generation: 2 });
  }

  test('not while its manager is still to be synced', () => {
    const told = listed([root(BEFORE), generated('a', FAILED)]);
    expect(asked(told)).toEqual([]);
    expect(told.standing).toContain('a: root, which manages it');
  });
});
