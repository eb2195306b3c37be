import { pluralize } from '../core/application/phrases.js';
import { undecidedOf } from '../core/result/settle.js';
import type { Inputs } from '../inputs/types.js';
import type { RunDependencies } from '../platform/dependencies.js';
import type { Console } from '../report/console.js';
import { type Report, succeeded } from '../report/report.js';
import type { Inspector } from '../sources/inspector.js';
import type { Opened } from '../sources/open.js';
import type { Source } from '../sources/source.js';
import type { Look } from '../wait/looks.js';
import type { Outcome } from '../wait/waits.js';
import type { Results } from './asked-fields.js';
import { asksForFields } from './before.js';
import type { FieldDependencies } from './fields.js';
import type { FirstLook } from './first-look.js';
import type { LiveEvidence } from './live-evidence.js';
import { decidedResults, reportOf } from './report.js';

/** What a wait leaves for its conclusion. */
export interface Waited {
  readonly opened: Opened;
  readonly look: Look;
  readonly inspector: () => Promise<Inspector | undefined>;
  /** What was there before; absent: nobody asked. */
  readonly before: Awaited<ReturnType<FirstLook['end']>> | undefined;
  readonly waitedMs: () => number;
}

/**
 * The report on a wait that has ended: asks what is still open, looks once more at what did not end
 * well, and finds the fields that changed. What each of them needs is loaded only then.
 */
export async function conclude(
  ended: Outcome,
  inputs: Inputs,
  dependencies: RunDependencies,
  { opened, look, inspector, before, waitedMs }: Waited,
): Promise<Report> {
  const { console, cancelled } = dependencies;
  const { source, credentials } = opened;
  tellUnrecorded(ended, console);
  const { outcome, excerpt } = await whyOf(ended, inputs, dependencies, look, inspector);
  if (outcome.untold) console.warning(untold(outcome.untold));
  const late = cancelled.aborted || outcome.error !== undefined;
  const live =
    late || inputs.liveEvidence === 'off'
      ? new Map()
      : await evidenceFor(outcome, source, dependencies);
  const decided = decidedResults(outcome, live);
  const results = late
    ? decided
    : await lookedInto(outcome, decided, inputs, {
        ...dependencies,
        ...opened,
        ...(before ? { before } : {}),
      });
  const report = { ...reportOf(inputs, outcome, results, waitedMs()), ...excerpt };
  for (const { application, rule } of report.applications) {
    if (rule) console.debug(`${application}: the rule ${rule} decided.`);
  }
  if (cancelled.aborted) return report;
  // Nobody needs a hint on what went well, and a link only who has a place for it.
  const links = inputs.argocdServer !== '' || inputs.report.includes('deployment');
  if (succeeded(report) && !links) return report;
  const { withHints } = await import('./hints.js');
  return withHints(report, outcome, inputs, source, credentials(), dependencies);
}

/** What else there is to say about what did not end well; nothing where that is told already. */
async function whyOf(
  ended: Outcome,
  { logLines }: Inputs,
  { clock, console: log, cancelled }: RunDependencies,
  look: Look,
  inspector: () => Promise<Inspector | undefined>,
): Promise<{ readonly outcome: Outcome; readonly excerpt?: Pick<Report, 'logExcerpt'> }> {
  const unexplained = [...ended.ends.values()].some(({ within }) => within);
  if (!unexplained || ended.error || cancelled.aborted) return { outcome: ended };
  const { logOfFirst, withLastLooks } = await import('./causes.js');
  const outcome = await withLastLooks(ended, { look, clock, cancelled });
  const excerpt = await logOfFirst(outcome, logLines, inspector, { clock, cancelled, log });
  return { outcome, ...(excerpt ? { excerpt: { logExcerpt: excerpt } } : {}) };
}

function untold(count: number): string {
  return `The run was cancelled, and too many resources changed to report them all before GitHub ends the step: ${pluralize(count, 'Application')} ${count === 1 ? 'is' : 'are'} reported without changes (evidence: partial).`;
}

/** Of `since`: what was deployed after a revision that is not on record is not known to be all. */
function tellUnrecorded({ ends }: Outcome, console: Console): void {
  for (const { result, sinceUnrecorded } of ends.values()) {
    if (sinceUnrecorded) {
      console.info(
        `${result.application}: the revision of since is not in its history, so all recorded deployments count and evidence is partial.`,
      );
    }
  }
}

/** Most often what was seen has decided all. */
async function evidenceFor(
  outcome: Outcome,
  source: Source,
  { clock, console: log, cancelled }: RunDependencies,
): Promise<LiveEvidence> {
  const open = [...outcome.ends.values()].some((each) => undecidedOf(each).length > 0);
  if (!open) return new Map();
  const { readLive } = await import('./live-evidence.js');
  return readLive(outcome, source, { clock, log, cancelled });
}

/** Nothing is loaded where nobody asks. */
async function lookedInto(
  outcome: Outcome,
  results: Results,
  inputs: Inputs,
  dependencies: FieldDependencies,
): Promise<Results> {
  if (!dependencies.argocd && !asksForFields(inputs)) return results;
  const { withFields } = await import('./fields.js');
  return withFields(outcome, results, inputs, dependencies);
}
