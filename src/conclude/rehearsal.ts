import type { Change } from '../core/result/vocabulary.js';
import type { Inputs } from '../inputs/types.js';
import type { Clock } from '../platform/clock.js';
import { createProgress } from '../report/progress.js';
import { type Destinations, publish } from '../report/publish.js';
import { endAll } from '../wait/outcome.js';
import { nameOf } from '../wait/selection.js';
import type { Waits } from '../wait/waits.js';
import { decidedResults, reportOf } from './report.js';

/**
 * Reports to nobody how the first of the waits stands, unless it is done. Functions are compiled
 * when they are first called: a wait has time for that, and its end has not.
 */
export async function rehearse(
  waits: Waits,
  inputs: Inputs,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const [first] = waits;
  if (first?.[1].kind !== 'waiting') return;
  const outcome = endAll(
    new Map([first]),
    { cancelled: true, error: undefined, trouble: undefined, failedFast: false },
    (key) => nameOf(key, inputs.applicationNamespace),
    clock.now(),
  );
  const results = [...decidedResults(outcome, new Map())].map(
    ([key, result]) => [key, { ...result, changes: [changeOf(result.application)] }] as const,
  );
  const report = reportOf(inputs, outcome, new Map(results), 0);
  createProgress(SILENT, clock).final(report);
  await publish(report, NOWHERE, SILENT);
}

/** Most ends have some, and no wait begins with one. */
function changeOf(application: string): Change {
  return {
    ...{ application, group: '', version: 'v1', kind: 'ConfigMap', namespace: '', name: '' },
    ...{ change: 'updated', evidence: 'reported', message: '', images: [], phase: '' },
  };
}

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
