import { describe, expect, test } from '@jest/globals';
import { DecodeError } from '../../../src/core/application/decode.js';
import { parseApplication } from '../../../src/core/application/parse.js';
import { keyOf, resourceName } from '../../../src/core/application/types.js';
import { loadTrace, traceNames } from '../../support/replay.ts';
import { A, B, type Json, wire } from '../support/application.ts';

/** Sets or, with undefined, removes the value at a path of fields and list indices. */
function put(root: Json, path: string, value: unknown): Json {
  const copy = structuredClone(root) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  let node = copy;
  for (const each of steps) {
    node[each] ??= {};
    node = node[each] as Record<string, unknown>;
  }
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy;
}

const FULL: Json = {
  metadata: {
    namespace: 'argocd',
    name: 'shop',
    uid: 'u1',
    resourceVersion: '42',
    labels: { team: 'blue' },
    annotations: { 'argocd.argoproj.io/refresh': 'hard' },
    deletionTimestamp: '2026-03-01T12:00:00Z',
  },
  spec: {
    source: { repoURL: 'https://github.com/acme/shop', targetRevision: 'main', path: 'deploy' },
    destination: { server: 'https://one.example', name: 'one', namespace: 'shop' },
    project: 'shops',
    syncPolicy: {
      automated: { prune: true, selfHeal: true },
      syncOptions: ['ServerSideApply=true'],
      retry: { limit: 3, backoff: { duration: '5s' } },
    },
  },
  operation: {
    sync: { revision: B, dryRun: true, resources: [{ kind: 'Deployment', name: 'web' }] },
    initiatedBy: { automated: true },
  },
  status: {
    controllerNamespace: 'argocd',
    sync: { status: 'OutOfSync', revision: B, comparedTo: { source: { targetRevision: 'main' } } },
    health: {
      status: 'Degraded',
      message: 'not well',
      lastTransitionTime: '2026-03-01T12:00:01Z',
    },
    reconciledAt: '2026-03-01T12:00:02Z',
    operationState: {
      operation: { sync: { revision: B }, initiatedBy: { username: 'me' }, retry: { limit: 5 } },
      phase: 'Running',
      startedAt: '2026-03-01T12:00:03Z',
      finishedAt: '2026-03-01T12:00:04Z',
      retryCount: 2,
      message: 'Retrying operation. Attempt #2',
      syncResult: {
        revision: B,
        source: { targetRevision: 'main' },
        resources: [
          {
            group: 'batch',
            version: 'v1',
            kind: 'Job',
            namespace: 'shop',
            name: 'migrate',
            status: 'Synced',
            message: 'done',
            hookType: 'PreSync',
            hookPhase: 'Succeeded',
            syncPhase: 'PreSync',
            images: ['registry/migrate:2'],
          },
        ],
      },
    },
    history: [
      {
        revision: A,
        deployStartedAt: '2026-03-01T11:00:00Z',
        deployedAt: '2026-03-01T11:00:05Z',
        source: { targetRevision: 'main' },
      },
    ],
    conditions: [{ type: 'SyncError', message: 'no', lastTransitionTime: '2026-03-01T12:00:05Z' }],
    resources: [
      {
        group: 'apps',
        version: 'v1',
        kind: 'Deployment',
        namespace: 'shop',
        name: 'web',
        status: 'OutOfSync',
        health: { status: 'Degraded', message: 'crash' },
        requiresPruning: true,
        hook: true,
        syncWave: -2,
      },
    ],
    summary: { images: ['registry/web:1'] },
  },
};

describe('an Application on the wire', () => {
  test('is read in full', () => {
    expect(parseApplication(FULL)).toEqual({
      namespace: 'argocd',
      name: 'shop',
      controllerNamespace: 'argocd',
      uid: 'u1',
      resourceVersion: '42',
      labels: { team: 'blue' },
      deleting: true,
      refreshing: true,
      sources: [{ repoURL: 'https://github.com/acme/shop', targetRevision: 'main', chart: '' }],
      destination: { server: 'https://one.example', name: 'one', namespace: 'shop' },
      project: 'shops',
      automated: { prune: true, selfHeal: true },
      prune: true,
      syncOptions: ['ServerSideApply=true'],
      managedNamespace: false,
      retry: { limit: 3, backoff: { duration: '5s' } },
      requested: {
        revisions: { resolved: [B], tracked: [''] },
        selective: true,
        dryRun: true,
        automated: true,
      },
      operation: {
        revisions: { resolved: [B], tracked: ['main'] },
        selective: false,
        dryRun: false,
        automated: false,
        phase: 'Running',
        startedAt: '2026-03-01T12:00:03Z',
        finishedAt: '2026-03-01T12:00:04Z',
        retryCount: 2,
        retryLimit: 5,
        message: 'Retrying operation. Attempt #2',
        ofPresentSpec: false,
        results: [
          {
            group: 'batch',
            version: 'v1',
            kind: 'Job',
            namespace: 'shop',
            name: 'migrate',
            status: 'Synced',
            message: 'done',
            hookType: 'PreSync',
            hookPhase: 'Succeeded',
            syncPhase: 'PreSync',
            images: ['registry/migrate:2'],
          },
        ],
      },
      comparison: {
        status: 'OutOfSync',
        revisions: { resolved: [B], tracked: ['main'] },
        ofPresentSpec: false,
        resources: [
          {
            group: 'apps',
            version: 'v1',
            kind: 'Deployment',
            namespace: 'shop',
            name: 'web',
            status: 'OutOfSync',
            health: 'Degraded',
            healthMessage: 'crash',
            requiresPruning: true,
            hook: true,
            wave: -2,
          },
        ],
      },
      health: {
        status: 'Degraded',
        message: 'not well',
        lastTransitionTime: '2026-03-01T12:00:01Z',
      },
      reconciledAt: '2026-03-01T12:00:02Z',
      history: [
        {
          revisions: { resolved: [A], tracked: ['main'] },
          startedAt: '2026-03-01T11:00:00Z',
          deployedAt: '2026-03-01T11:00:05Z',
        },
      ],
      conditions: [
        { type: 'SyncError', message: 'no', lastTransitionTime: '2026-03-01T12:00:05Z' },
      ],
      hydrated: [],
      summaryImages: ['registry/web:1'],
    });
  });

  test('is read where Argo CD has not touched it yet', () => {
    expect(parseApplication({ metadata: { namespace: 'argocd', name: 'new' } })).toEqual({
      namespace: 'argocd',
      name: 'new',
      controllerNamespace: '',
      uid: '',
      resourceVersion: '',
      labels: {},
      deleting: false,
      refreshing: false,
      sources: [],
      destination: { server: '', name: '', namespace: '' },
      project: 'default',
      prune: false,
      syncOptions: [],
      managedNamespace: false,
      comparison: { status: '', revisions: { resolved: [], tracked: [] }, resources: [] },
      health: { status: '', message: '', lastTransitionTime: '' },
      reconciledAt: '',
      history: [],
      conditions: [],
      hydrated: [],
      summaryImages: [],
    });
  });

  test('the addresses of what it deploys are kept where there are any', () => {
    const at = (summary: object) =>
      parseApplication({ metadata: { namespace: 'argocd', name: 'new' }, status: { summary } });
    const externalURLs = ['https://shop.example.com', 'Docs|https://docs.example.com'];
    expect(at({ externalURLs }).externalUrls).toEqual(externalURLs);
    expect(at({ externalURLs: [] })).not.toHaveProperty('externalUrls');
  });

  test('null is absent', () => {
    const bare = { metadata: { namespace: 'argocd', name: 'new' } };
    const nulls = { ...bare, spec: null, operation: null, status: { operationState: null } };
    expect(parseApplication(nulls)).toEqual(parseApplication(bare));
    const inside = put(put(bare, 'status.history', null), 'spec.syncPolicy', { automated: null });
    expect(parseApplication(inside)).toEqual(parseApplication(bare));
  });

  test('with several sources, lists of revisions win and follow the sources', () => {
    const sources = [
      { repoURL: 'https://charts.example', chart: 'shop', targetRevision: '1.x' },
      { repoURL: 'https://github.com/acme/shop', targetRevision: 'main' },
    ];
    const several = { revision: '', revisions: ['1.2.3', B], sources };
    const read = parseApplication({
      metadata: { namespace: 'argocd', name: 'multi' },
      spec: { sources, source: { repoURL: 'ignored' } },
      operation: { sync: { revisions: ['1.2.3', B] } },
      status: {
        sync: { status: 'Synced', revisions: ['1.2.3', B], comparedTo: { sources } },
        operationState: { phase: 'Running', syncResult: several },
        history: [{ ...several, deployedAt: '2026-03-01T11:00:05Z' }],
      },
    });
    const revisions = { resolved: ['1.2.3', B], tracked: ['1.x', 'main'] };
    expect(read.sources.map((each) => [each.chart, each.targetRevision])).toEqual([
      ['shop', '1.x'],
      ['', 'main'],
    ]);
    expect(read.comparison.revisions).toEqual(revisions);
    expect(read.operation?.revisions).toEqual(revisions);
    expect(read.requested?.revisions.resolved).toEqual(['1.2.3', B]);
    // No deployStartedAt in old versions: the end is the best there is.
    expect(read.history).toEqual([
      { revisions, startedAt: '2026-03-01T11:00:05Z', deployedAt: '2026-03-01T11:00:05Z' },
    ]);
  });

  test('a list of empty revisions gives way to the one revision', () => {
    const read = parseApplication(put(wire({ at: B }), 'status.sync.revisions', ['']));
    expect(read.comparison.revisions.resolved).toEqual([B]);
  });

  test('a full SHA that an operation resolved to another one is that of an annotated tag', () => {
    const tagsOf = (asked: string, resolved: string, more: object = {}) => {
      const state = {
        phase: 'Running',
        operation: { sync: { revision: asked } },
        syncResult: { revision: resolved },
        ...more,
      };
      return parseApplication(put(wire(), 'status.operationState', state)).operation?.tags;
    };
    expect(tagsOf(A, B)).toEqual([{ tag: A, commit: B }]);
    expect(tagsOf(B, B)).toBeUndefined();
    expect(tagsOf('main', B)).toBeUndefined();
    expect(tagsOf(A, '')).toBeUndefined();
    // A retry may be for a later revision than the one asked for.
    expect(tagsOf(A, B, { retryCount: 1 })).toBeUndefined();
  });

  test('what a source hydrator does is read', () => {
    const pair = { drySHA: A, hydratedSHA: B };
    const read = (sourceHydrator: object, spec: object | null = {}) => {
      const { hydrated, hydrator } = parseApplication(
        put(put(wire(), 'spec.sourceHydrator', spec), 'status.sourceHydrator', sourceHydrator),
      );
      return { hydrated, hydrator };
    };
    const failed = { phase: 'Failed', drySHA: A, message: 'no', startedAt: 's', finishedAt: 'f' };
    expect(
      read({
        lastSuccessfulOperation: pair,
        lastComparedDryRevision: A,
        currentOperation: failed,
      }),
    ).toEqual({
      hydrated: [{ dry: A, hydrated: B }],
      hydrator: {
        compared: A,
        current: { phase: 'Failed', dry: A, message: 'no', startedAt: 's', finishedAt: 'f' },
      },
    });
    const current = { ...pair, phase: 'Hydrated', startedAt: 's' };
    expect(read({ lastSuccessfulOperation: pair, currentOperation: current }).hydrated).toEqual([
      { dry: A, hydrated: B, since: 's' },
    ]);
    expect(read({})).toEqual({ hydrated: [], hydrator: { compared: '' } });
    // Taken out of the spec, and its last words are still there.
    const left = { lastSuccessfulOperation: pair, lastComparedDryRevision: A };
    expect(read(left, null)).toEqual({
      hydrated: [{ dry: A, hydrated: B }],
      hydrator: undefined,
    });
  });

  test('who owns it, who asked for its operation, and where health is kept are read', () => {
    const set = { kind: 'ApplicationSet', name: 'shops' };
    const rolling = { sync: {}, initiatedBy: { username: 'applicationset-controller' } };
    const owned = put(put(wire(), 'metadata.ownerReferences', [set]), 'operation', rolling);
    const read = parseApplication(put(owned, 'status.resourceHealthSource', 'appTree'));
    expect(read.applicationSet).toBe('shops');
    expect(read.requested?.rollingSync).toBe(true);
    expect(read.healthInTree).toBe(true);
    expect(Object.keys(parseApplication(wire()))).not.toContain('healthInTree');
  });

  test('the revision of an operation is what it was asked for until it is resolved', () => {
    const running = { phase: 'Running', operation: { sync: { revision: 'main' } } };
    const first = parseApplication(put(wire(), 'status.operationState', running));
    expect(first.operation?.revisions.resolved).toEqual(['main']);
    const resolved = { ...running, syncResult: { revision: B } };
    const then = parseApplication(put(wire(), 'status.operationState', resolved));
    expect(then.operation?.revisions.resolved).toEqual([B]);
  });

  test('a source hydrator names the dry source and its pairs', () => {
    const drySource = { repoURL: 'https://github.com/acme/shop', targetRevision: 'main' };
    const read = parseApplication({
      metadata: { namespace: 'argocd', name: 'hydrated' },
      spec: { sourceHydrator: { drySource, syncSource: { targetBranch: 'env/prod' } } },
      status: {
        sourceHydrator: {
          lastSuccessfulOperation: { drySHA: A, hydratedSHA: C40 },
          currentOperation: { drySHA: B, hydratedSHA: '' },
        },
      },
    });
    expect(read.sources).toEqual([{ ...drySource, chart: '' }]);
    expect(read.hydrated).toEqual([{ dry: A, hydrated: C40 }]);
  });

  test.each([
    [undefined, undefined, false],
    [{}, { prune: false, selfHeal: false }, false],
    [{ prune: true }, { prune: true, selfHeal: false }, true],
    [{ enabled: true, prune: true }, { prune: true, selfHeal: false }, true],
    [{ enabled: false, prune: true }, undefined, true],
    [{ enabled: null }, { prune: false, selfHeal: false }, false],
  ])('syncPolicy.automated %j', (automated, read, prune) => {
    const parsed = parseApplication(put(wire(), 'spec.syncPolicy', { automated }));
    expect(parsed.automated).toEqual(read);
    expect(parsed.prune).toBe(prune);
  });

  test('is called by namespace and name', () => {
    expect(keyOf(parseApplication(wire()))).toBe('argocd/shop');
    const web = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' };
    expect(resourceName(web)).toBe('apps/Deployment/shop/web');
    expect(resourceName({ group: '', kind: 'Namespace', namespace: '', name: 'shop' })).toBe(
      '/Namespace//shop',
    );
  });

  test.each(traceNames())('every object of recording %s is read', (name) => {
    for (const { object } of loadTrace(name).events) {
      expect(parseApplication(object).name).toBe(object.metadata.name);
    }
  });
});

const C40 = 'c'.repeat(40);

describe('without an identity it is an error that names the place', () => {
  test.each<[unknown, string]>([
    [undefined, 'Application must be an object, not undefined'],
    [null, 'Application must be an object, not null'],
    ['shop', 'Application must be an object, not string'],
    [[], 'Application must be an object, not a list'],
    [{}, 'Application.metadata.name must be a string, not empty'],
    [{ metadata: [] }, 'Application.metadata must be an object, not a list'],
    [{ metadata: { name: 'shop' } }, 'Application.metadata.namespace must be a string, not empty'],
    [{ metadata: { name: 7 } }, 'Application.metadata.name must be a string, not number'],
    [
      { metadata: { name: 'shop', namespace: 'argocd', uid: 1 } },
      'Application.metadata.uid must be a string, not number',
    ],
  ])('%j', (value, message) => {
    expect(() => parseApplication(value)).toThrow(new DecodeError(message));
  });

  test('and the place may be one in a list', () => {
    const value = { metadata: { name: 7 } };
    const place = 'line 3.items[1].metadata.name must be a string, not number';
    expect(() => parseApplication(value, 'line 3.items[1]')).toThrow(new DecodeError(place));
  });
});

describe('a wrong shape makes an Application unreadable, and the place is named', () => {
  const NAMED = 'Application argocd/shop';
  const RESULT = 'status.operationState.syncResult.resources';

  test.each<[string, unknown, string]>([
    ['metadata.labels', 'x', `${NAMED}.metadata.labels must be an object, not string`],
    ['metadata.labels.team', 1, `${NAMED}.metadata.labels.team must be a string, not number`],
    ['metadata.annotations', [], `${NAMED}.metadata.annotations must be an object, not a list`],
    ['metadata.deletionTimestamp', true, `${NAMED}.metadata.deletionTimestamp must be a string`],
    ['spec', 'x', `${NAMED}.spec must be an object, not string`],
    ['spec.source', [], `${NAMED}.spec.source must be an object, not a list`],
    ['spec.source.repoURL', 1, `${NAMED}.spec.source.repoURL must be a string, not number`],
    ['spec.sources', {}, `${NAMED}.spec.sources must be a list, not object`],
    ['spec.sources', [{}, 'x'], `${NAMED}.spec.sources[1] must be an object, not string`],
    [
      'spec.sources',
      [{ chart: [] }],
      `${NAMED}.spec.sources[0].chart must be a string, not a list`,
    ],
    ['spec.sourceHydrator', 1, `${NAMED}.spec.sourceHydrator must be an object, not number`],
    ['spec.destination.server', {}, `${NAMED}.spec.destination.server must be a string`],
    ['spec.syncPolicy.automated', true, `${NAMED}.spec.syncPolicy.automated must be an object`],
    [
      'spec.syncPolicy.automated.prune',
      'true',
      `${NAMED}.spec.syncPolicy.automated.prune must be a boolean, not string`,
    ],
    [
      'spec.syncPolicy.syncOptions',
      [1],
      `${NAMED}.spec.syncPolicy.syncOptions[0] must be a string`,
    ],
    ['spec.syncPolicy.retry', 5, `${NAMED}.spec.syncPolicy.retry must be an object, not number`],
    ['operation', 'x', `${NAMED}.operation must be an object, not string`],
    ['operation.sync.revision', 1, `${NAMED}.operation.sync.revision must be a string`],
    ['operation.sync.revisions', [1], `${NAMED}.operation.sync.revisions[0] must be a string`],
    ['operation.sync.dryRun', 1, `${NAMED}.operation.sync.dryRun must be a boolean, not number`],
    ['operation.sync.resources', 'x', `${NAMED}.operation.sync.resources must be a list`],
    ['operation.initiatedBy.automated', 'x', `${NAMED}.operation.initiatedBy.automated must be a`],
    ['status', 1, `${NAMED}.status must be an object, not number`],
    ['status.sync', 'Synced', `${NAMED}.status.sync must be an object, not string`],
    ['status.sync.status', 1, `${NAMED}.status.sync.status must be a string, not number`],
    ['status.sync.comparedTo', 1, `${NAMED}.status.sync.comparedTo must be an object`],
    ['status.health.status', [], `${NAMED}.status.health.status must be a string, not a list`],
    ['status.reconciledAt', 5, `${NAMED}.status.reconciledAt must be a string, not number`],
    ['status.operationState', 'x', `${NAMED}.status.operationState must be an object`],
    [
      'status.operationState.phase',
      'Paused',
      `${NAMED}.status.operationState.phase must be one of Running, Terminating, Succeeded, Failed, Error, not Paused`,
    ],
    ['status.operationState.phase', '', `${NAMED}.status.operationState.phase must be a string`],
    [
      'status.operationState.retryCount',
      1.5,
      `${NAMED}.status.operationState.retryCount must be a whole number, not number`,
    ],
    [
      'status.operationState.operation.retry.limit',
      '5',
      `${NAMED}.status.operationState.operation.retry.limit must be a whole number, not string`,
    ],
    [RESULT, {}, `${NAMED}.${RESULT} must be a list, not object`],
    ['status.history.0', 1, `${NAMED}.status.history[0] must be an object, not number`],
    ['status.history.0.deployedAt', 1, `${NAMED}.status.history[0].deployedAt must be a string`],
    ['status.history.0.source', 1, `${NAMED}.status.history[0].source must be an object`],
    ['status.conditions.0.type', 1, `${NAMED}.status.conditions[0].type must be a string`],
    [
      'status.summary.images',
      [{}],
      `${NAMED}.status.summary.images[0] must be a string, not object`,
    ],
    ['status.sourceHydrator', 'x', `${NAMED}.status.sourceHydrator must be an object`],
    [
      'status.sourceHydrator.currentOperation.drySHA',
      1,
      `${NAMED}.status.sourceHydrator.currentOperation.drySHA must be a string`,
    ],
  ])('%s as %j', (path, value, message) => {
    const read = parseApplication(put(FULL, path, value));
    expect(read.unreadable).toContain(message);
    expect(read).toMatchObject({ namespace: 'argocd', name: 'shop', history: [], sources: [] });
    expect(read).toMatchObject({ uid: parseApplication(FULL).uid, comparison: { resources: [] } });
  });

  test('what is foreign in the message is short', () => {
    const phase = 'x'.repeat(100_000);
    const read = parseApplication(put(FULL, 'status.operationState.phase', phase));
    expect(read.unreadable?.length).toBeLessThan(300);
  });

  test('a field that decides nothing may have any shape', () => {
    const odd = put(put(FULL, 'spec.project', 7), 'status.observedAt', []);
    expect(parseApplication(odd)).toEqual({ ...parseApplication(FULL), project: 'default' });
  });
});

describe('a wrong shape within one resource is told, and does not take the others with it', () => {
  const NAMED = 'Application argocd/shop';
  const RESULT = 'status.operationState.syncResult.resources';

  test.each<[string, unknown, string]>([
    [`${RESULT}.0`, null, `${NAMED}.${RESULT}[0] must be an object, not null`],
    [`${RESULT}.0.kind`, undefined, `${NAMED}.${RESULT}[0].kind must be a string, not empty`],
    [`${RESULT}.0.name`, 7, `${NAMED}.${RESULT}[0].name must be a string, not number`],
    [`${RESULT}.0.message`, 7, `${NAMED}.${RESULT}[0].message must be a string, not number`],
    ['status.resources.0', 'x', `${NAMED}.status.resources[0] must be an object, not string`],
    [`${RESULT}.0.images`, 'x', `${NAMED}.${RESULT}[0].images must be a list, not string`],
    ['status.resources.0.kind', undefined, `${NAMED}.status.resources[0].kind must be a string`],
    ['status.resources.0.health', 'x', `${NAMED}.status.resources[0].health must be an object`],
    ['status.resources.0.syncWave', '1', `${NAMED}.status.resources[0].syncWave must be a whole`],
    ['status.resources.0.hook', 'no', `${NAMED}.status.resources[0].hook must be a boolean`],
    [
      'status.resources.0.requiresPruning',
      1,
      `${NAMED}.status.resources[0].requiresPruning must be a boolean`,
    ],
  ])('%s as %j', (path, value, message) => {
    const whole = parseApplication(FULL);
    const read = parseApplication(put(FULL, path, value));
    expect(read.unreadable).toBeUndefined();
    expect(read.unreadableResources).toHaveLength(1);
    expect(read.unreadableResources?.[0]).toContain(message);
    expect(read.comparison.resources.slice(1)).toEqual(whole.comparison.resources.slice(1));
    expect(read.operation?.results.slice(1)).toEqual(whole.operation?.results.slice(1));
    expect(read.operation?.phase).toBe(whole.operation?.phase);
  });

  test('of several, each', () => {
    const bad = put(put(FULL, `${RESULT}.0.version`, 1), 'status.resources.0.version', 1);
    expect(parseApplication(bad).unreadableResources).toHaveLength(2);
  });
});

describe('a resource with a generateName', () => {
  const job = { group: 'batch', kind: 'Job', namespace: 'shop', version: 'v1' };
  const failed = { ...job, name: '', status: 'SyncFailed' };
  const message = 'from once-: cannot use generate name with apply';
  const read = (resources: readonly object[], results: readonly object[]) =>
    parseApplication(
      put(put(wire(), 'status.resources', resources), 'status.operationState', {
        phase: 'Failed',
        syncResult: { resources: results },
      }),
    );
  const namesOf = (application: ReturnType<typeof read>) => [
    application.comparison.resources.map(({ name }) => name),
    application.operation?.results.map(({ name }) => name),
  ];

  test('is called by it where Argo CD tells it', () => {
    const application = read([{ ...job, status: 'OutOfSync' }], [{ ...failed, message }]);
    expect(application).not.toHaveProperty('unreadableResources');
    expect(namesOf(application)).toEqual([['once-'], ['once-']]);
  });

  test.each([
    ['by no message', [job], [{ ...failed, message: 'forbidden' }], [[''], ['']]],
    ['by nothing', [job], [], [[''], []]],
    [
      'by the one of another kind',
      [{ ...job, kind: 'Pod' }],
      [{ ...failed, message }],
      [[''], ['once-']],
    ],
    [
      'by two',
      [job],
      [
        { ...failed, message },
        { ...failed, message: message.replace('once', 'twice') },
      ],
      [[''], ['once-', 'twice-']],
    ],
  ])('is without a name where it is told %s', (_, resources, results, names) => {
    expect(namesOf(read(resources, results))).toEqual(names);
  });
});

describe('what others say is kept without its middle where it is long', () => {
  const LONG = `configmap/settings unchanged. ${'/'.repeat(100_000)} end`;
  const hydrated = put(FULL, 'spec.sourceHydrator', {});
  const place = (path: string) => put(hydrated, path, LONG);

  test.each<[string, (read: ReturnType<typeof parseApplication>) => string | undefined]>([
    ['status.health.message', (read) => read.health.message],
    ['status.conditions.0.message', (read) => read.conditions[0]?.message],
    ['status.operationState.message', (read) => read.operation?.message],
    ['status.resources.0.health.message', (read) => read.comparison.resources[0]?.healthMessage],
    [
      'status.operationState.syncResult.resources.0.message',
      (read) => read.operation?.results[0]?.message,
    ],
    ['status.sourceHydrator.currentOperation.message', (read) => read.hydrator?.current?.message],
  ])('%s', (path, messageOf) => {
    const message = messageOf(parseApplication(place(path))) ?? '';
    expect(message).toHaveLength(4000);
    expect(message).toMatch(/^configmap\/settings unchanged\. \/+…\/+ end$/);
  });

  test('a result says that it is', () => {
    const path = 'status.operationState.syncResult.resources.0.message';
    expect(parseApplication(place(path)).operation?.results[0]).toMatchObject({ cut: true });
    const whole = put(FULL, path, 'x'.repeat(4000));
    expect(parseApplication(whole).operation?.results[0]).not.toHaveProperty('cut');
  });
});

test.each([
  ['true', true],
  ['1', true],
  ['false', undefined],
  ['yes', undefined],
])('skip-reconcile: "%s"', (value, skipped) => {
  const path = 'metadata.annotations';
  const read = parseApplication(put(wire(), path, { 'argocd.argoproj.io/skip-reconcile': value }));
  expect(read.skipped).toBe(skipped);
});
