import { describe, expect, test } from '@jest/globals';
import { parseApplication } from '../../../src/core/application/parse.js';
import { familyOf, treeOf } from '../../../src/core/children/family.js';
import { lackingOf } from '../../../src/core/children/generated.js';
import {
  managedBy,
  managesElsewhere,
  mayCreate,
  setsOf,
} from '../../../src/core/children/managed.js';
import {
  type Lead,
  leadOf,
  successorsIn,
  targetOfManaged,
  targetUnder,
} from '../../../src/core/children/target.js';
import { begin, step } from '../../../src/core/decision/state.js';
import type { RevisionRequest, RunOrigin, Target } from '../../../src/core/decision/target.js';
import type { Conclusion, Reason } from '../../../src/core/result/vocabulary.js';
import { A, B, C, type Look, manifest } from '../../support/manifest.ts';
import { POLICY } from '../support/follow.ts';

const application = (name: string, look: Look = {}) => parseApplication(manifest(name, look));

/** A resource of kind Application. */
function kid(name: string, more: object = {}): object {
  const key = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application', name };
  return { ...key, namespace: 'argocd', status: 'Synced', ...more };
}

/** The same with an ApplicationSet in place of each Application. */
function asSets(look: Look): Look {
  return JSON.parse(JSON.stringify(look).replaceAll('"Application"', '"ApplicationSet"')) as Look;
}

describe('what an Application manages', () => {
  test.each<[string, Look, readonly string[]]>([
    ['the Applications in its status', { resources: [kid('a'), kid('b')] }, ['a', 'b']],
    [
      'without a namespace, they are in its own',
      { resources: [kid('a', { namespace: '' })] },
      ['a'],
    ],
    ['not itself', { resources: [kid('root'), kid('a')] }, ['a']],
    ['not what is to be pruned', { resources: [kid('a', { requiresPruning: true })] }, []],
    [
      'all that is there, while Argo CD cannot read Git',
      { resources: [kid('a', { status: 'Unknown', requiresPruning: true })] },
      ['a'],
    ],
    ['not a hook', { resources: [kid('a', { hook: true })] }, []],
    ['no other kind', { resources: [kid('a', { kind: 'AppProject' })] }, []],
    ['no other group', { resources: [kid('a', { group: 'app.k8s.io' })] }, []],
    [
      'what its operation applied before it was compared again',
      { revision: A, synced: B, resources: [kid('a')], results: [kid('a'), kid('new')] },
      ['a', 'new'],
    ],
    [
      'but not what that pruned, or could not apply',
      {
        revision: A,
        synced: B,
        results: [kid('a', { status: 'Pruned' }), kid('b', { status: 'SyncFailed' })],
      },
      [],
    ],
    [
      'nor what the comparison has to prune',
      {
        revision: A,
        synced: B,
        resources: [kid('a', { requiresPruning: true })],
        results: [kid('a')],
      },
      [],
    ],
    [
      'nor what a dry run would apply',
      {
        revision: A,
        synced: B,
        operation: { sync: { revision: B, dryRun: true } },
        results: [kid('a')],
      },
      [],
    ],
    [
      'nor a hook or another kind that it applied',
      {
        revision: A,
        synced: B,
        results: [kid('a', { kind: 'AppProject' }), kid('b', { hookType: 'PostSync' })],
      },
      [],
    ],
    ['once it was compared again, that counts', { resources: [], results: [kid('a')] }, []],
    [
      'nothing in another cluster',
      { destination: { server: 'https://spoke.example.com' }, resources: [kid('a')] },
      [],
    ],
  ])('%s', (_, look, expected) => {
    const keys = expected.map((name) => `argocd/${name}`);
    expect(managedBy(application('root', look))).toEqual(keys);
    // An ApplicationSet of the same name as its manager is another object.
    const sets = setsOf(application('root', asSets(look)));
    expect(sets.filter((key) => key !== 'argocd/root')).toEqual(keys);
  });

  test('Applications in other namespaces', () => {
    const resources = [kid('a', { namespace: 'team' }), kid('root', { namespace: 'team' })];
    expect(managedBy(application('root', { resources }))).toEqual(['team/a', 'team/root']);
  });

  test('its ApplicationSets are no Applications, and the other way round', () => {
    const resources = [kid('a'), kid('root', { kind: 'ApplicationSet' })];
    const both = application('root', { resources });
    expect(managedBy(both)).toEqual(['argocd/a']);
    expect(setsOf(both)).toEqual(['argocd/root']);
  });

  test('what it deploys to another cluster is known to be there', () => {
    const destination = { name: 'spoke', namespace: 'argocd' };
    const resources = [kid('a')];
    expect(managesElsewhere(application('root', { destination, resources }))).toBe(true);
    expect(managesElsewhere(application('root', { destination }))).toBe(false);
    const others = { destination, resources: [kid('a', { group: 'apps', kind: 'Deployment' })] };
    expect(managesElsewhere(application('root', others))).toBe(false);
    expect(managesElsewhere(application('root', { resources }))).toBe(false);
    expect(managesElsewhere(application('root', asSets({ destination, resources })))).toBe(true);
  });
});

describe('what an ApplicationSet lacks before its Applications are waited for', () => {
  const generated = (...applications: readonly string[]) =>
    ({ kind: 'generated', applications }) as const;
  type Case = readonly [Parameters<typeof lackingOf>[1], readonly string[], string, string];
  test.each<Case>([
    [undefined, [], 'ApplicationSet shops to generate its Applications for its present spec', ''],
    [
      { kind: 'generating' },
      [],
      'ApplicationSet shops to generate its Applications for its present spec',
      '',
    ],
    [
      { kind: 'error', reason: 'ApplicationParamsGenerationError', message: 'foreign' },
      [],
      'ApplicationSet shops to generate its Applications (ApplicationParamsGenerationError)',
      '',
    ],
    [{ kind: 'missing' }, [], 'ApplicationSet shops to exist', 'missing'],
    [{ kind: 'deleting' }, [], 'ApplicationSet shops to exist', 'missing'],
    [generated('a'), ['a'], 'an Application (a) of ApplicationSet shops to exist', 'missing'],
    [
      generated(),
      ['a', 'b', 'c', 'd', 'e', 'f'],
      '6 Applications (a, b, c, d, e and 1 more) of ApplicationSet shops to exist',
      'missing',
    ],
  ])('%j, of which %j were not seen', (standing, unseen, what, cause) => {
    expect(lackingOf('shops', standing, unseen)).toEqual({ what, ...(cause ? { cause } : {}) });
  });

  test.each([[generated()], [generated('a')]])('nothing: %j', (standing) => {
    expect(lackingOf('shops', standing, [])).toBeUndefined();
  });
});

describe('what an Application whose own wait is over may still create', () => {
  const failed = { phase: 'Failed', sync: 'OutOfSync' };
  const requested = { sync: { revision: B } };
  test.each<[string, Look, string, boolean]>([
    ['it is well', {}, 'success/synced', true],
    ['nobody waits for its operation', failed, 'success/sync-failed', true],
    ['its operation failed', failed, 'failure/sync-failed', false],
    ['a retry of it runs', { phase: 'Running' }, 'failure/sync-failed', true],
    ['another one is asked for', { ...failed, requested }, 'failure/sync-failed', true],
    ['auto-sync has given up', failed, 'failure/auto-sync-refused', false],
    ['nobody syncs it', { sync: 'OutOfSync' }, 'failure/not-automated', false],
    ['a sync window is closed', { sync: 'OutOfSync' }, 'failure/sync-window', false],
    ['all that it deployed is Degraded', { health: 'Degraded' }, 'failure/degraded', true],
    ['it cannot be read', {}, 'failure/internal-error', true],
  ])('%s', (_, look, end, expected) => {
    const [conclusion, reason] = end.split('/') as [Conclusion, Reason];
    expect(mayCreate(application('root', look), { conclusion, reason })).toBe(expected);
  });
});

describe('a family', () => {
  type Edges = Readonly<Record<string, readonly string[]>>;
  test.each<[string, readonly string[], Edges, Readonly<Record<string, readonly string[]>>]>([
    ['a tree', ['r'], { r: ['a', 'b'], a: ['c'] }, { r: [], a: ['r'], b: ['r'], c: ['a'] }],
    ['a child of two', ['r'], { r: ['a', 'b'], a: ['b'] }, { r: [], a: ['r'], b: ['a', 'r'] }],
    ['a circle through the root', ['r'], { r: ['a'], a: ['r'] }, { r: [], a: ['r'] }],
    ['a circle below it', ['r'], { r: ['a'], a: ['b'], b: ['a'] }, { r: [], a: ['r'], b: ['a'] }],
    [
      'a circle with two ways into it',
      ['r'],
      { r: ['a', 'b'], a: ['b'], b: ['a'] },
      { r: [], a: ['r'], b: ['a', 'r'] },
    ],
    ['roots that manage one another', ['b', 'a'], { a: ['b'] }, { a: [], b: ['a'] }],
    [
      'a root that another leads to',
      ['a', 'b'],
      { a: ['b'], b: ['c'] },
      { a: [], b: ['a'], c: ['b'] },
    ],
    ['what no root leads to', ['r'], { x: ['y'] }, { r: [] }],
  ])('%s: who manages whom, without circles', (_, roots, edges, expected) => {
    const family = familyOf(roots, (key) => edges[key] ?? []);
    const managers = [...family].map(([key, place]) => [key, place.managers.toSorted()]);
    expect(Object.fromEntries(managers)).toEqual(expected);
  });

  test('is told as a tree, each below its parent, in order', () => {
    const parents: Readonly<Record<string, string>> = { a: 'r', c: 'a', b: 'r', lost: 'gone' };
    expect(treeOf(['r', 'b', 'a', 'c', 's', 'lost'], (key) => parents[key])).toEqual([
      ['r', 0],
      ['b', 1],
      ['a', 1],
      ['c', 2],
      ['s', 0],
      ['lost', 0],
    ]);
  });
});

describe('the target of a managed Application', () => {
  const RUN: RunOrigin = {
    repository: 'acme/shop',
    serverUrl: 'https://github.com',
    commit: { kind: 'commit', sha: B, ref: 'refs/heads/main', defaultBranch: 'main' },
  };
  const at = (text: string, more: object = {}): Target => ({
    kind: 'revision',
    text,
    why: '',
    ...more,
  });
  const lead = (target: Target, look: Look = {}): Lead => {
    const before = begin(POLICY, () => target, { elapsed: 0 });
    const event = { kind: 'snapshot', application: application('root', look), gap: false } as const;
    const now = { elapsed: 0 };
    return leadOf('root', step(before, { ...event, now }), now);
  };
  const CHART = { repoURL: 'https://charts.example.com', chart: 'web', targetRevision: '1.*' };
  const GIT = { repoURL: 'https://github.com/acme/shop', targetRevision: 'main', path: 'a' };
  const OTHER = { repoURL: 'https://github.com/acme/other', targetRevision: 'main', path: 'a' };

  const NOBODY = 'no source of it follows the revision of root';

  /** The indices of the sources that must be at the revision; undefined: whatever its spec asks for. */
  const sourcesOf = (target: Target) =>
    target.kind === 'revision' ? [...(target.sources ?? [])] : undefined;

  test.each<[string, RevisionRequest, Look, RunOrigin['commit'], string]>([
    ['the run, where it follows that', { kind: 'auto' }, {}, RUN.commit, "the run's commit"],
    ['no run that it does not follow', { kind: 'auto' }, OTHER, RUN.commit, NOBODY],
    ['no branch of it', { kind: 'auto' }, { targetRevision: 'next' }, RUN.commit, NOBODY],
    ['no commit', { kind: 'auto' }, {}, { kind: 'none', why: 'a pull request' }, NOBODY],
    [
      'a revision that is named is that of its manager',
      { kind: 'revision', text: B },
      {},
      RUN.commit,
      NOBODY,
    ],
    ['none', { kind: 'none' }, {}, RUN.commit, NOBODY],
  ])('of one that follows no manager: %s', (_, request, look, commit, why) => {
    const target = targetOfManaged(
      request,
      [lead({ kind: 'any', why: '' })],
      { ...RUN, commit },
      application('a', look),
    );
    expect(target.why).toBe(why);
    expect(target.kind).toBe(why === NOBODY ? 'any' : 'revision');
  });

  test('one that follows its manager is at the revision of that', () => {
    const target = targetOfManaged({ kind: 'auto' }, [lead(at(C))], RUN, application('a'));
    expect(target).toMatchObject({ kind: 'revision', text: C });
  });

  test.each<[string, Lead, Look, readonly number[] | undefined]>([
    ['the same repository and branch', lead(at(B)), {}, [0]],
    [
      'the repository in another form',
      lead(at(B)),
      { repoURL: 'git@github.com:acme/shop.git' },
      [0],
    ],
    ['another repository', lead(at(B)), { sources: [OTHER] }, undefined],
    ['another branch', lead(at(B)), { targetRevision: 'release' }, undefined],
    ['HEAD, where that is the branch of the run', lead(at(B)), { targetRevision: 'HEAD' }, [0]],
    ['HEAD, of a commit that is not the run', lead(at(A)), { targetRevision: '' }, undefined],
    ['HEAD in both', lead(at(A), { targetRevision: '' }), { targetRevision: 'HEAD' }, [0]],
    ['pinned to the commit', lead(at(B)), { targetRevision: B }, [0]],
    ['pinned to a commit that is not the run', lead(at(A)), { targetRevision: A }, [0]],
    ['pinned to another commit', lead(at(B)), { targetRevision: A }, undefined],
    ['a chart of the same name', lead(at(B)), { sources: [{ ...GIT, chart: 'shop' }] }, undefined],
    ['one of several sources', lead(at(B)), { sources: [CHART, GIT] }, [1]],
    [
      'the source of its manager that the target does not speak of',
      lead(at(B, { sources: new Set([1]) }), { sources: [OTHER, GIT] }),
      { sources: [OTHER] },
      undefined,
    ],
    [
      'of several sources, the one that was compared with the revision',
      lead(at(B), { sources: [CHART, GIT] }),
      { sources: [CHART] },
      undefined,
    ],
    ['a name that is not looked up yet', lead(at('v1', { lookup: 'acme/shop' })), {}, undefined],
    ['what may be a branch', lead(at('main', { vague: true })), {}, undefined],
    ['whatever is deployed', lead({ kind: 'any', why: '' }), {}, undefined],
  ])('%s', (_, from, look, expected) => {
    expect(sourcesOf(targetUnder([from], RUN, application('a', look)))).toEqual(expected);
  });

  test('a tag of the run that looks like a commit is followed', () => {
    const commit = { ...RUN.commit, ref: 'refs/tags/20260301' } as RunOrigin['commit'];
    const child = application('a', { targetRevision: '20260301' });
    expect(sourcesOf(targetUnder([lead(at(B))], { ...RUN, commit }, child))).toEqual([0]);
    expect(sourcesOf(targetUnder([lead(at(B))], RUN, child))).toBeUndefined();
  });

  test('of several managers, one with the revision decides; else the earliest deployment', () => {
    const other = {
      ...lead({ kind: 'any', why: '' }),
      name: 'base',
      startedAt: '2026-01-01T00:00:00Z',
    };
    const follower = application('a');
    expect(sourcesOf(targetUnder([other, lead(at(B))], RUN, follower))).toEqual([0]);
    const chart = application('a', { sources: [CHART] });
    const late = { ...other, name: 'late', startedAt: '2026-02-01T00:00:00Z' };
    const idle = { ...other, name: 'idle', startedAt: '' };
    expect(targetUnder([idle, late, other], RUN, chart)).toEqual({
      kind: 'any',
      why: 'no source of it follows the revision of idle, late, base',
      after: '2026-01-01T00:00:00Z',
    });
  });

  test('what took its place, by those that lead to the same revision', () => {
    const leads = [
      { ...lead(at(B)), successors: [C] },
      { ...lead(at(A)), successors: ['d'.repeat(40)] },
      { ...lead({ kind: 'any', why: '' }), successors: ['e'.repeat(40)] },
    ];
    expect(successorsIn(leads, at(B))).toEqual([C]);
    expect(successorsIn(leads, { kind: 'any', why: '' })).toEqual([]);
  });

  test('when the deployment of its manager began', () => {
    expect(lead(at(A), { revision: A }).startedAt).toBe('2026-11-21T07:00:00Z');
    expect(lead(at(B), { revision: A }).startedAt).toBe('');
  });
});

describe('another target in the middle of a wait', () => {
  const now = { elapsed: 0 };
  const start = begin(POLICY, () => ({ kind: 'any', why: '' }), now);
  const seen = step(start, { kind: 'snapshot', application: application('a'), now, gap: false });
  const retarget = (target: Target) => step(seen, { kind: 'retargeted', target });

  test('keeps what was seen, and forgets what the repository said', () => {
    const asked = step(seen, { kind: 'relation', revision: A, relation: 'descendant' });
    const target: Target = { kind: 'revision', text: B, why: '' };
    const after = step(asked, { kind: 'retargeted', target });
    expect(after).toEqual({ ...asked, target, relations: new Map() });
    expect(step(after, { kind: 'retargeted', target: { ...target, why: 'other' } })).toBe(after);
  });

  test('changes nothing where the same is waited for', () => {
    expect(retarget({ kind: 'any', why: 'for another reason' })).toBe(seen);
    expect(retarget({ kind: 'any', why: '', after: '' })).not.toBe(seen);
  });
});
