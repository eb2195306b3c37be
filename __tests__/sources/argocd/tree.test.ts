import { describe, expect, test } from '@jest/globals';
import { treeIn } from '../../../src/sources/argocd/tree.js';

interface Told {
  readonly reason: string;
  readonly message?: string;
  readonly images?: readonly string[];
  readonly info?: Readonly<Record<string, string>>;
}

/** The state of a pod of which the tree says this. */
function podOf({ reason, message = '', images = ['web:2'], info = {} }: Told) {
  const items = { 'Status Reason': reason, Containers: '0/1', ...info };
  const { nodes } = treeIn({
    nodes: [
      {
        ...{ version: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'u' },
        ...{ images, health: { status: 'Degraded', message } },
        info: Object.entries(items).map(([name, value]) => ({ name, value })),
      },
    ],
  });
  return nodes[0]?.pod;
}

describe('the one state that a tree has of a pod', () => {
  const none = { role: 'container', name: '', image: 'web:2', restarts: 0, running: false };

  test.each<[Told, Readonly<Record<string, unknown>>]>([
    [
      { reason: 'ImagePullBackOff', message: 'not found' },
      { ...none, waiting: { reason: 'ImagePullBackOff', message: 'not found' } },
    ],
    [
      { reason: 'CrashLoopBackOff', info: { 'Restart Count': '5' } },
      { ...none, restarts: 5, waiting: { reason: 'CrashLoopBackOff', message: '' } },
    ],
    [
      { reason: 'Init:CrashLoopBackOff' },
      { ...none, role: 'init', waiting: { reason: 'CrashLoopBackOff', message: '' } },
    ],
    [{ reason: 'Init:0/2' }, { ...none, role: 'init', waiting: { reason: '', message: '' } }],
    [{ reason: 'ContainerCreating' }, { waiting: { reason: 'ContainerCreating', message: '' } }],
    [{ reason: 'Pending' }, { waiting: { reason: '', message: '' } }],
    [
      { reason: 'Error', message: 'container "main" failed with exit code 3' },
      {
        ...none,
        name: 'main',
        terminated: { reason: 'Error', exitCode: 3, message: '', finishedAt: '' },
      },
    ],
    [
      { reason: 'Error', message: 'no config' },
      { terminated: { reason: 'Error', message: 'no config', finishedAt: '' } },
    ],
    [
      { reason: 'OOMKilled', message: 'OOMKilled' },
      { terminated: { reason: 'OOMKilled', message: '', finishedAt: '' } },
    ],
    [
      { reason: 'ExitCode:7' },
      { terminated: { reason: 'Error', exitCode: 7, message: '', finishedAt: '' } },
    ],
    [
      { reason: 'Init:Signal:9' },
      { role: 'init', terminated: { reason: 'Signal:9', message: '', finishedAt: '' } },
    ],
    [
      { reason: 'Running', images: ['a', 'b'] },
      { running: true, ready: false, image: '' },
    ],
    [
      { reason: 'Running', info: { Containers: '2/2' } },
      { running: true, ready: true },
    ],
  ])('%j', (told, expected) => {
    expect(podOf(told)?.containers).toEqual([expect.objectContaining(expected)]);
  });

  test.each<[string, object]>([
    ['Terminating', { deleting: true }],
    ['Completed', { phase: 'Succeeded' }],
    ['Evicted', { phase: 'Failed', reason: 'Evicted', message: 'low on memory', containers: [] }],
  ])('of the pod itself: %s', (reason, expected) => {
    expect(podOf({ reason, message: 'low on memory' })).toMatchObject(expected);
  });
});

describe('whatever a server answers', () => {
  test.each([null, [], 'tree', 7, {}, { nodes: null }, { nodes: {} }, { nodes: 'x' }])(
    '%j is an empty tree',
    (answer) => {
      expect(treeIn(answer)).toEqual({ nodes: [], events: [], truncated: false });
    },
  );

  test('nodes of no shape', () => {
    const nodes = [null, 7, { kind: 3, name: {}, info: 'x', health: [], parentRefs: [null] }];
    const pods = [{ kind: 'Pod', info: [null], images: 'x', networkingInfo: 7 }];
    expect(treeIn({ nodes: [...nodes, ...pods] }).nodes).toHaveLength(4);
  });

  test('texts are cut, and so are trees', () => {
    const long = { kind: 'Widget', health: { status: 'Degraded', message: 'x'.repeat(100_000) } };
    expect(treeIn({ nodes: [long] }).nodes[0]?.healthMessage).toHaveLength(2000);
    const tree = treeIn({ nodes: Array.from({ length: 20_001 }, () => ({ kind: 'Widget' })) });
    expect(tree.nodes).toHaveLength(20_000);
    expect(tree.truncated).toBe(true);
  });
});
