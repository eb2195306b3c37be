import { describe, expect, test } from '@jest/globals';
import { parseApplication } from '../../../src/core/application/parse.js';
import { causesOf } from '../../../src/core/result/causes.js';
import {
  hooksOf,
  rememberHooks,
  type SeenHooks,
  withSeenHooks,
} from '../../../src/core/within/hooks.js';
import type { ResourceTree } from '../../../src/core/within/tree.js';
import { ended, node, pod, RUNNING, tree, waits } from '../support/tree.ts';

const NO_HOOKS: SeenHooks = new Map();
const HOOKS = new Map([['batch/Job/shop/smoke', 'PostSync']]);
const NONE: ReadonlySet<string> = new Set();
const JOB = node('Job/smoke');
const FAILED = node('Job/smoke', { health: 'Degraded', healthMessage: 'backoff limit' });
const SECOND = node('Job/smoke', { uid: 'second' });
const POD = pod('smoke-1', JOB, [ended(3)]);
const WITH_POD = tree([FAILED, POD]);
const NOTHING = tree([]);

function told(...looks: readonly ResourceTree[]): readonly string[] {
  const seen = looks.reduce<SeenHooks>((s, look) => rememberHooks(s, look, HOOKS, NONE), NO_HOOKS);
  const last = withSeenHooks(looks.at(-1) ?? NOTHING, seen);
  const options = { application: 'shop', namespace: 'shop', hooks: HOOKS };
  return causesOf(last, options).map(({ message }) => message);
}

const EXIT = 'PostSync hook Job/smoke: container main failed (Error, exit code 3, pod smoke-1)';

describe('what was seen of a hook', () => {
  test.each<[string, readonly ResourceTree[], readonly string[]]>([
    ['while it is there', [WITH_POD], [EXIT]],
    ['after its delete policy took it away', [WITH_POD, NOTHING], [EXIT]],
    ['after its pod is gone and its Job is not', [WITH_POD, tree([FAILED])], [EXIT]],
    ['while the next attempt is about to start', [WITH_POD, tree([SECOND])], [EXIT]],
    [
      'while the next attempt runs',
      [WITH_POD, tree([SECOND, pod('smoke-2', SECOND, [RUNNING])])],
      [EXIT],
    ],
    [
      'the next attempt failed in another way',
      [WITH_POD, tree([SECOND, pod('smoke-2', SECOND, [ended(4)])]), NOTHING],
      [EXIT.replace('3', '4').replace('smoke-1', 'smoke-2')],
    ],
    [
      'it succeeded in the end',
      [WITH_POD, tree([node('Job/smoke', { uid: 'second', health: 'Healthy' })]), NOTHING],
      [],
    ],
    [
      'a Job of which no pod was seen',
      [tree([FAILED]), NOTHING],
      ['PostSync hook Job/smoke is Degraded: backoff limit'],
    ],
    [
      'one whose image cannot be pulled',
      [tree([JOB, pod('smoke-1', JOB, [waits('ErrImagePull', '', { image: 'x:1' })])]), NOTHING],
      ['PostSync hook Job/smoke cannot pull x:1 (ErrImagePull, pod smoke-1)'],
    ],
    [
      'a pod of which one container failed',
      [
        tree([JOB, pod('smoke-1', JOB, [ended(3), ended(0, 'Completed', { name: 'proxy' })])]),
        NOTHING,
      ],
      [EXIT],
    ],
    [
      'a pod that was evicted',
      [
        tree([
          JOB,
          pod('smoke-1', JOB, [], { phase: 'Failed', reason: 'Evicted', message: 'no memory' }),
        ]),
        NOTHING,
      ],
      ['PostSync hook Job/smoke: a pod failed (Evicted, pod smoke-1): no memory'],
    ],
    ['one that was well when it was seen', [tree([JOB, pod('s', JOB, [RUNNING])]), NOTHING], []],
  ])('%s', (_, looks, expected) => {
    expect(told(...looks)).toEqual(expected);
  });

  test('other resources are not remembered', () => {
    const web = node('Deployment/web', { health: 'Degraded' });
    const broken = tree([web, pod('web-1', web, [ended(1)])]);
    expect(rememberHooks(NO_HOOKS, broken, HOOKS, NONE)).toEqual(NO_HOOKS);
  });

  test('a hook that is a pod is remembered once, and of many pods and hooks some', () => {
    const alone = pod('smoke', undefined, [ended(3)]);
    const podHook = new Map([['/Pod/shop/smoke', 'Sync']]);
    const ofPod = rememberHooks(NO_HOOKS, tree([alone]), podHook, NONE);
    expect([...ofPod.values()]).toEqual([[alone]]);
    const pods = Array.from({ length: 12 }, (_, i) => pod(`smoke-${i}`, JOB, [ended(3)]));
    const ofMany = rememberHooks(NO_HOOKS, tree([FAILED, ...pods]), HOOKS, NONE);
    expect([...ofMany.values()].map(({ length }) => length)).toEqual([11]);
    const jobs = Array.from({ length: 60 }, (_, i) => node(`Job/j${i}`, { health: 'Degraded' }));
    const names = new Map(jobs.map(({ name }) => [`batch/Job/shop/${name}`, 'Sync']));
    const remembered = [...rememberHooks(NO_HOOKS, tree(jobs), names, NONE).keys()];
    expect([remembered.length, remembered.at(-1)]).toEqual([50, 'batch/Job/shop/j59']);
  });

  test('a look that tells enough stays as it is', () => {
    const seen = rememberHooks(NO_HOOKS, WITH_POD, HOOKS, NONE);
    expect(withSeenHooks(WITH_POD, seen)).toBe(WITH_POD);
    expect(withSeenHooks(NOTHING, NO_HOOKS)).toBe(NOTHING);
  });
});

test('hooks of an Application: those of its operation, and those left behind', () => {
  const resource = { kind: 'Job', group: 'batch', namespace: 'shop', version: 'v1' };
  const results = [
    { ...resource, name: 'smoke', hookType: 'PostSync', syncPhase: 'PostSync', status: '' },
    { ...resource, name: 'import', status: 'Synced' },
  ];
  const application = parseApplication({
    metadata: { namespace: 'argocd', name: 'shop' },
    status: {
      operationState: { phase: 'Running', syncResult: { resources: results } },
      resources: [
        { ...resource, name: 'smoke', hook: true },
        { ...resource, name: 'old', hook: true },
        { ...resource, name: 'import' },
      ],
    },
  });
  expect(Object.fromEntries(hooksOf(application))).toEqual({
    'batch/Job/shop/smoke': 'PostSync',
    'batch/Job/shop/old': '',
  });
});
