import { firstLook, onceMany, overheard } from './conclude/before.js';
import type { FirstLook } from './conclude/first-look.js';
import { conclude } from './conclude/index.js';
import { rehearse } from './conclude/rehearsal.js';
import { cancelledReport, noReport } from './conclude/report.js';
import type { Application } from './core/application/types.js';
import type { Policy, Since } from './core/decision/state.js';
import type { Target } from './core/decision/target.js';
import { commitQuestions } from './github/relate.js';
import type { GithubReport } from './github/report/reporter.js';
import type { reportedUpTo } from './github/since.js';
import { readInputs } from './inputs/index.js';
import type { Inputs } from './inputs/types.js';
import { unlessAborted } from './platform/abort.js';
import type { RunDependencies } from './platform/dependencies.js';
import { TransientError } from './platform/errors.js';
import { createProgress, type Progress } from './report/progress.js';
import { publish } from './report/publish.js';
import { type Report, succeeded } from './report/report.js';
import { openSource, sourceToFollow } from './sources/open.js';
import type { Source } from './sources/source.js';
import { childRules } from './wait/children.js';
import { beat, createDisplay, type Display } from './wait/display.js';
import type { EffectDependencies } from './wait/effects.js';
import { createLook, createSetReader, type Look } from './wait/looks.js';
import { waitFor } from './wait/loop.js';
import { applicationSelectors, nameOf } from './wait/selection.js';
import { type TargetResolvers, targetResolvers } from './wait/targets.js';
import type { TriggerOptions } from './wait/trigger.js';
import type { Outcome, Waits } from './wait/waits.js';

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
  const expectMore = once(dependencies.expectMore);
  const start = clock.now().elapsed;
  const opened = await unlessAborted(openSource(inputs, dependencies), cancelled);
  if (!opened) return cancelledReport(inputs);
  const { source } = opened;
  const inspector = once(opened.inspector);
  const look = createLook({
    open: inspector,
    nameOf: (key) => nameOf(key, inputs.applicationNamespace),
    clock,
    log: console,
    expectMore,
  });
  const display = createDisplay(progress, clock, inputs.applicationNamespace);
  const earlier = await firstLook(inputs, opened, dependencies);
  const followed = overheard(
    await sourceToFollow(source, inputs, dependencies),
    onceMany(MANY, expectMore),
  );
  const readSet = createSetReader({ open: inspector, log: console });
  const parts = { source: followed, display, github, look, readSet, seen: earlier?.seen };
  const beating = beat(clock, display);
  const waiting = waitWith(dependencies, inputs, parts);
  const ended = await waiting.finally(() => beating.abort());
  const before = await earlier?.end();
  display.end();
  const waitedMs = () => clock.now().elapsed - start;
  return conclude(ended, inputs, dependencies, { opened, look, inspector, before, waitedMs });
}

/** Does something when it is first asked for, and not again. */
function once<A extends readonly unknown[], T>(work: (...args: A) => T): (...args: A) => T {
  let done: { readonly value: T } | undefined;
  return (...args) => {
    done ??= { value: work(...args) };
    return done.value;
  };
}

interface WaitParts {
  readonly source: Source;
  readonly display: Display;
  readonly github: GithubReport | undefined;
  readonly look: Look;
  readonly readSet: EffectDependencies['readSet'];
  /** To be told of the Applications that are waited for. */
  readonly seen: FirstLook['seen'] | undefined;
}

async function waitWith(
  { clock, console, cancelled, env, random }: RunDependencies,
  inputs: Inputs,
  { source, display, github, look, readSet, seen }: WaitParts,
): Promise<Outcome> {
  const { run, trigger } = inputs;
  const since = await sinceFor(inputs, { env, clock, random, log: console }, cancelled);
  const policy = policyOf(inputs, since);
  const { resolve, managed } = toldOf(targetResolvers(inputs, console), (application, target) => {
    seen?.(application);
    github?.waiting(application, target);
  });
  const children = childRules(inputs, policy, managed);
  // What fails in a rehearsal fails at the end too, where it is told.
  const prepare = once((waits: Waits) =>
    setImmediate(() => rehearse(waits, inputs, clock).catch(() => undefined)),
  );
  return waitFor({
    source,
    clock,
    resolve,
    cancelled,
    look,
    readSet,
    wanted: applicationSelectors(inputs),
    minApplications: inputs.minApplications,
    policy,
    ...(children ? { children } : {}),
    nameOf: (key) => nameOf(key, inputs.applicationNamespace),
    timeoutMs: inputs.timeoutMs,
    failFast: inputs.failFast,
    ...commitQuestions(inputs, { env, clock, log: console }),
    ...(trigger === 'none'
      ? {}
      : { act: await triggerAction({ trigger, run, source, log: console }) }),
    onChange(waits, trouble) {
      display.changed(waits, trouble);
      if (waits.size > 0) prepare(waits);
    },
  });
}

function policyOf(inputs: Inputs, since: Since | undefined): Policy {
  const generated = inputs.applicationSets.length > 0 ? { generated: true as const } : {};
  return { ...inputs, ...(since ? { since } : {}), ...generated };
}

/** The same, telling of every target that was found. */
function toldOf(
  { named, managed }: TargetResolvers,
  tell: (application: Application, target: Target) => void,
): { readonly resolve: TargetResolvers['named'] } & Pick<TargetResolvers, 'managed'> {
  const told = (application: Application, target: Target) => {
    tell(application, target);
    return target;
  };
  return {
    resolve: (application) => told(application, named(application)),
    managed: (application, leads) => told(application, managed(application, leads)),
  };
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

async function triggerAction(options: TriggerOptions) {
  const { createTrigger } = await import('./wait/trigger.js');
  return createTrigger(options);
}
