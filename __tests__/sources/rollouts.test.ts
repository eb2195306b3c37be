import { afterEach, describe, expect, test } from '@jest/globals';
import { podFailuresOf } from '../../src/core/within/pod-failures.js';
import type { Inspector } from '../../src/sources/inspector.js';
import type { KubeObject } from '../support/api-server.ts';
import { eventsIn, resourceTreeOf } from '../support/resource-tree.ts';
import {
  abortedFor,
  analysisRun,
  FAILED_METRIC,
  FAILED_RUN,
  METRICS,
  pausedFor,
  pod,
  replicaSet,
  rollout,
} from '../support/rollouts.ts';
import { managing, NEVER, overArgocd, overKubernetes, read, told } from './inspectors.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const SHOP = managing([
  { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', namespace: 'shop', name: 'web' },
]);
const NEVER_ASKED = () => true;

type Asked = readonly { readonly path: string }[];

interface Way {
  readonly inspector: Inspector;
  readonly requests: Asked;
}

async function byArgocd(live: readonly KubeObject[], allowed = NEVER_ASKED): Promise<Way> {
  const within = () => ({ tree: { ...resourceTreeOf(live) }, events: eventsIn(live) });
  const refused = { kind: 'status', code: 403 } as const;
  const { server, inspector, close } = await overArgocd({
    ...{ objects: [SHOP], live, within },
    intercept: ({ path }) => (path.endsWith('/resource') && !allowed() ? refused : undefined),
  });
  closing.push(close);
  return { inspector, requests: server.requests };
}

async function byKubernetes(live: readonly KubeObject[], allowed = NEVER_ASKED): Promise<Way> {
  const { server, inspector, close } = await overKubernetes({
    live,
    authorize: ({ resource }) => !resource.startsWith('analysisruns') || allowed(),
  });
  closing.push(close);
  return { inspector, requests: server.requests };
}

const WAYS = [
  ['argocd', byArgocd],
  ['kubernetes', byKubernetes],
] as const;

const PROMOTE =
  'it waits for a person to resume it (kubectl argo rollouts promote web --namespace shop)';
const BY_ANALYSIS = abortedFor(`Step-based analysis phase error/failed: ${FAILED_METRIC}`);
const SETS = [replicaSet('old'), replicaSet('new')];
const WAITING = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } };

describe.each(WAYS)('a Rollout by the API of %s', (_, open) => {
  test.each<[string, readonly KubeObject[], readonly string[]]>([
    [
      'paused until a person resumes it',
      [rollout({ status: pausedFor('CanaryPauseStep', 1) }), ...SETS],
      [`Rollout/web is paused at step 2 of 5 (RolloutPaused, weight 20 %): ${PROMOTE}`],
    ],
    [
      'paused for a while, with the weight that the traffic router has',
      [
        rollout({
          status: {
            ...pausedFor('CanaryPauseStep', 4),
            canary: { weights: { canary: { weight: 55 } } },
          },
        }),
        ...SETS,
      ],
      [
        'Rollout/web is paused at step 5 of 5 (RolloutPaused, weight 55 %): it goes on by itself 10m after 2026-03-01T12:00:00Z',
      ],
    ],
    [
      'that a person has just resumed',
      [rollout({ status: { ...pausedFor('CanaryPauseStep', 1), pauseConditions: null } }), ...SETS],
      ['Rollout/web is paused at step 2 of 5 (RolloutPaused, weight 20 %): it is about to go on'],
    ],
    [
      'paused by its spec',
      [rollout({ paused: true, status: { phase: 'Paused', message: 'manually paused' } }), ...SETS],
      [
        `Rollout/web is paused at step 1 of 5 (RolloutPaused, weight 20 %): \`spec.paused\` is true; ${PROMOTE}`,
      ],
    ],
    [
      'paused before a blue-green promotion',
      [
        rollout({
          blueGreen: { activeService: 'web', autoPromotionEnabled: false },
          status: pausedFor('BlueGreenPause'),
        }),
        ...SETS,
      ],
      [`Rollout/web is paused before its promotion (RolloutPaused): ${PROMOTE}`],
    ],
    [
      'that is promoted by itself',
      [
        rollout({
          blueGreen: { activeService: 'web', autoPromotionSeconds: 30 },
          status: pausedFor('BlueGreenPause'),
        }),
        ...SETS,
      ],
      [
        'Rollout/web is paused before its promotion (RolloutPaused): it goes on by itself 30s after 2026-03-01T12:00:00Z',
      ],
    ],
    [
      'paused by an analysis that decides nothing',
      [
        rollout({ status: pausedFor('InconclusiveAnalysisRun', 2) }),
        ...SETS,
        analysisRun('Inconclusive', {
          metricResults: [
            { name: 'latency', phase: 'Inconclusive', measurements: [{ value: '[310]' }] },
          ],
        }),
      ],
      [
        expect.stringMatching(
          /^Rollout\/web is paused at step 3 of 5 \(RolloutPaused, weight 20 %\): metric latency of AnalysisRun web-6cfb658bb6-2-2 was inconclusive \(last value \[310\]\).*; it waits for a person/,
        ) as unknown as string,
      ],
    ],
    [
      'aborted by an analysis: the metric of the newest one that failed',
      [
        rollout({ status: BY_ANALYSIS }),
        ...SETS,
        analysisRun('Failed', {
          ...{ name: 'web-5676558db-1-2', revision: 1, createdAt: '2026-03-01T14:00:00Z' },
        }),
        analysisRun('Failed', { name: 'web-6cfb658bb6-2', createdAt: '2026-03-01T11:00:00Z' }),
        FAILED_RUN,
        analysisRun('Successful', {
          name: 'web-6cfb658bb6-2-3',
          createdAt: '2026-03-01T13:00:00Z',
        }),
      ],
      [
        'Rollout/web was aborted (RolloutAborted): metric success-rate of AnalysisRun web-6cfb658bb6-2-2 failed (last value [0.87]): failed (1) > failureLimit (0)',
      ],
    ],
    [
      'aborted by an analysis without a message: its first metric that is no dry run',
      [
        rollout({ status: BY_ANALYSIS }),
        ...SETS,
        analysisRun('Failed', { metricResults: METRICS }),
      ],
      [
        expect.stringMatching(
          /^Rollout\/web was aborted .*: metric success-rate of AnalysisRun web-6cfb658bb6-2-2 failed \(last value \[0\.87\]\)/,
        ) as unknown as string,
      ],
    ],
    [
      'aborted by an analysis that is gone',
      [rollout({ status: BY_ANALYSIS }), ...SETS],
      [
        `Rollout/web was aborted (RolloutAborted): Rollout aborted update to revision 2: Step-based analysis phase error/failed: ${FAILED_METRIC}`,
      ],
    ],
    [
      'aborted by a person, after an earlier attempt whose analysis failed',
      [rollout({ status: abortedFor() }), ...SETS, FAILED_RUN],
      ['Rollout/web was aborted (RolloutAborted): Rollout aborted update to revision 2'],
    ],
    [
      'at one of its steps',
      [
        rollout({
          status: {
            phase: 'Progressing',
            message: 'more replicas need to be updated',
            currentStepIndex: 2,
          },
        }),
        ...SETS,
        analysisRun('Running'),
      ],
      [
        'Rollout/web is at step 3 of 5 (Progressing, analysis, weight 20 %): more replicas need to be updated',
      ],
    ],
    [
      'after its steps',
      [
        rollout({
          status: {
            phase: 'Progressing',
            message: 'old replicas are pending termination',
            currentStepIndex: 5,
          },
        }),
        ...SETS,
      ],
      ['Rollout/web is Progressing (weight 100 %): old replicas are pending termination'],
    ],
    [
      'past its deadline',
      [
        rollout({
          status: {
            ...{ phase: 'Degraded', currentStepIndex: 0 },
            message:
              'ProgressDeadlineExceeded: ReplicaSet "web-6cfb658bb6" has timed out progressing.',
          },
        }),
        ...SETS,
      ],
      [
        'Rollout/web is Degraded (ProgressDeadlineExceeded, weight 20 %): ReplicaSet "web-6cfb658bb6" has timed out progressing.',
      ],
    ],
    [
      'whose spec is invalid',
      [
        rollout({
          status: { phase: 'Degraded', message: 'InvalidSpec: The Rollout "web" is invalid' },
        }),
      ],
      [
        expect.stringMatching(
          /^Rollout\/web is Degraded \(InvalidSpec.*: The Rollout "web" is/,
        ) as unknown as string,
      ],
    ],
    [
      'whose new pod cannot start: old pods do not count',
      [
        rollout({ status: { phase: 'Progressing', message: '', currentStepIndex: 0 } }),
        ...[...SETS, pod('old', { state: WAITING }), pod('new', { state: WAITING })],
      ],
      [
        'Rollout/web cannot pull registry.example.com/web:new (ImagePullBackOff, pod web-6cfb658bb6-x): Back-off pulling image',
      ],
    ],
    [
      'of the template of a Deployment, which has no selector',
      [
        rollout({
          spec: { selector: null, workloadRef: { kind: 'Deployment', name: 'web' } },
          status: { phase: 'Progressing', message: '', currentStepIndex: 0 },
        }),
        ...[...SETS, pod('old', { state: WAITING }), pod('new', { state: WAITING })],
      ],
      [
        'Rollout/web cannot pull registry.example.com/web:new (ImagePullBackOff, pod web-6cfb658bb6-x): Back-off pulling image',
      ],
    ],
    [
      'paused, whose new pod cannot start',
      [
        rollout({ status: pausedFor('CanaryPauseStep', 1) }),
        ...[...SETS, pod('new', { state: WAITING })],
      ],
      [
        expect.stringMatching(/^Rollout\/web cannot pull /) as unknown as string,
        expect.stringMatching(/^Rollout\/web is paused at step 2 of 5 /) as unknown as string,
      ],
    ],
    ['that is done', [rollout({ status: { phase: 'Healthy', currentStepIndex: 5 } }), ...SETS], []],
  ])('%s', async (_, live, expected) => {
    const { inspector } = await open(live);
    expect(told(SHOP, await inspector.inspect(read(SHOP), NEVER))).toEqual(expected);
  });

  test('a new pod that cannot start is a failure of the new version, one of an analysis is not', async () => {
    const run = analysisRun('Running').metadata;
    const owner = { name: run.name, uid: run.uid };
    const measuring: KubeObject = {
      ...pod('new', { state: WAITING }),
      spec: { containers: [{ name: 'measure', image: 'load-test:1' }] },
      metadata: { namespace: 'shop', name: 'measure', uid: 'measure', ownerReferences: [owner] },
    };
    const live = [
      rollout({ status: { phase: 'Progressing', currentStepIndex: 2 } }),
      ...[...SETS, analysisRun('Running'), measuring, pod('new', { state: WAITING })],
    ];
    const { inspector } = await open(live);
    const seen = await inspector.inspect(read(SHOP), NEVER);
    if (seen.kind !== 'seen') throw new Error(seen.message);
    expect(podFailuresOf(seen.tree, new Map())).toEqual([
      {
        ...{ pod: 'uid-web-6cfb658bb6-x', container: 'main', reason: 'ImagePullBackOff' },
        resource: 'argoproj.io/Rollout/shop/web',
      },
    ]);
  });
});

test('the Kubernetes API: AnalysisRuns are refused. Told once, and the words of the Rollout', async () => {
  const live = [rollout({ status: BY_ANALYSIS }), ...SETS, FAILED_RUN];
  const { inspector, requests } = await byKubernetes(live, () => false);
  for (const lacks of [1, 0]) {
    const seen = await inspector.inspect(read(SHOP), NEVER);
    expect(told(SHOP, seen)).toEqual([
      expect.stringMatching(/^Rollout\/web was aborted .*: Metric "success-rate" assessed Failed/),
    ]);
    expect(seen.kind === 'seen' ? seen.lacks : []).toHaveLength(lacks);
  }
  expect(requests.filter(({ path }) => path.includes('/analysisruns'))).toHaveLength(1);
});

test('the Kubernetes API: AnalysisRuns are asked for only where one may have stopped it', async () => {
  const live = [rollout({ status: pausedFor('CanaryPauseStep', 1) }), ...SETS, FAILED_RUN];
  const { inspector, requests } = await byKubernetes(live);
  await inspector.inspect(read(SHOP), NEVER);
  expect(requests.filter(({ path }) => path.includes('/analysisruns'))).toEqual([]);
});

test('the Argo CD API: objects are refused. What the tree has', async () => {
  const paused = [rollout({ status: pausedFor('CanaryPauseStep', 1) }), ...SETS];
  const aborted = [rollout({ status: BY_ANALYSIS }), ...SETS, FAILED_RUN];
  const look = async (live: readonly KubeObject[]) => {
    const { inspector } = await byArgocd(live, () => false);
    return told(SHOP, await inspector.inspect(read(SHOP), NEVER));
  };
  expect(await look(paused)).toEqual(['Rollout/web is paused (RolloutPaused): CanaryPauseStep']);
  expect(await look(aborted)).toEqual([
    'Rollout/web was aborted (RolloutAborted): metric success-rate of AnalysisRun web-6cfb658bb6-2-2 failed: failed (1) > failureLimit (0)',
  ]);
});

test('the Argo CD API: a Rollout is read again only when it has changed', async () => {
  const { inspector, requests } = await byArgocd([
    rollout({ status: pausedFor('CanaryPauseStep', 1) }),
  ]);
  for (let looks = 0; looks < 3; looks += 1) await inspector.inspect(read(SHOP), NEVER);
  expect(requests.filter(({ path }) => path.endsWith('/resource'))).toHaveLength(1);
});
