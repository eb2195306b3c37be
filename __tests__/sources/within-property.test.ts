import { describe, test } from '@jest/globals';
import * as fc from 'fast-check';
import { causesOf } from '../../src/core/result/causes.js';
import { rememberHooks, withSeenHooks } from '../../src/core/within/hooks.js';
import { podFailuresOf } from '../../src/core/within/pod-failures.js';
import { nodesToAskAbout, podsToRead, rolloutsToRead } from '../../src/core/within/questions.js';
import type { ResourceTree, TreeNode } from '../../src/core/within/tree.js';
import { treeIn } from '../../src/sources/argocd/tree.js';
import { tellingEventsIn } from '../../src/sources/events.js';
import { WORKLOADS } from '../../src/sources/kubernetes/workloads.js';
import { analysisNode, rolloutIn } from '../../src/sources/live-rollout.js';

const RUNS = { seed: 20_261_125, numRuns: 300 };

/** Few words, so that what is made of them has relatives. */
const UID = fc.constantFrom('a', 'b', 'c', 'd', '');
const KIND = fc.constantFrom(
  'ControllerRevision',
  'Pod',
  'ReplicaSet',
  'Deployment',
  'Job',
  'Rollout',
  'AnalysisRun',
  'X',
);
const ANY = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined));
const REASON = fc.constantFrom('Init:ErrImagePull', 'Error', 'Running', 'Evicted', 'Init:', '0/1');

const NODE = fc.record({
  kind: fc.oneof(KIND, ANY),
  group: fc.oneof(fc.constantFrom('', 'apps', 'argoproj.io'), ANY),
  name: fc.oneof(UID, ANY),
  uid: fc.oneof(UID, ANY),
  parentRefs: fc.oneof(fc.array(fc.record({ uid: UID }), { maxLength: 2 }), ANY),
  health: fc.oneof(
    fc.record({
      status: fc.constantFrom('Healthy', 'Degraded', 'Progressing', 'Suspended'),
      message: fc.oneof(fc.constantFrom('RolloutAborted: analysis', 'x'), ANY),
    }),
    ANY,
  ),
  info: fc.oneof(
    fc.array(fc.record({ name: fc.constant('Status Reason'), value: fc.oneof(REASON, ANY) })),
    ANY,
  ),
  networkingInfo: ANY,
  images: ANY,
});

const STRATEGY = fc.oneof(fc.record({ canary: fc.record({ steps: ANY }), blueGreen: ANY }), ANY);

/** Asks a tree everything that is asked of one. */
function askAll(tree: ResourceTree): void {
  const hooks = new Map([['batch/Job//a', 'PreSync']]);
  const seen = withSeenHooks(tree, rememberHooks(new Map(), tree, hooks, new Set()));
  for (const each of [tree, seen]) {
    causesOf(each, { application: 'shop', namespace: 'shop', hooks });
    podFailuresOf(each, hooks);
    podsToRead(each, 5);
    rolloutsToRead(each, 5);
    nodesToAskAbout(each, 5);
  }
}

describe('whatever a server says is within', () => {
  test('a tree of the Argo CD API', () => {
    fc.assert(
      fc.property(fc.array(NODE), ANY, (nodes, events) => {
        const tree = treeIn({ nodes });
        askAll({ ...tree, events: tellingEventsIn(events, 'a') });
      }),
      RUNS,
    );
  });

  test('objects of the Kubernetes API', () => {
    const object = fc.record({
      metadata: fc.oneof(fc.record({ uid: UID, name: ANY, annotations: ANY, labels: ANY }), ANY),
      spec: fc.oneof(fc.record({ strategy: STRATEGY, paused: ANY }), ANY),
      status: fc.oneof(
        fc.record({
          ...{ abort: ANY, currentStepIndex: ANY, pauseConditions: ANY, phase: ANY, message: ANY },
          metricResults: fc.oneof(fc.array(fc.record({ name: ANY, phase: ANY })), ANY),
          conditions: fc.oneof(fc.array(fc.record({ type: ANY, status: ANY, reason: ANY })), ANY),
          containerStatuses: fc.oneof(fc.array(fc.record({ state: ANY, lastState: ANY })), ANY),
        }),
        ANY,
      ),
    });
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        const nodes = objects.flatMap((each): readonly TreeNode[] => [
          ...WORKLOADS.map(({ node }) => node(each)),
          { ...analysisNode(each), ...rolloutIn(each) },
        ]);
        askAll({ nodes, events: [], truncated: false });
      }),
      RUNS,
    );
  });
});
