import type { LiveEvidence } from './conclude/live-evidence.js';
import { noReport, reportOf } from './conclude/report.js';
import type { Application } from './core/application/types.js';
import { resolveTarget, type Target } from './core/decision/target.js';
import { undecidedOf } from './core/result/settle.js';
import { commitQuestions } from './github/relate.js';
import type { ReadFile } from './inputs/filters-file.js';
import { readInputs } from './inputs/index.js';
import type { Inputs } from './inputs/types.js';
import type { Clock } from './platform/clock.js';
import type { Console } from './report/console.js';
import { createProgress, type Progress } from './report/progress.js';
import { type Destinations, publish } from './report/publish.js';
import { type Report, succeeded } from './report/report.js';
import { openSource, type Surroundings } from './sources/open.js';
import type { Source } from './sources/source.js';
import { createDisplay, type Display } from './wait/display.js';
import { waitFor } from './wait/loop.js';
import { applicationSelectors, nameOf } from './wait/selection.js';
import type { TriggerParts } from './wait/trigger.js';
import type { Outcome } from './wait/waits.js';

/** The world of a run; tests put another one in its place. */
export interface RunDependencies extends Surroundings {
  readonly readFile: ReadFile;
  readonly destinations: Destinations;
  /** Aborted when GitHub cancels the run. */
  readonly cancelled: AbortSignal;
  /** Called when there are many Applications to wait for: there may be thousands. */
  readonly expectMore: () => void;
}

const MANY = 100;

/**
 * A run: reads its inputs, waits for the Applications, asks the live objects what was not seen, and
 * publishes the answer before it fails.
 * @returns the exit code
 */
export async function run(world: RunDependencies): Promise<number> {
  const { clock, console, destinations } = world;
  const start = clock.now().elapsed;
  const progress = createProgress(console, clock);
  const { inputs, fault } = await read(world);
  const report = inputs ? await answer(inputs, world, progress) : noReport(fault);
  progress.final({ ...report, waitedMs: clock.now().elapsed - start });
  const summaryFile = inputs?.summary === false ? '' : destinations.summaryFile;
  const published = await publish(report, { ...destinations, summaryFile }, console);
  return succeeded(report) && published ? 0 : 1;
}

async function read(
  world: RunDependencies,
): Promise<{ readonly inputs?: Inputs; readonly fault?: unknown }> {
  try {
    return { inputs: await readInputs(world.env, world.readFile) };
  } catch (fault) {
    return { fault };
  }
}

/** Never rejects: whatever goes wrong is an answer too. */
async function answer(inputs: Inputs, world: RunDependencies, progress: Progress): Promise<Report> {
  try {
    if (inputs.source !== 'event') return await ask(inputs, world, progress);
    // Loaded for those who need it: a wait starts without.
    const { answerEvent } = await import('./event/answer.js');
    return await answerEvent(inputs, world);
  } catch (thrown) {
    return noReport(thrown, inputs);
  }
}

async function ask(inputs: Inputs, world: RunDependencies, progress: Progress): Promise<Report> {
  const { clock, console, cancelled } = world;
  const start = clock.now().elapsed;
  const { source, credentials } = await openSource(inputs, world);
  const display = createDisplay(progress, clock, inputs.applicationNamespace);
  const beating = beat(clock, display);
  const outcome = await waitWith(world, inputs, source, display).finally(() => beating.abort());
  display.end();
  const late = cancelled.aborted || outcome.error !== undefined;
  const live =
    late || inputs.liveEvidence === 'off'
      ? new Map()
      : await evidenceFor(outcome, source, console, cancelled);
  const waitedMs = clock.now().elapsed - start;
  const report = reportOf(inputs, outcome, live, waitedMs);
  for (const { application, rule } of report.applications) {
    if (rule) console.debug(`${application}: the rule ${rule} decided.`);
  }
  // Nobody needs a hint on what went well, and a link only who has a place for it.
  if (succeeded(report) && inputs.argocdServer === '') return report;
  const { withHints } = await import('./conclude/hints.js');
  return withHints(report, outcome, inputs, source, credentials(), cancelled);
}

async function waitWith(
  { clock, console, cancelled, expectMore, env }: RunDependencies,
  inputs: Inputs,
  source: Source,
  display: Display,
): Promise<Outcome> {
  const { run, trigger } = inputs;
  const resolve = explained(inputs, console);
  return waitFor({
    source,
    clock,
    resolve,
    cancelled,
    wanted: applicationSelectors(inputs),
    policy: inputs,
    nameOf: (key) => nameOf(key, inputs.applicationNamespace),
    timeoutMs: inputs.timeoutMs,
    failFast: inputs.failFast,
    ...commitQuestions(inputs, { env, clock, log: console }),
    ...(trigger === 'none'
      ? {}
      : { act: await triggerAction({ trigger, run, source, log: console, resolve }) }),
    onChange(waits) {
      if (waits.size === MANY) expectMore();
      display.changed(waits);
    },
  });
}

/** Most often what was seen has decided all. */
async function evidenceFor(
  outcome: Outcome,
  source: Source,
  log: Console,
  cancelled: AbortSignal,
): Promise<LiveEvidence> {
  const open = [...outcome.ends.values()].some((each) => undecidedOf(each).length > 0);
  if (!open) return new Map();
  const { readLive } = await import('./conclude/live-evidence.js');
  return readLive(outcome, source, log, cancelled);
}

async function triggerAction(parts: TriggerParts) {
  const { createTrigger } = await import('./wait/trigger.js');
  return createTrigger(parts);
}

/** Decides what each Application must come to; says so for the first of those with the same end. */
function explained(inputs: Inputs, console: Console): (application: Application) => Target {
  const said = new Set<string>();
  const once = (line: string, say: () => void) => {
    if (!said.has(line)) say();
    said.add(line);
  };
  return (application) => {
    const target = resolveTarget(inputs.revision, inputs.run, application);
    const what = target.kind === 'any' ? 'whatever is deployed' : `revision ${target.text}`;
    const line = `must come to ${what}: ${target.why}.`;
    once(line, () => console.info(`${application.namespace}/${application.name} ${line}`));
    if (target.kind === 'any' && inputs.revision.kind === 'auto') {
      once('warned', () => console.warning(noRevision(target.why)));
    }
    return target;
  };
}

function noRevision(why: string): string {
  return `revision: auto comes to none (${why}), so the state of before this run may satisfy the wait. Name the revision, e.g. revision: \${{ github.sha }}, or the commit of the configuration repository; revision: none silences this.`;
}

/** Lets the progress say now and then that the wait goes on. */
function beat(clock: Clock, display: Display): AbortController {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(1000, stop.signal);
      if (!stop.signal.aborted) display.beat();
    }
  };
  void loop();
  return stop;
}
