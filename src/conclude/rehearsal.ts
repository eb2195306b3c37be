import type { Application, ResourceResult } from '../core/application/types.js';
import type { Moment } from '../core/decision/moment.js';
import { judge } from '../core/decision/rules.js';
import { begin, type Policy, step } from '../core/decision/state.js';
import { type Settled, settle, timedOut } from '../core/result/settle.js';
import type { Inputs } from '../inputs/types.js';
import type { Clock } from '../platform/clock.js';
import { createProgress } from '../report/progress.js';
import { type Destinations, publish } from '../report/publish.js';
import { nameOf } from '../wait/selection.js';
import type { Outcome, Waits } from '../wait/waits.js';
import { decidedResults, reportOf } from './report.js';

/**
 * Reports to nobody that the first of the waits has ended as most do. Functions are compiled when
 * they are first called: a wait has time for that, and its end has not.
 */
export async function rehearse(
  waits: Waits,
  inputs: Inputs,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const [first] = waits;
  if (first?.[1].kind !== 'waiting') return;
  const [key, { state }] = first;
  if (!state.application) return;
  const name = nameOf(key, inputs.applicationNamespace);
  const settled = usualEnd(name, state.application, inputs, clock.now());
  const outcome: Outcome = { ends: new Map([[key, settled]]) };
  const report = reportOf(inputs, outcome, decidedResults(outcome, new Map()), 0);
  createProgress(SILENT, clock).final(report);
  await publish(report, NOWHERE, SILENT);
}

/** As if a sync of it had just changed something, and all were well. */
export function usualEnd(
  name: string,
  application: Application,
  policy: Policy,
  now: Moment,
): Settled {
  const before = begin(policy, ANY_REVISION, now);
  const seen = { kind: 'snapshot', application, now, gap: false } as const;
  const after = { ...seen, application: synced(application) };
  const state = step(step(before, seen), after);
  const verdict = judge(state, now);
  return settle(name, state, verdict.kind === 'done' ? verdict : timedOut(verdict), now);
}

const ANY_REVISION = () => ({ kind: 'any', why: 'a rehearsal' }) as const;

function synced(application: Application): Application {
  const { comparison, health, reconciledAt: at } = application;
  const { revisions } = comparison;
  return {
    ...application,
    comparison: { ...comparison, status: 'Synced' },
    health: { ...health, status: 'Healthy' },
    operation: {
      ...{ revisions, selective: false, dryRun: false, automated: true, phase: 'Succeeded' },
      ...{ startedAt: at, finishedAt: at, retryCount: 0, retryLimit: 0, message: '' },
      results: [CONFIGURED],
    },
  };
}

const CONFIGURED: ResourceResult = {
  ...{ group: '', version: 'v1', kind: 'ConfigMap', namespace: '', name: '', status: 'Synced' },
  ...{ message: 'configmap/settings configured', hookType: '', hookPhase: '', syncPhase: 'Sync' },
  images: [],
};

const nothing = () => undefined;
const SILENT = {
  info: nothing,
  debug: nothing,
  notice: nothing,
  warning: nothing,
  error: nothing,
  group: nothing,
};

const NOWHERE: Destinations = {
  tempDir: '',
  summaryFile: 'nowhere',
  setOutputs: nothing,
  files: {
    async create(_path, pieces) {
      for (const _ of pieces);
    },
    append: async () => undefined,
    size: async () => 0,
  },
};
