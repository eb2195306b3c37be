import type { FieldDependencies, Results } from './conclude/fields.js';
import type { FirstLook } from './conclude/first-look.js';
import type { LiveEvidence } from './conclude/live-evidence.js';
import { cancelledReport, decidedResults, noReport, reportOf } from './conclude/report.js';
import type { Application } from './core/application/types.js';
import { isTarget, type Since } from './core/decision/state.js';
import { resolveTarget, type Target } from './core/decision/target.js';
import { undecidedOf } from './core/result/settle.js';
import { commitQuestions } from './github/relate.js';
import type { GithubReport } from './github/report/reporter.js';
import type { reportedUpTo } from './github/since.js';
import { readInputs } from './inputs/index.js';
import type { Inputs } from './inputs/types.js';
import { unlessAborted } from './platform/abort.js';
import type { Clock } from './platform/clock.js';
import type { RunDependencies } from './platform/dependencies.js';
import { TransientError } from './platform/errors.js';
import type { Console } from './report/console.js';
import { createProgress, type Progress } from './report/progress.js';
import { publish } from './report/publish.js';
import { type Report, succeeded } from './report/report.js';
import type { Inspector } from './sources/inspector.js';
import { type Opened, openSource } from './sources/open.js';
import type { Source, SourceEvent } from './sources/source.js';
import { createDisplay, type Display } from './wait/display.js';
import { createLook, type Look } from './wait/looks.js';
import { waitFor } from './wait/loop.js';
import { applicationSelectors, nameOf } from './wait/selection.js';
import type { TriggerOptions } from './wait/trigger.js';
import type { Outcome } from './wait/waits.js';

const MANY = 100;

/**
 * A run: reads its inputs, waits for the Applications, asks the live objects what was not seen, and
 * publishes the answer before it fails. Once it is cancelled, it waits for nothing more.
 * @returns the exit code
 */
export async function run(dependencies: RunDependencies): Promise<number> {
  const { clock, console, destinations } = dependencies;
  const start = clock.now().elapsed;
  const progress = createProgress(console, clock);
  const { inputs, fault } = await read(dependencies);
  const github = inputs && (await githubReportFor(inputs, dependencies));
  const report = inputs ? await answer(inputs, dependencies, progress, github) : noReport(fault);
  progress.final({ ...report, waitedMs: clock.now().elapsed - start });
  const summaryFile = inputs?.summary === false ? '' : destinations.summaryFile;
  const published = await publish(report, { ...destinations, summaryFile }, console);
  await github?.finish(report);
  return succeeded(report) && published ? 0 : 1;
}

/** Few runs report to GitHub: what does it is loaded for those. */
async function githubReportFor(
  inputs: Inputs,
  { env, clock, random, console, cancelled }: RunDependencies,
): Promise<GithubReport | undefined> {
  if (inputs.report.length === 0) return undefined;
  const { githubReport } = await import('./github/report/reporter.js');
  return githubReport(inputs, { env, clock, random, log: console, cancelled });
}

async function read({
  env,
  readFile,
}: RunDependencies): Promise<{ readonly inputs?: Inputs; readonly fault?: unknown }> {
  try {
    return { inputs: await readInputs(env, readFile) };
  } catch (fault) {
    return { fault };
  }
}

/** Never rejects: whatever goes wrong is an answer too. */
async function answer(
  inputs: Inputs,
  dependencies: RunDependencies,
  progress: Progress,
  github: GithubReport | undefined,
): Promise<Report> {
  try {
    if (inputs.source !== 'event') return await ask(inputs, dependencies, progress, github);
    // Loaded for those who need it: a wait starts without.
    const { answerEvent } = await import('./event/answer.js');
    return await answerEvent(inputs, dependencies);
  } catch (thrown) {
    const { aborted } = dependencies.cancelled;
    const unanswered = aborted && thrown instanceof TransientError;
    return unanswered ? cancelledReport(inputs) : noReport(thrown, inputs);
  }
}

async function ask(
  inputs: Inputs,
  dependencies: RunDependencies,
  progress: Progress,
  github: GithubReport | undefined,
): Promise<Report> {
  const { clock, console, cancelled } = dependencies;
  const start = clock.now().elapsed;
  const opened = await unlessAborted(openSource(inputs, dependencies), cancelled);
  if (!opened) return cancelledReport(inputs);
  const { source, credentials } = opened;
  const inspector = once(opened.inspector);
  const look = createLook({
    open: inspector,
    nameOf: (key) => nameOf(key, inputs.applicationNamespace),
    clock,
    log: console,
  });
  const display = createDisplay(progress, clock, inputs.applicationNamespace);
  const beating = beat(clock, display);
  const earlier = await firstLook(inputs, opened, cancelled);
  const heard = earlier ? overheard(source, earlier) : source;
  const waiting = waitWith(dependencies, inputs, { source: heard, display, github, look });
  const ended = await waiting.finally(() => beating.abort());
  const before = await earlier?.end();
  display.end();
  tellUnrecorded(ended, console);
  const { outcome, excerpt } = await whyOf(ended, inputs, dependencies, look, inspector);
  if (outcome.untold) console.warning(untold(outcome.untold));
  const late = cancelled.aborted || outcome.error !== undefined;
  const live =
    late || inputs.liveEvidence === 'off'
      ? new Map()
      : await evidenceFor(outcome, source, console, cancelled);
  const decided = decidedResults(outcome, live);
  const results = late
    ? decided
    : await lookedInto(outcome, decided, inputs, {
        ...dependencies,
        ...opened,
        ...(before ? { before } : {}),
      });
  const waitedMs = clock.now().elapsed - start;
  const report = { ...reportOf(inputs, outcome, results, waitedMs), ...excerpt };
  for (const { application, rule } of report.applications) {
    if (rule) console.debug(`${application}: the rule ${rule} decided.`);
  }
  // Nobody needs a hint on what went well, and a link only who has a place for it.
  const links = inputs.argocdServer !== '' || inputs.report.includes('deployment');
  if (succeeded(report) && !links) return report;
  const { withHints } = await import('./conclude/hints.js');
  return withHints(report, outcome, inputs, source, credentials(), cancelled);
}

/** What else is to be said of what did not end well; nothing where that is told already. */
async function whyOf(
  ended: Outcome,
  { logLines }: Inputs,
  { clock, console: log, cancelled }: RunDependencies,
  look: Look,
  inspector: () => Promise<Inspector | undefined>,
): Promise<{ readonly outcome: Outcome; readonly excerpt?: Pick<Report, 'logExcerpt'> }> {
  const unexplained = [...ended.ends.values()].some(({ within }) => within);
  if (!unexplained || ended.error || cancelled.aborted) return { outcome: ended };
  const { logOfFirst, withLastLooks } = await import('./conclude/causes.js');
  const outcome = await withLastLooks(ended, { look, clock, cancelled });
  const excerpt = await logOfFirst(outcome, logLines, inspector, { clock, cancelled, log });
  return { outcome, ...(excerpt ? { excerpt: { logExcerpt: excerpt } } : {}) };
}

/** Does something when it is first asked for, and not again. */
function once<T>(work: () => T): () => T {
  let done: { readonly value: T } | undefined;
  return () => {
    done ??= { value: work() };
    return done.value;
  };
}

function untold(count: number): string {
  return `The run was cancelled, and too many resources changed to report them all before GitHub ends the step: ${count} Applications are reported without their changes (evidence: partial).`;
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

interface WaitParts {
  readonly source: Source;
  readonly display: Display;
  readonly github: GithubReport | undefined;
  readonly look: Look;
}

async function waitWith(
  { clock, console, cancelled, expectMore, env, random }: RunDependencies,
  inputs: Inputs,
  { source, display, github, look }: WaitParts,
): Promise<Outcome> {
  const { run, trigger } = inputs;
  const explain = explained(inputs, console);
  const resolve = (application: Application) => {
    const target = explain(application);
    github?.waiting(application, target);
    return target;
  };
  const since = await sinceFor(inputs, { env, clock, random, log: console }, cancelled);
  return waitFor({
    source,
    clock,
    resolve,
    cancelled,
    look,
    wanted: applicationSelectors(inputs),
    minApplications: inputs.minApplications,
    policy: since ? { ...inputs, since } : inputs,
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

/** Few runs ask for it: what finds it is loaded for those. */
async function sinceFor(
  inputs: Inputs,
  parts: Parameters<typeof reportedUpTo>[1],
  cancelled: AbortSignal,
): Promise<Since | undefined> {
  if (!inputs.reportedUpTo) return undefined;
  const { reportedUpTo } = await import('./github/since.js');
  return reportedUpTo(inputs, parts, cancelled);
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

/** Nothing is loaded where nobody asks. */
async function lookedInto(
  outcome: Outcome,
  results: Results,
  inputs: Inputs,
  dependencies: FieldDependencies,
): Promise<Results> {
  if (!dependencies.argocd && !asksForFields(inputs)) return results;
  const { withFields } = await import('./conclude/fields.js');
  return withFields(outcome, results, inputs, dependencies);
}

/** Explicitly: what takes no further right is found out anyway. */
function asksForFields({ fields, filters }: Pick<Inputs, 'fields' | 'filters'>): boolean {
  return fields === 'auto' ? filters.some((each) => each.fields) : fields !== 'off';
}

/**
 * Objects are read before they are changed, unless an API beside the source renders what was there
 * before: then reading them would take rights for nothing.
 */
async function firstLook(
  inputs: Inputs,
  { source, argocd }: Opened,
  cancelled: AbortSignal,
): Promise<FirstLook | undefined> {
  const beside = argocd !== undefined && inputs.source !== 'argocd';
  if (beside || !source.reader || inputs.timeoutMs === 0 || !asksForFields(inputs))
    return undefined;
  const { createFirstLook, isAtRest } = await import('./conclude/first-look.js');
  const { asksAbout } = await import('./conclude/fields.js');
  return createFirstLook({
    source,
    cancelled,
    asks: (change) => asksAbout(inputs, change),
    nameOf: (key) => nameOf(key, inputs.applicationNamespace),
    isDeployed(application) {
      const target = resolveTarget(inputs.revision, inputs.run, application);
      const last = application.history.at(-1);
      if (target.kind === 'any') return isAtRest(application);
      return (
        last !== undefined && isAtRest(application) && isTarget(application, target, last.revisions)
      );
    },
  });
}

/** The same source, of which a first look is told what it sees. */
function overheard(source: Source, look: FirstLook): Source {
  const hear = (event: SourceEvent) => {
    if (event.kind === 'application') look.seen(event.application);
  };
  return {
    ...source,
    watch: (listener, signal) =>
      source.watch((event) => {
        hear(event);
        listener(event);
      }, signal),
  };
}

async function triggerAction(options: TriggerOptions) {
  const { createTrigger } = await import('./wait/trigger.js');
  return createTrigger(options);
}

/** Decides what each Application is to reach; says so for the first of those that reach the same. */
function explained(inputs: Inputs, console: Console): (application: Application) => Target {
  const said = new Set<string>();
  const once = (line: string, say: () => void) => {
    if (!said.has(line)) say();
    said.add(line);
  };
  const named = inputs.images.map(({ text }) => text).join(', ');
  const whatever = named === '' ? 'whatever is deployed' : `image ${named} at any revision`;
  return (application) => {
    const target = resolveTarget(inputs.revision, inputs.run, application);
    const what = target.kind === 'any' ? whatever : `revision ${target.text}`;
    const line = `waiting for ${what} (${target.why}).`;
    once(line, () => console.info(`${application.namespace}/${application.name}: ${line}`));
    if (target.kind === 'any' && inputs.revision.kind === 'auto' && named === '') {
      once('warned', () => console.warning(noRevision(target.why)));
    }
    return target;
  };
}

function noRevision(why: string): string {
  return `revision: auto found no revision to wait for (${why}), so what was deployed before this run may satisfy the wait. Name the revision, e.g. revision: \${{ github.sha }}, or the commit of the configuration repository; revision: none silences this.`;
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
