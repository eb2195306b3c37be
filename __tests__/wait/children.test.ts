import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../support/api/store.ts';
import { type Given, keyOfObject, kid, type Story, story } from '../support/family-story.ts';
import { loadFan, objectsAt } from '../support/fan.ts';
import { A, B, C, FINISHED, type Look, manifest } from '../support/manifest.ts';

/** `CLASS group/Kind/namespace/name` of what changed, by Application. */
function changesOf({ results }: Story): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    results.map(({ application, changes }) => [
      application,
      changes
        .filter(({ change }) => !['unchanged', 'hook'].includes(change))
        .map((each) => `${each.change} ${each.group}/${each.kind}/${each.namespace}/${each.name}`)
        .sort(),
    ]),
  );
}

describe('the recording of an app of apps', () => {
  const fan = loadFan('app-of-apps');
  const expected = Object.fromEntries(
    Object.entries(fan.expect).map(([name, changes]) => [name, changes.toSorted()]),
  );
  const revision = { kind: 'revision', text: fan.revision } as const;

  function played(startAt: number, dropped: (i: number) => boolean = () => false) {
    const told = story({ revision });
    told.list(...objectsAt(fan, startAt));
    const missed = new Set<string>();
    const rest = fan.events.filter(({ t }) => t > startAt);
    for (const [i, { t, object }] of rest.entries()) {
      if (told.over) return { told, at: t, left: rest.length - i };
      const { name } = object.metadata;
      const isLast = rest.slice(i + 1).every((each) => each.object.metadata.name !== name);
      if (dropped(i) && !isLast) missed.add(name);
      else {
        const gap = missed.delete(name);
        told.put(object, gap);
        const present = new Set(objectsAt(fan, t).map(keyOfObject));
        if (gap) told.hear({ kind: 'listed', present });
      }
    }
    return { told, at: fan.events.at(-1)?.t, left: 0 };
  }

  test('watched: over with the last child, and all changes are known', () => {
    const { told, left } = played(0);
    expect({ over: told.over, left, standing: told.standing }).toEqual({
      over: true,
      left: 0,
      standing: [
        'root: success/synced',
        'kid-a: success/synced',
        'kid-b: success/no-change',
        'kid-c: success/synced',
      ],
    });
    expect(changesOf(told)).toEqual(expected);
    expect(told.results.every(({ evidence }) => evidence === 'complete')).toBe(true);
    expect(told.results.map(({ application, parent }) => [application, parent])).toEqual([
      ['root', undefined],
      ['kid-a', 'root'],
      ['kid-b', 'root'],
      ['kid-c', 'root'],
    ]);
  });

  test.each([...new Set(fan.events.map(({ t }) => t))])('begun at %s ms', (startAt) => {
    const { told, left } = played(startAt);
    expect({ over: told.over, left }).toEqual({ over: true, left: 0 });
    expect(changesOf(told)).toMatchObject({ 'kid-b': [] });
    expect(told.standing.every((each) => each.includes('success/'))).toBe(true);
    expect(told.results).toHaveLength(4);
  });

  test.each([2, 3, 5, 7])('with a gap at every event but each %sth', (n) => {
    const { told } = played(0, (i) => i % n !== 0);
    expect(told.over).toBe(true);
    expect(told.standing.every((each) => each.includes('success/'))).toBe(true);
  });
});

const managing = (...names: readonly string[]): Look => ({ resources: names.map((n) => kid(n)) });
/** What everything is before the commit `B`. */
const BEFORE: Look = { revision: A, startedAt: '2026-11-21T06:00:00Z' };
const DONE: Look = { revision: B };
/** Compared with `B` and syncing it. */
const RUNNING: Look = { revision: B, sync: 'OutOfSync', phase: 'Running', history: [] };
const FAILED: Look = { revision: B, sync: 'OutOfSync', phase: 'Failed', history: [] };
/** An Application that follows a chart. */
const CHART: Look = {
  repoURL: 'https://charts.example.com',
  targetRevision: '1.*',
  revision: '1.2.3',
  startedAt: '2026-11-21T05:00:00Z',
  finishedAt: '2026-11-21T05:00:05Z',
};
const CREATED = [
  { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
].map((each) => ({ ...each, status: 'Synced', message: 'deployment.apps/web created' }));

/** A wait that has seen a list. */
function listed(objects: readonly KubeObject[], given: Given = {}): Story {
  const told = story(given);
  told.list(...objects);
  return told;
}

describe('which Applications are waited for', () => {
  test('those that a parent manages, at any depth, and each once', () => {
    const told = listed([
      manifest('root', { ...DONE, ...managing('a', 'b') }),
      manifest('a', { ...DONE, ...managing('c') }),
      manifest('b', { ...DONE, ...managing('c', 'd') }),
      manifest('c', DONE),
      manifest('d', DONE),
      manifest('stranger', FAILED),
    ]);
    expect(told.over).toBe(true);
    expect(told.results.map(({ application, parent }) => [application, parent])).toEqual([
      ['root', undefined],
      ['a', 'root'],
      ['c', 'a'],
      ['b', 'root'],
      ['d', 'b'],
    ]);
  });

  test.each<[string, readonly KubeObject[], readonly string[]]>([
    ['itself', [manifest('root', { ...DONE, ...managing('root') })], ['root']],
    [
      'the one that manages it',
      [
        manifest('root', { ...DONE, ...managing('a') }),
        manifest('a', { ...DONE, ...managing('root') }),
      ],
      ['root', 'a'],
    ],
    [
      'each other',
      [
        manifest('root', { ...DONE, ...managing('a', 'b') }),
        manifest('a', { ...DONE, ...managing('b') }),
        manifest('b', { ...DONE, ...managing('a') }),
      ],
      ['root', 'a', 'b'],
    ],
  ])('an Application that manages %s does not hold it up', (_, objects, names) => {
    const told = listed(objects);
    expect(told.over).toBe(true);
    expect(told.results.map(({ application }) => application)).toEqual(names);
  });

  test.each<[string, object]>([
    ['a hook', { hook: true }],
    ['what left Git', { requiresPruning: true }],
    ['of another group', { group: 'app.k8s.io' }],
  ])('not %s', (_, more) => {
    const root = manifest('root', { ...DONE, resources: [kid('a', more)] });
    expect(listed([root, manifest('a', FAILED)]).standing).toEqual(['root: success/synced']);
  });

  test('not what a parent deploys to another cluster', () => {
    const destination = { server: 'https://spoke.example.com', namespace: 'argocd' };
    const root = manifest('root', { ...DONE, destination, ...managing('a') });
    expect(listed([root, manifest('a', FAILED)]).standing).toEqual(['root: success/synced']);
  });

  test('those of the Applications that a selector names, by labels that the server does not select', () => {
    const told = listed(
      [
        manifest('root', { ...DONE, ...managing('a'), labels: { tier: 'root' } }),
        manifest('a', DONE),
        manifest('other', FAILED),
      ],
      { applications: [], selector: 'tier=root' },
    );
    expect(told.standing).toEqual(['root: success/synced', 'a: success/synced']);
  });

  test('one that is named and managed has the target of its name, and the place below its parent', () => {
    const told = listed([manifest('root', { ...DONE, ...managing('a') }), manifest('a', DONE)], {
      applications: ['a', 'root'],
    });
    expect(told.results.map(({ application, parent }) => [application, parent])).toEqual([
      ['root', undefined],
      ['a', 'root'],
    ]);
  });

  test('one in a namespace that is not watched ends the wait, and says so', () => {
    const resources = [kid('a', { namespace: 'team-a' })];
    const told = listed([manifest('root', { ...BEFORE, resources })]);
    expect(told.over).toBe(true);
    expect(told.results.map(({ rule, message }) => [rule, message])).toEqual([
      ['out-of-sight', expect.stringContaining('does not look at Applications in its namespace')],
    ]);
    const all = listed([manifest('root', { ...BEFORE, resources })], {
      namespaces: ['argocd', 'team-a'],
    });
    expect(all.over).toBe(false);
  });
});

describe('what comes and goes in the middle of the wait', () => {
  const before = [
    manifest('root', { ...BEFORE, ...managing('a', 'old') }),
    manifest('a', BEFORE),
    manifest('old', BEFORE),
  ];

  test('a child that only the last state of its parent lists', () => {
    const told = listed([manifest('root', { ...BEFORE, ...managing('a') }), manifest('a', BEFORE)]);
    told.put(manifest('a', DONE));
    told.put(manifest('new', { phase: '', sync: '', health: '', revision: '' }));
    told.put(manifest('root', { ...DONE, ...managing('a', 'new') }));
    expect(told.over).toBe(false);
    expect(told.standing).toContain('a: success/synced');
    told.put(manifest('new', RUNNING));
    told.put(manifest('new', { ...DONE, results: CREATED }));
    expect(told.over).toBe(true);
    expect(changesOf(told)).toMatchObject({ new: ['created apps/Deployment/shop/web'] });
    expect(told.results.at(-1)?.evidence).toBe('complete');
  });

  test('of one that came before it was listed, everything is known since it came', () => {
    const told = listed([manifest('root', BEFORE)]);
    told.put(manifest('new', { phase: '', sync: '', health: '', revision: '' }));
    told.put(manifest('new', { ...RUNNING, results: CREATED }));
    const results = CREATED.map((each) => ({ ...each, message: 'web is healthy' }));
    told.put(manifest('new', { ...DONE, results }));
    told.put(manifest('root', { ...DONE, ...managing('new') }));
    expect(changesOf(told)).toMatchObject({ new: ['created apps/Deployment/shop/web'] });
    expect(told.results[1]?.evidence).toBe('complete');
  });

  test('a child that is listed and does not exist yet is waited for', () => {
    const resources = [kid('new', { status: 'OutOfSync' })];
    const told = listed([manifest('root', { ...RUNNING, resources })]);
    expect(told.standing[1]).toBe('new: Argo CD to create it');
    told.put(manifest('root', { ...DONE, ...managing('new') }));
    expect(told.standing).toEqual(['root: success/synced', 'new: Argo CD to create it']);
    expect(told.over).toBe(false);
    // It has the commit of its parent to reach, though that is done.
    told.put(manifest('new', BEFORE));
    expect(told.over).toBe(false);
    told.put(manifest('new', DONE));
    expect(told.over).toBe(true);
  });

  test.each<[string, (told: Story, root: KubeObject) => void]>([
    [
      'is deleted before its parent says so',
      (told, root) => {
        told.gone('old');
        expect(told.standing).toContain('old: Argo CD to create it again');
        told.put(root);
      },
    ],
    [
      'is no longer listed before it is deleted',
      (told, root) => {
        told.put(root);
        told.gone('old');
      },
    ],
    [
      'is to be pruned',
      (told, root) => {
        const resources = [kid('a'), kid('old', { status: 'OutOfSync', requiresPruning: true })];
        told.put(manifest('root', { ...RUNNING, resources }));
        expect(told.standing.some((each) => each.startsWith('old'))).toBe(false);
        told.gone('old');
        told.put(root);
      },
    ],
  ])('a child that is pruned goes, where it %s', (_, happens) => {
    const told = listed(before);
    happens(told, manifest('root', { ...DONE, ...managing('a') }));
    told.put(manifest('a', DONE));
    expect(told.over).toBe(true);
    expect(told.standing).toEqual(['root: success/synced', 'a: success/synced']);
  });

  test('what an Application of an ApplicationSet manages goes with it', () => {
    const owners = [{ kind: 'ApplicationSet', name: 'shops' }];
    const { metadata, ...rest } = manifest('a', { ...DONE, ...managing('kid') });
    const generated = { metadata: { ...metadata, ownerReferences: owners }, ...rest };
    const told = listed([generated, manifest('kid', BEFORE)], { applicationSets: ['shops'] });
    const keys = () => [...told.known.waits.keys()].filter((key) => /\/(?:a|kid)$/.test(key));
    expect(keys()).toEqual(['argocd/a', 'argocd/kid']);
    told.gone('a');
    expect(keys()).toEqual([]);
  });

  test('what a pruned child manages goes with it', () => {
    const told = listed([
      manifest('root', { ...BEFORE, ...managing('old') }),
      manifest('old', { ...BEFORE, ...managing('deep', 'old') }),
      manifest('deep', { ...BEFORE, ...managing('old') }),
    ]);
    told.put(manifest('root', DONE));
    expect(told.standing).toEqual(['root: success/synced']);
    expect(told.over).toBe(true);
  });

  test('an answer about a child that has gone does not bring it back', () => {
    const told = listed(before);
    told.put(manifest('root', { ...DONE, ...managing('a') }));
    const answer = { kind: 'relation', revision: A, relation: 'other' } as const;
    told.hear({ kind: 'answered', key: 'argocd/old', question: A, answer });
    expect(told.known.waits.has('argocd/old')).toBe(false);
  });

  test('what a parent takes back after its end goes too; what it adds then is not waited for', () => {
    const told = listed(before);
    told.put(manifest('root', { ...DONE, ...managing('a', 'old') }));
    told.put(manifest('root', { revision: C, ...managing('a', 'later') }));
    expect(told.standing).toEqual(['root: success/synced', expect.stringMatching(/^a: /)]);
  });

  test.each<[string, readonly object[]]>([
    ['all to be pruned', [kid('a', { status: 'Unknown', requiresPruning: true })]],
    ['nothing', []],
  ])('a comparison that fails and lists %s takes no child away', (_, resources) => {
    const told = listed([manifest('root', { ...DONE, ...managing('a') }), manifest('a', RUNNING)]);
    const conditions = [{ type: 'ComparisonError', message: 'repository not accessible' }];
    told.put(manifest('root', { ...DONE, sync: 'Unknown', conditions, resources }));
    expect(told.over).toBe(false);
    told.put(manifest('a', DONE));
    expect(told.standing).toEqual(['root: success/synced', 'a: success/synced']);
  });

  describe('a child that is not listed for a while', () => {
    const without = manifest('root', { ...RUNNING, resources: [] });
    const listing = manifest('root', { ...RUNNING, resources: [kid('a')] });

    test.each<[string, Look, string]>([
      ['is waited for as before', RUNNING, 'a: the operation for bbbbbbbb to end'],
      ['has failed as before', FAILED, 'a: failure/sync-failed'],
    ])('%s', (_, look, standing) => {
      const told = listed([listing, manifest('a', look)], { failFast: false });
      expect(told.standing[1]).toBe(standing);
      told.put(without);
      expect(told.standing).toHaveLength(1);
      told.put(listing);
      expect(told.standing[1]).toBe(standing);
    });

    test.each<[string, (told: Story) => void, string]>([
      ['has changed', (told) => told.put(manifest('a', RUNNING)), 'a: the operation for'],
      ['was deleted', (told) => told.gone('a'), 'a: Argo CD to create it'],
      [
        'is not in a new list',
        (told) => told.hear({ kind: 'listed', present: new Set(['argocd/root']) }),
        'a: Argo CD to create it',
      ],
    ])('is as it is now where it %s meanwhile', (_, happens, standing) => {
      const told = listed([listing, manifest('a', FAILED)], { failFast: false });
      told.put(without);
      happens(told);
      told.put(listing);
      expect(told.standing[1]).toContain(standing);
    });
  });

  test('a list that does not have a child any more', () => {
    const told = listed(before);
    told.list(manifest('root', { ...DONE, ...managing('a') }), manifest('a', DONE));
    expect(told.over).toBe(true);
    expect([...told.known.strangers]).toEqual([]);
  });
});

describe('when the end of a child counts', () => {
  test('once each of its parents is done', () => {
    const told = listed([
      manifest('root', { ...BEFORE, ...managing('a') }),
      manifest('a', { ...DONE, ...managing('b') }),
      manifest('b', DONE),
    ]);
    expect(told.standing.slice(1)).toEqual(['a: root, which manages it', 'b: a, which manages it']);
    told.put(manifest('root', { ...DONE, ...managing('a') }));
    expect(told.over).toBe(true);
  });

  test('a child that is well is not done while its parent may still change it', () => {
    const told = listed([manifest('root', { ...RUNNING, ...managing('a') }), manifest('a', DONE)]);
    told.put(manifest('a', RUNNING));
    told.put(manifest('root', { ...DONE, ...managing('a') }));
    expect(told.over).toBe(false);
    told.put(manifest('a', DONE));
    expect(told.over).toBe(true);
  });

  test('also of what a named one manages, whose own parent is listed last', () => {
    const told = listed(
      [
        manifest('a', { ...DONE, ...managing('b') }),
        manifest('b', DONE),
        manifest('root', { ...DONE, ...managing('a') }),
      ],
      { applications: ['a', 'root'] },
    );
    expect(told.standing).toEqual([
      'a: success/synced',
      'root: success/synced',
      'b: success/synced',
    ]);
  });

  test('and not before the list is complete, which may have its parents', () => {
    const told = story({ applications: ['a', 'root'] });
    told.put(manifest('a', DONE));
    expect(told.standing).toEqual(['a: the complete list of Applications']);
    told.list(manifest('a', DONE), manifest('root', { ...BEFORE, ...managing('a') }));
    expect(told.standing[0]).toBe('a: root, which manages it');
  });

  test('a failure ends the wait at once where the parent has written the child already', () => {
    const resources = [kid('a'), kid('b', { status: 'OutOfSync' })];
    const told = listed([manifest('root', { ...RUNNING, resources }), manifest('a', RUNNING)]);
    told.put(manifest('a', FAILED));
    expect(told.over).toBe(true);
    expect(told.standing[1]).toBe('a: failure/sync-failed');
  });

  test('a failure of what the parent is about to change does not', () => {
    const resources = [kid('a', { status: 'OutOfSync' })];
    const told = listed([manifest('root', { ...RUNNING, resources }), manifest('a', FAILED)]);
    expect(told.over).toBe(false);
    expect(told.standing[1]).toBe('a: root, which manages it');
    told.put(manifest('root', { ...RUNNING, results: [kid('a')], resources }));
    expect(told.standing[1]).toBe('a: failure/sync-failed');
  });

  test.each(['before', 'after'])(
    'what took the place of the commit in its parent does so in a child that was seen %s, without a question',
    (when) => {
      const times = { startedAt: '2026-11-21T07:01:00Z', finishedAt: '2026-11-21T07:01:05Z' };
      const later = { revision: C, ...times, reconciledAt: '2026-11-21T07:01:07Z' };
      const told = listed([
        manifest('root', { ...BEFORE, ...managing('a') }),
        manifest('a', BEFORE),
      ]);
      told.put(manifest('root', { ...RUNNING, ...managing('a') }));
      if (when === 'before') told.put(manifest('a', later));
      told.put(manifest('root', { ...later, ...managing('a') }));
      if (when === 'after') told.put(manifest('a', later));
      expect(told.standing).toEqual(['root: success/superseded', 'a: success/superseded']);
    },
  );

  test('with fail-fast: false the others are waited for', () => {
    const told = listed(
      [
        manifest('root', { ...DONE, ...managing('a', 'b') }),
        manifest('a', FAILED),
        manifest('b', RUNNING),
      ],
      { failFast: false },
    );
    expect(told.over).toBe(false);
    told.put(manifest('b', DONE));
    expect(told.standing).toEqual([
      'root: success/synced',
      'a: failure/sync-failed',
      'b: success/synced',
    ]);
  });

  describe('with fail-fast: false, of what a parent that failed did not create', () => {
    const given: Given = { failFast: false };
    const lists = managing('a', 'new');
    const failed = manifest('root', { ...FAILED, ...lists });

    test.each<[string, readonly KubeObject[]]>([
      ['seen from its operation on', [manifest('root', { ...RUNNING, ...lists }), failed]],
      ['that had failed before', [failed]],
    ])('%s, nothing is waited for', (_, [first, ...rest]) => {
      const told = listed([first ?? failed, manifest('a', DONE)], given);
      for (const each of rest) told.put(each);
      expect({ over: told.over, standing: told.standing }).toEqual({
        over: true,
        standing: ['root: failure/sync-failed', 'a: success/synced', 'new: failure/missing'],
      });
      expect(told.results.at(-1)).toMatchObject({
        parent: 'root',
        rule: 'not-created',
        message: expect.stringContaining('root failed before creating it'),
      });
    });

    test('one that was deleted is not waited for either', () => {
      const told = listed([manifest('root', { ...RUNNING, ...lists }), manifest('a', DONE)], given);
      told.put(manifest('new', RUNNING));
      told.gone('new');
      expect(told.standing[2]).toBe('new: Argo CD to create it again');
      told.put(failed);
      expect(told.standing[2]).toBe('new: failure/missing');
    });

    test('what exists is waited for', () => {
      const told = listed([failed, manifest('a', RUNNING), manifest('new', RUNNING)], given);
      expect(told.over).toBe(false);
      for (const name of ['a', 'new']) told.put(manifest(name, DONE));
      expect(told.standing.slice(1)).toEqual(['a: success/synced', 'new: success/synced']);
    });

    test('all is waited for while its operation is retried, and nothing from then on', () => {
      const policy = { retries: 'fail' } as const;
      const running = manifest('root', { ...RUNNING, ...lists });
      const status = running['status'] as { readonly operationState: object };
      const operationState = { ...status.operationState, retryCount: 1 };
      const retrying = { ...running, status: { ...status, operationState } };
      const told = listed([retrying, manifest('a', DONE)], { ...given, policy });
      expect(told.standing).toEqual([
        'root: failure/sync-failed',
        'a: success/synced',
        'new: Argo CD to create it',
      ]);
      told.put(failed);
      expect(told.standing[2]).toBe('new: failure/missing');
    });

    test('what another one lists is waited for while that may create it', () => {
      const other = (look: Look) => manifest('other', { ...look, ...managing('new') });
      const two = { ...given, applications: ['root', 'other'] };
      const told = listed([failed, manifest('a', DONE), other(RUNNING)], two);
      expect(told.standing).toContain('new: Argo CD to create it');
      told.put(other(FAILED));
      expect(told.standing).toContain('new: failure/missing');
      expect(told.results.at(-1)?.message).toContain('root, other failed before creating it');
    });

    test('nothing is decided before the list is complete that may have it', () => {
      const told = listed([manifest('root', { ...RUNNING, ...lists }), manifest('a', DONE)], given);
      told.put(failed, true);
      expect(told.standing[2]).toBe('new: the complete list of Applications');
      told.put(manifest('new', RUNNING), true);
      told.hear({
        kind: 'listed',
        present: new Set(['root', 'a', 'new'].map((n) => `argocd/${n}`)),
      });
      expect(told.standing[2]).not.toContain('failure');
    });
  });

  test('with fail-fast, what a parent that failed did not create ends with the wait', () => {
    const told = listed([manifest('root', { ...FAILED, ...managing('new') })]);
    expect(told.over).toBe(true);
    expect(told.standing[1]).toBe('new: Argo CD to create it');
  });

  test('a parent that does not exist is missing', () => {
    expect(listed([manifest('other', DONE)]).standing).toEqual(['root: failure/missing']);
  });
});

describe('a child that follows something else than its parent', () => {
  const compared = { ...CHART, targetRevision: '2.*', revision: '2.0.0' };
  /** The parent has changed what it follows, and Argo CD has not looked at it yet. */
  function respecified(look: Look): KubeObject {
    const object = manifest('chart', look);
    const source = { ...sourceIn(object), targetRevision: '2.*' };
    return { ...object, spec: { ...(object['spec'] as object), source } };
  }
  const sourceIn = (object: KubeObject) => (object['spec'] as { source: object }).source;
  const parent = (look: Look) => manifest('root', { ...look, ...managing('chart') });

  test('and that the parent leaves as it is has no change', () => {
    const look = { ...CHART, results: CREATED, resources: CREATED };
    const told = listed([parent(BEFORE), manifest('chart', look)]);
    told.put(parent(DONE));
    expect(told.standing).toEqual(['root: success/synced', 'chart: success/no-change']);
    expect(changesOf(told)).toMatchObject({ chart: [] });
    expect(told.results.map(({ message }) => message)[1]).toContain('it needed no operation');
  });

  test('is over once it was compared with the spec that the parent wrote, and synced', () => {
    const told = listed([parent(BEFORE), manifest('chart', CHART)]);
    told.put(parent(RUNNING));
    told.put(respecified(CHART));
    told.put(parent(DONE));
    expect(told.standing[1]).toBe('chart: Argo CD to compare it with its present spec');
    told.put(manifest('chart', { ...compared, sync: 'OutOfSync', synced: '1.2.3' }));
    expect(told.over).toBe(false);
    const times = { startedAt: '2026-11-21T07:00:06Z', finishedAt: '2026-11-21T07:00:07Z' };
    told.put(manifest('chart', { ...compared, ...times, sync: 'OutOfSync', phase: 'Running' }));
    const reconciledAt = '2026-11-21T07:00:09Z';
    told.put(manifest('chart', { ...compared, ...times, reconciledAt, results: CREATED }));
    expect(told.standing).toEqual(['root: success/synced', 'chart: success/synced']);
    expect(changesOf(told)).toMatchObject({ chart: ['created apps/Deployment/shop/web'] });
  });

  describe('and comes after its parent in a list', () => {
    function missedAll(): Story {
      const told = listed([parent(BEFORE), manifest('chart', CHART)]);
      told.put(parent(DONE), true);
      expect(told.standing[1]).toBe('chart: the complete list of Applications');
      return told;
    }

    test('is not done as it was before', () => {
      const told = missedAll();
      told.put(respecified(CHART), true);
      told.hear({ kind: 'listed', present: new Set(['argocd/root', 'argocd/chart']) });
      expect(told.standing[1]).toBe('chart: Argo CD to compare it with its present spec');
    });

    test('or did not change, is done with the list', () => {
      const told = missedAll();
      told.hear({ kind: 'listed', present: new Set(['argocd/root', 'argocd/chart']) });
      expect(told.standing[1]).toBe('chart: success/no-change');
    });

    test('or in a stream that does not say where it ends, is done after a while', () => {
      const told = missedAll();
      const { recheckAt: at = 0 } = told.verdictOf('chart');
      told.later(at);
      told.hear({ kind: 'recheck', key: 'argocd/chart', at });
      expect(told.standing[1]).toBe('chart: success/no-change');
    });
  });

  test('and is named as well is not done with the spec before', () => {
    const told = listed([parent(BEFORE), manifest('chart', CHART)], {
      applications: ['root', 'chart'],
      revision: { kind: 'auto' },
    });
    told.put(parent(RUNNING));
    told.put(respecified(CHART));
    told.put(parent(DONE));
    expect(told.standing[1]).toBe('chart: Argo CD to compare it with its present spec');
    const times = { startedAt: '2026-11-21T07:00:06Z', finishedAt: '2026-11-21T07:00:07Z' };
    told.put(manifest('chart', { ...compared, ...times, reconciledAt: '2026-11-21T07:00:09Z' }));
    expect(told.standing).toEqual(['root: success/synced', 'chart: success/synced']);
  });

  test('seen late, it has the changes since its parent began, and no older ones', () => {
    const began = { startedAt: '2026-11-21T07:00:01Z', finishedAt: '2026-11-21T07:00:05Z' };
    const fresh = manifest('chart', { ...CHART, ...began, results: CREATED });
    const told = listed([parent(DONE), fresh]);
    expect(told.over).toBe(true);
    expect(changesOf(told)).toMatchObject({ chart: ['created apps/Deployment/shop/web'] });
  });

  test('and failed with its former spec may still succeed', () => {
    const failed = { ...CHART, phase: 'Failed', sync: 'OutOfSync', history: [] };
    const told = listed([parent(RUNNING), respecified(failed)]);
    told.put(parent(DONE));
    expect(told.over).toBe(false);
    // Compared with the present one; auto-sync comes next.
    const object = respecified(failed);
    const status = object['status'] as { sync: object };
    const sync = { ...status.sync, comparedTo: { source: sourceIn(object) } };
    told.put({ ...object, status: { ...status, sync } });
    expect(told.over).toBe(false);
    expect(told.standing[1]).toContain('Synced');
  });

  test('and fails at its own revision fails the wait, once its parent is done', () => {
    const failed = { ...CHART, phase: 'Failed', sync: 'OutOfSync', history: [] };
    const told = listed([parent(RUNNING), manifest('chart', failed)]);
    expect(told.over).toBe(false);
    told.put(parent(DONE));
    expect(told.standing[1]).toBe('chart: failure/sync-failed');
  });

  test('or waits for what GitHub says of a name has the commit at once, at any depth', () => {
    const told = listed(
      [
        manifest('root', { ...BEFORE, ...managing('mid') }),
        manifest('mid', { ...BEFORE, ...managing('leaf') }),
        manifest('leaf', BEFORE),
      ],
      { revision: { kind: 'revision', text: 'v1' } },
    );
    const answer = { kind: 'named', sha: B } as const;
    told.hear({ kind: 'answered', key: 'argocd/root', question: 'v1', answer });
    const targets = [...told.known.waits.values()].map((wait) =>
      wait.kind === 'waiting' && wait.state.target?.kind === 'revision'
        ? wait.state.target.text
        : '',
    );
    expect(targets).toEqual([B, B, B]);
  });

  test('and is pinned to the commit by its parent waits for that from then on', () => {
    const pinned = (look: Look) => manifest('chart', { ...look, targetRevision: B });
    const told = listed([parent(BEFORE), manifest('chart', { ...BEFORE, targetRevision: A })]);
    told.put(parent(RUNNING));
    told.put(pinned(BEFORE));
    told.put(parent(DONE));
    expect(told.over).toBe(false);
    told.put(pinned({ ...DONE, startedAt: '2026-11-21T07:00:01Z' }));
    expect(told.standing[1]).toBe('chart: success/synced');
  });
});

test('what time alone shows to be later than the target is so for the children too', () => {
  // Compared in the very second in which the operation of the target ended: before it, or after it.
  const compared = { revision: C, synced: B, reconciledAt: FINISHED, health: 'Progressing' };
  const told = listed([
    manifest('root', { ...compared, ...managing('kid') }),
    manifest('kid', { revision: C }),
  ]);
  expect(told.standing).toEqual(['root: revision bbbbbbbb', 'kid: revision bbbbbbbb']);
  const { recheckAt: at = Number.NaN } = told.verdictOf('root');
  told.later(at);
  told.hear({ kind: 'recheck', key: 'argocd/root', at });
  expect(told.standing).toEqual([
    'root: Healthy (it is Progressing)',
    'kid: root, which manages it',
  ]);
});

describe('many children', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `kid-${i}`);

  test('a thousand are followed as one is', () => {
    const told = listed([
      manifest('root', { ...BEFORE, ...managing(...names) }),
      ...names.map((name) => manifest(name, BEFORE)),
    ]);
    for (const name of names) told.put(manifest(name, DONE));
    told.put(manifest('root', { ...DONE, ...managing(...names) }));
    expect(told.over).toBe(true);
    expect(told.results).toHaveLength(1001);
  });

  test('a thousand that manage one another in a row', () => {
    const row = names.map((name, i) => manifest(name, { ...DONE, ...managing(`kid-${i + 1}`) }));
    const told = listed([
      manifest('root', { ...BEFORE, ...managing('kid-0') }),
      ...row,
      manifest('kid-1000', DONE),
    ]);
    told.put(manifest('root', { ...DONE, ...managing('kid-0') }));
    expect(told.over).toBe(true);
    expect(told.results).toHaveLength(1002);
  });
});
