import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Application } from '../../../src/core/application/types.js';
import type { Rollout } from '../../../src/core/applicationset/rollout.js';
import type { Standing } from '../../../src/core/applicationset/standing.js';
import { judge, RULES, type Verdict } from '../../../src/core/decision/rules.js';
import { NO_LOOKS } from '../../../src/core/result/looks.js';
import { caseNames, loadCase, loadTrace, traceNames } from '../../support/replay.ts';
import { A, app, B, type Look, operation, time } from '../support/application.ts';
import {
  ANY,
  asked,
  follow,
  gone,
  type Happening,
  imagePatterns,
  look,
  patterns,
  see,
  type Wish,
} from '../support/follow.ts';
import { looksOf, play } from '../support/recordings.ts';

/** Every verdict on the way of the recordings and the cases. */
function verdictsOfRecordings(): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  const traces = [...traceNames().map(loadTrace), ...caseNames().map(loadCase)];
  for (const trace of traces) {
    play(trace, looksOf(trace), {
      judge(state, now) {
        const verdict = judge(state, now);
        verdicts.push(verdict);
        return verdict;
      },
    });
  }
  return verdicts;
}

const WEB = 'apps/Deployment/shop/web';
const AT_B: Look = { at: B, reconciled: 4, operation: operation() };
/** A container that crashes since the second before. */
const crashing = look((now) => {
  const failure = { pod: 'p', container: 'main', reason: 'CrashLoopBackOff', resource: WEB };
  const since = { elapsed: now.elapsed - 1000 };
  return { ...NO_LOOKS, failures: [{ ...failure, looks: 2, since, seen: now }] };
});
const PENDING: Look = { at: B, sync: 'OutOfSync', operation: operation({ at: A }) };
/** The sync windows are closed to auto-sync for so long; undefined: it is not known for how long. */
const closedFor = (seconds: number | undefined, opens = true) =>
  look((now) => {
    const causes = [{ application: 'shop', subject: 'sync window', reason: '', message: 'closed' }];
    if (seconds === undefined) return { ...NO_LOOKS, windows: { causes } };
    const opening = { notBefore: (now.server ?? 0) + seconds * 1000, opens };
    return { ...NO_LOOKS, windows: { causes, opening } };
  });
const failing = { phase: 'Failed', drySHA: B, startedAt: time(1), finishedAt: time(2) };

function ofOldSpec(application: Application): Application {
  return { ...application, comparison: { ...application.comparison, ofPresentSpec: false } };
}

const IMAGE: Wish = { policy: { images: imagePatterns('web:2') }, target: ANY };

function abandoned(...by: readonly string[]): Happening {
  return () => ({ kind: 'abandoned', by });
}

function set(standing: Standing, unseen: readonly string[] = []): Happening {
  return () => ({ kind: 'set', set: { standing, unseen } });
}

/** OutOfSync, and its ApplicationSet has taken auto-sync away. */
const UNSYNCED = app({
  ...{ at: B, sync: 'OutOfSync', automated: false, applicationSet: 'shops' },
  operation: operation({ at: A }),
});

function rollout(told: Partial<Rollout> | 'none' = {}): Happening {
  const step = { set: 'shops', steps: 2, step: 2, status: 'Waiting', targetRevisions: [A] };
  const known: Rollout = { ...step, byHand: false, followed: true };
  return () => ({ kind: 'rollout', rollout: told === 'none' ? told : { ...known, ...told } });
}

/** A look for each row that the recordings and cases do not come to. */
const ROWS: readonly (readonly [rule: string, happenings: readonly Happening[], wish?: Wish])[] = [
  ['missing', [gone]],
  ['not-created', [gone, abandoned('root')], { policy: { managed: true } }],
  ['too-few', [() => ({ kind: 'too-few', shortage: { found: ['shop'], wanted: 2 } })]],
  ['out-of-sight', [() => ({ kind: 'out-of-sight' })]],
  ['deleted', [see(app()), gone]],
  ['being-deleted', [see(app({ deleting: true }))]],
  ['to-be-deleted', [see(app())], { policy: { waitFor: ['deletion'] } }],
  [
    'unreadable',
    [see({ ...app(), unreadable: 'Application argocd/shop.status.sync must be an object' })],
  ],
  [
    'name-lookup',
    [see(app())],
    { target: { kind: 'revision', text: 'v1', lookup: 'acme/shop', why: '' } },
  ],
  [
    'ambiguous-name',
    [see(app())],
    { target: { kind: 'revision', text: 'main', vague: true, why: '' } },
  ],
  ['spec-uncompared', [see(ofOldSpec(app({ at: B })))], { policy: { managed: true } }],
  ['wait-for-nothing', [see(app())], { policy: { waitFor: ['nothing'] } }],
  [
    'attempt-failed',
    [see(app({ at: B, operation: operation({ phase: 'Running', retry: 1 }) }))],
    { policy: { retries: 'fail' } },
  ],
  [
    'hydration-failed',
    [see(app({ hydrated: { currentOperation: failing, lastComparedDryRevision: B } }))],
  ],
  ['trigger-pending', [see(app()), asked('refresh', '2')]],
  ['image-not-deployed', [see(app({ images: ['web:1'] }))], IMAGE],
  ['image-not-running', [see(app({ ...AT_B, images: ['web:1', 'web:2'] }))], IMAGE],
  [
    'last-operation-failed',
    [see(app({ at: B, operation: operation({ at: A, phase: 'Failed' }) }))],
    { policy: { waitFor: ['operation'] } },
  ],
  ['no-such-resource', [see(app(AT_B))], { policy: { waitResources: patterns('Deployment/wbe') } }],
  [
    'pod-failure',
    [see(app({ ...AT_B, health: 'Progressing' })), crashing],
    { policy: { degradedGraceMs: 0 } },
  ],
  [
    'not-automated',
    [see(app({ ...PENDING, automated: false }))],
    { policy: { ifNotAutomated: 'fail' } },
  ],
  ['sync-window', [see(app(PENDING)), closedFor(3600)]],
  ['auto-sync-pending', [see(app(PENDING))]],
  ['suspended', [see(app({ ...AT_B, health: 'Suspended' }))]],
  ['applicationset-absent', [set({ kind: 'missing' })]],
  ['applicationset-not-generated', [set({ kind: 'generating' })]],
  ['applicationset-incomplete', [set({ kind: 'generated', applications: ['shop'] }, ['shop'])]],
  ['rolling-sync', [see(UNSYNCED), rollout()]],
  [
    'rollout-unfinished',
    [see(app({ ...AT_B, applicationSet: 'shops' })), rollout()],
    { target: ANY },
  ],
];

/** The verdict after the last of some happenings, one a second. */
function verdictOf(happenings: readonly Happening[], wish: Wish = {}): Verdict {
  return follow(
    happenings.map((each, i) => [300 + i, each] as const),
    wish,
  ).verdict;
}

describe('every row of the table', () => {
  test.each(ROWS.map(([rule, happenings, wish = {}]) => [rule, { happenings, wish }] as const))(
    '%s applies',
    (rule, { happenings, wish }) => {
      expect(verdictOf(happenings, wish).rule).toBe(rule);
    },
  );

  test('applies to a recording, to a case, or in the table above', () => {
    const fired = new Set([
      ...verdictsOfRecordings().map(({ rule }) => rule),
      ...ROWS.map(([rule]) => rule),
    ]);
    expect(RULES.filter((rule) => !fired.has(rule))).toEqual([]);
  });

  test('has one name', () => {
    expect(new Set(RULES).size).toBe(RULES.length);
  });
});

describe('an Application that those that manage it did not create', () => {
  const roots = [1, 2, 3, 4, 5, 6].map((n) => `root-${n}`);
  test.each<[string, readonly Happening[], string, string]>([
    ['never there', [gone, abandoned('root')], 'not-created', 'root failed before creating it'],
    [
      'deleted',
      [see(app()), gone, abandoned('root')],
      'not-created',
      'root failed before creating it again',
    ],
    [
      'managed by many',
      [gone, abandoned(...roots)],
      'not-created',
      'root-1, root-2, root-3, root-4, root-5 and 1 more failed before creating it',
    ],
    ['may still come', [gone, abandoned('root'), abandoned()], 'missing', 'Argo CD to create it'],
    ['comes', [gone, abandoned('root'), see(app())], 'not-deployed', ''],
  ])('%s', (_, happenings, rule, what) => {
    const verdict = verdictOf(happenings, { policy: { managed: true } });
    expect(verdict.rule).toBe(rule);
    expect(verdict.what).toContain(what);
    const failed = { kind: 'done', conclusion: 'failure', reason: 'missing' };
    if (rule === 'not-created') expect(verdict).toMatchObject(failed);
    else expect(verdict.kind).toBe('waiting');
  });
});

describe('what is waited for, where nothing will come by itself', () => {
  test('auto-sync is off', () => {
    const verdict = verdictOf([see(app({ ...PENDING, automated: false }))]);
    expect(verdict.what).toContain('auto-sync is off, so it has to be asked for');
    expect(verdict.kind).toBe('waiting');
  });

  test('auto-sync is off, whatever is deployed', () => {
    const verdict = verdictOf([see(app({ ...PENDING, automated: false }))], {
      target: { kind: 'any', why: 'test' },
    });
    expect(verdict).toMatchObject({ kind: 'waiting', rule: 'not-synced' });
    expect(verdict.what).toContain('auto-sync is off, so it has to be asked for');
  });

  test('auto-sync is off, and an ApplicationSet may sync it in its turn', () => {
    const owned = { ...app({ ...PENDING, automated: false }), applicationSet: 'shops' };
    const verdict = verdictOf([see(owned)], { policy: { ifNotAutomated: 'fail' } });
    expect(verdict).toMatchObject({ kind: 'waiting', rule: 'not-deployed' });
    expect(verdict.what).not.toContain('auto-sync is off');
  });

  test('Argo CD is told to skip it', () => {
    const verdict = verdictOf([see({ ...app({ at: A }), skipped: true })]);
    expect(verdict.what).toContain('skip-reconcile forbids that');
  });
});

describe('sync windows', () => {
  const pending = see(app(PENDING));
  const running = (message: string): Happening =>
    see(app({ ...PENDING, operation: operation({ at: B, phase: 'Running', message }) }));
  const HELD = 'Sync operation blocked by sync window';

  // The wait began a second before the look, and takes ten minutes.
  test.each<[string, readonly Happening[], object]>([
    [
      'that open before the timeout',
      [pending, closedFor(598)],
      { kind: 'waiting', cause: 'sync-window' },
    ],
    [
      'that open at the timeout',
      [pending, closedFor(599)],
      { kind: 'done', conclusion: 'failure', reason: 'sync-window' },
    ],
    [
      'that do not open for as long as anybody looked',
      [pending, closedFor(599, false)],
      { rule: 'sync-window' },
    ],
    [
      'that open nobody knows when',
      [pending, closedFor(undefined)],
      { kind: 'waiting', cause: 'sync-window', rule: 'auto-sync-pending' },
    ],
    [
      'that open sooner than they did',
      [pending, closedFor(undefined), closedFor(10)],
      { rule: 'auto-sync-pending' },
    ],
    [
      'of what is being synced',
      [pending, closedFor(10), running('')],
      { rule: 'operation-running', cause: undefined },
    ],
    [
      'that hold an operation',
      [running(HELD), closedFor(3600)],
      { kind: 'waiting', cause: 'sync-window', rule: 'operation-running' },
    ],
    [
      'that held an operation',
      [running(HELD), closedFor(10), running('')],
      { rule: 'operation-running', cause: undefined },
    ],
    [
      'that held an operation, and auto-sync nobody knows for how long',
      [running(HELD), closedFor(3600), pending],
      { rule: 'auto-sync-pending', cause: undefined },
    ],
    [
      'of what is not automated',
      [see(app({ ...PENDING, automated: false })), closedFor(3600)],
      { rule: 'not-deployed' },
    ],
    ['of what is synced', [see(app(AT_B)), closedFor(3600)], { rule: 'synced' }],
  ])('%s', (_, happenings, verdict) => {
    expect({ cause: undefined, ...verdictOf(happenings) }).toMatchObject(verdict);
  });

  test('where the server has not said its time', () => {
    expect(verdictOf([pending, closedFor(3600)], { noServerClock: true }).rule).toBe(
      'auto-sync-pending',
    );
  });

  test('an Application that was made again has no more time than the first', () => {
    const again = see(app({ ...PENDING, uid: 'uid-2' }));
    expect(verdictOf([pending, again, closedFor(598)]).rule).toBe('sync-window');
    expect(verdictOf([pending, again, closedFor(597)]).rule).toBe('auto-sync-pending');
  });
});

describe('a container that cannot start', () => {
  const progressing = see(app({ ...AT_B, health: 'Progressing' }));
  const cases: readonly (readonly [string, readonly Happening[], Wish['policy'], string])[] = [
    ['pod-failures: wait', [progressing, crashing], { podFailures: 'wait' }, 'not-healthy'],
    [
      'not for longer than degraded-grace',
      [progressing, crashing],
      { degradedGraceMs: 60_000 },
      'not-healthy',
    ],
    ['nobody waits for health', [progressing, crashing], { waitFor: ['sync'] }, 'synced'],
    ['one that is well', [see(app(AT_B)), crashing], {}, 'synced'],
    [
      'Degraded, before its own grace',
      [see(app({ ...AT_B, health: 'Degraded' })), crashing],
      {},
      'pod-failure',
    ],
  ];
  test.each(cases)('%s', (_, happenings, policy, rule) => {
    const given = { degradedGraceMs: 0, ...policy };
    const verdict = verdictOf(happenings, { policy: given });
    expect(verdict.rule).toBe(rule);
  });

  test('the time at which it is hopeless, unless a look finds it gone', () => {
    const verdict = verdictOf([progressing, crashing], { policy: { degradedGraceMs: 60_000 } });
    // Found first at 300 s.
    expect(verdict).toMatchObject({ recheckAt: 360_001 });
  });

  test('seen too long ago, it may have recovered', () => {
    const late: Happening = (now) => crashing({ ...now, elapsed: now.elapsed - 30_000 });
    const verdict = verdictOf([progressing, late], { policy: { degradedGraceMs: 0 } });
    expect(verdict.rule).toBe('not-healthy');
  });
});

describe('an Application of an ApplicationSet', () => {
  const FAIL: Wish = { policy: { ifNotAutomated: 'fail' } };

  test.each([
    ['of which nothing is known', [], 'not-deployed'],
    ['with a RollingSync', [rollout()], 'rolling-sync'],
    ['without one', [rollout('none')], 'not-automated'],
    ['with one that leaves it to a person', [rollout({ byHand: true })], 'not-automated'],
  ] as const)('%s, and if-not-automated: fail', (_, told, rule) => {
    expect(verdictOf([see(UNSYNCED), ...told], FAIL).rule).toBe(rule);
  });

  test.each([
    [
      'Healthy for what is compared',
      rollout({ status: 'Healthy', targetRevisions: [B] }),
      'synced',
    ],
    ['Healthy for what was before', rollout({ status: 'Healthy' }), 'rollout-unfinished'],
    ['still Progressing', rollout({ targetRevisions: [B] }), 'rollout-unfinished'],
    ['of no RollingSync', rollout('none'), 'synced'],
    ['left to a person', rollout({ byHand: true }), 'synced'],
  ] as const)('without a target, %s', (_, told, rule) => {
    const seen = see(app({ ...AT_B, automated: false, applicationSet: 'shops' }));
    expect(verdictOf([seen, told], { target: ANY }).rule).toBe(rule);
  });

  test('with a target, decides for itself', () => {
    const seen = see(app({ ...AT_B, automated: false, applicationSet: 'shops' }));
    expect(verdictOf([seen, rollout()]).rule).toBe('synced');
  });

  const SETS: readonly (readonly [Standing, Wish['policy'], string])[] = [
    [{ kind: 'missing' }, {}, 'failure missing it does not exist'],
    [{ kind: 'missing' }, { ifMissing: 'skip' }, 'skipped missing it does not exist'],
    [{ kind: 'missing' }, { ifMissing: 'wait' }, 'waiting missing the ApplicationSet to exist'],
    [{ kind: 'deleted' }, {}, 'failure deleted it was deleted'],
    [{ kind: 'deleting' }, {}, 'failure deleted it is being deleted'],
    [
      { kind: 'deleted' },
      { ifMissing: 'wait' },
      'waiting missing the ApplicationSet to exist again',
    ],
    [{ kind: 'generated', applications: [] }, {}, 'failure missing it generates no Application'],
    [
      { kind: 'error', reason: 'ApplicationValidationError', message: 'no project' },
      {},
      'waiting  its Applications to be generated (ApplicationValidationError)',
    ],
    [
      { kind: 'unreadable', problem: 'ApplicationSet argocd/shops.status must be an object' },
      {},
      'failure internal-error it cannot be read: ApplicationSet argocd/shops.status must be an object',
    ],
  ];

  test.each(SETS)('%j, %j', (standing, policy = {}, expected) => {
    const verdict = verdictOf([set(standing)], { policy });
    const words =
      verdict.kind === 'waiting'
        ? ['waiting', verdict.cause ?? '', verdict.what]
        : [verdict.conclusion, verdict.reason, verdict.what];
    expect(words.join(' ')).toBe(expected);
  });

  test('those that were not seen are named, the first of them', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const unseen = verdictOf([set({ kind: 'generated', applications: names }, names)]);
    expect(unseen.what).toBe('6 Applications of it to exist (a, b, c, d, e and 1 more)');
  });
});

describe('docs/how-it-decides.md', () => {
  const page = readFileSync('docs/how-it-decides.md', 'utf8');
  const [, table = ''] = /^## The verdict\n([\s\S]*?)^### /m.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, rule = '', applies = '', verdict = '']) => ({ rule, applies, verdict }),
  );

  test('has the rows of the table, in their order', () => {
    expect(rows.map(({ rule }) => rule)).toEqual(RULES);
  });

  /** What the page says of a verdict: `Wait`, or a conclusion with its reason. */
  function isDocumented(verdict: Verdict): boolean {
    const said = rows.find(({ rule }) => rule === verdict.rule)?.verdict.toLowerCase() ?? '';
    // The reasons of that row have a section of their own.
    if (verdict.rule === 'wait-for-nothing') return said.startsWith('success');
    if (verdict.kind === 'waiting') return said.includes('wait');
    return said.includes(`${verdict.conclusion}, \`${verdict.reason}\``);
  }

  test('has every verdict that a row came to', () => {
    const verdicts = [
      ...verdictsOfRecordings(),
      ...ROWS.map(([, happenings, wish]) => verdictOf(happenings, wish)),
    ];
    const missing = verdicts.filter((verdict) => !isDocumented(verdict));
    expect(missing).toEqual([]);
  });

  test.each<[Partial<Verdict> & Pick<Verdict, 'kind'>, boolean]>([
    [{ kind: 'done', rule: 'synced', conclusion: 'success', reason: 'synced' }, true],
    [{ kind: 'done', rule: 'synced', conclusion: 'success', reason: 'no-change' }, false],
    [{ kind: 'waiting', rule: 'synced' }, false],
    [{ kind: 'waiting', rule: 'degraded' }, true],
    [{ kind: 'done', rule: 'degraded', conclusion: 'failure', reason: 'sync-failed' }, false],
  ])('this check notices: %j is %s', (verdict, documented) => {
    expect(isDocumented({ what: '', ...verdict } as Verdict)).toBe(documented);
  });
});
