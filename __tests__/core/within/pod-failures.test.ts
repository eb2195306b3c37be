import { describe, expect, test } from '@jest/globals';
import {
  hopelessAt,
  hopelessFailure,
  NO_FAILURES,
  observePodFailures,
  type PodFailures,
} from '../../../src/core/within/lasting-failures.js';
import { type PodFailure, podFailuresOf } from '../../../src/core/within/pod-failures.js';
import {
  container,
  ended,
  NEW,
  node,
  OLD,
  pod,
  RUNNING,
  rollout,
  tree,
  waits,
} from '../support/tree.ts';

const NO_HOOKS = new Map<string, string>();

describe('what only a change can start', () => {
  test.each([
    ...['ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull'],
    ...['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'],
    'CrashLoopBackOff',
  ])('%s, in a container of any role', (reason) => {
    for (const role of ['container', 'init', 'sidecar'] as const) {
      const failing = waits(reason, '', { role, name: 'x' });
      const found = podFailuresOf(tree(rollout(pod('p', NEW, [RUNNING, failing]))), NO_HOOKS);
      expect(found).toEqual([{ pod: 'uid-Pod-p', container: 'x', reason, resource: WEB }]);
    }
  });

  test.each<[string, readonly Parameters<typeof pod>[]]>([
    ['a container that is made', [['p', NEW, [waits('ContainerCreating')]]]],
    ['one that ended, and may be started again', [['p', NEW, [ended(1)]]]],
    ['one that runs and is not ready', [['p', NEW, [container({ running: true })]]]],
    ['a pod of the old version', [['p', OLD, [waits('CrashLoopBackOff')]]]],
    ['a pod on its way out', [['p', NEW, [waits('CrashLoopBackOff')], { deleting: true }]]],
  ])('not: %s', (_, pods) => {
    const nodes = rollout(...pods.map((each) => pod(...each)));
    expect(podFailuresOf(tree(nodes), NO_HOOKS)).toEqual([]);
  });

  test('not: a hook, which its operation may run again', () => {
    const job = node('Job/migrate');
    const seen = tree([job, pod('migrate-x', job, [waits('ImagePullBackOff')])]);
    expect(podFailuresOf(seen, NO_HOOKS)).toHaveLength(1);
    expect(podFailuresOf(seen, new Map([['batch/Job/shop/migrate', 'PreSync']]))).toEqual([]);
  });
});

const WEB = 'apps/Deployment/shop/web';
const A: PodFailure = { pod: 'a', container: 'main', reason: 'ErrImagePull', resource: WEB };
const A_LATER: PodFailure = { ...A, reason: 'ImagePullBackOff' };
const A_UNNAMED: PodFailure = { ...A, container: '' };
const A_SIDECAR: PodFailure = { ...A, container: 'proxy' };
const B: PodFailure = { ...A, pod: 'b' };

type Look = readonly [seconds: number, found: readonly PodFailure[]];

function following(looks: readonly Look[]): PodFailures {
  return looks.reduce<PodFailures>(
    (known, [seconds, found]) => observePodFailures(known, found, { elapsed: seconds * 1000 }),
    NO_FAILURES,
  );
}

describe('a failure that lasts', () => {
  test.each<[string, number, readonly Look[], string | undefined]>([
    ['one look is not enough', 0, [[10, [A]]], undefined],
    [
      'two looks in a row, with no grace',
      0,
      [
        [10, [A]],
        [20, [A]],
      ],
      'a',
    ],
    [
      'two looks within the grace',
      60,
      [
        [10, [A]],
        [20, [A]],
      ],
      undefined,
    ],
    [
      'exactly the grace is not longer than it',
      60,
      [
        [10, [A]],
        [40, [A]],
        [70, [A]],
      ],
      undefined,
    ],
    [
      'longer than the grace',
      60,
      [
        [10, [A]],
        [40, [A]],
        [71, [A]],
      ],
      'a',
    ],
    [
      'another reason in between',
      30,
      [
        [10, [A]],
        [30, [A_LATER]],
        [50, [A]],
      ],
      'a',
    ],
    [
      'one that recovers in between starts again',
      15,
      [
        [10, [A]],
        [20, []],
        [30, [A]],
      ],
      undefined,
    ],
    [
      'and may fail for good then',
      5,
      [
        [10, [A]],
        [20, []],
        [30, [A]],
        [40, [A]],
      ],
      'a',
    ],
    [
      'two that take turns are none',
      0,
      [
        [10, [A]],
        [20, [B]],
        [30, [A]],
      ],
      undefined,
    ],
    [
      'two containers of a pod that take turns',
      0,
      [
        [10, [A]],
        [20, [A_SIDECAR]],
      ],
      undefined,
    ],
    [
      'one of two that lasts',
      0,
      [
        [10, [A, B]],
        [20, [B]],
      ],
      'b',
    ],
    [
      'a container whose name one look knows',
      0,
      [
        [10, [A_UNNAMED]],
        [20, [A]],
      ],
      'a',
    ],
    [
      'never',
      Number.POSITIVE_INFINITY,
      [
        [10, [A]],
        [9_999, [A]],
      ],
      undefined,
    ],
  ])('%s', (_, graceSeconds, looks, expected) => {
    const [last = 0] = looks.at(-1) ?? [];
    const failure = hopelessFailure(
      following(looks),
      { elapsed: last * 1000 },
      graceSeconds * 1000,
    );
    expect(failure?.pod).toBe(expected);
  });

  test('time alone makes none of it: the second look may be late', () => {
    const once = following([[10, [A]]]);
    expect(hopelessFailure(once, { elapsed: 600_000 }, 0)).toBeUndefined();
  });
});

describe('when a failure becomes hopeless, if no look finds it gone', () => {
  const TWO: readonly Look[] = [
    [10, [A]],
    [20, [A]],
  ];
  test.each<[string, readonly Look[], number, number | undefined]>([
    ['a moment after the grace', TWO, 30_000, 40_001],
    [
      'the first of several',
      [
        [5, [B]],
        [10, [A, B]],
        [20, [A, B]],
      ],
      30_000,
      35_001,
    ],
    ['not by one look', [[20, [A]]], 30_000, undefined],
    ['not in the past', TWO, 5_000, undefined],
    ['never, where that is asked for', TWO, Number.POSITIVE_INFINITY, undefined],
  ])('%s', (_, looks, graceMs, at) => {
    expect(hopelessAt(following(looks), { elapsed: 20_000 }, graceMs)).toBe(at);
  });
});
