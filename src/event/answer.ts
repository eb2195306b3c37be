import type { Results } from '../conclude/asked-fields.js';
import { withAddress } from '../conclude/hints.js';
import { type LiveEvidence, readLive } from '../conclude/live-evidence.js';
import { IN_REACH } from '../conclude/remedies.js';
import { decidedResults, reportOf } from '../conclude/report.js';
import { DecodeError } from '../core/application/decode.js';
import { pluralize } from '../core/application/phrases.js';
import { located } from '../core/application/scoped.js';
import {
  type Application,
  keyOf,
  type Operation,
  type ResourceKey,
  resourceName,
} from '../core/application/types.js';
import { hasEnded } from '../core/decision/observations.js';
import { begin, step } from '../core/decision/state.js';
import { applicationMatches } from '../core/filters/application-names.js';
import { type End, type Settled, settle, undecidedOf } from '../core/result/settle.js';
import { withRetries } from '../http/retry.js';
import type { Inputs, RunContext } from '../inputs/types.js';
import { unlessAborted, withTimeLimit } from '../platform/abort.js';
import type { Clock } from '../platform/clock.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { messageOf, TerminalError, TransientError } from '../platform/errors.js';
import type { Report } from '../report/report.js';
import { lackOf } from '../sources/bounded.js';
import { openArgocdApi, openSource, type SourceDependencies } from '../sources/open.js';
import type { Source } from '../sources/source.js';
import { nameOf } from '../wait/selection.js';
import { type Dispatch, EVENT_TYPE, LARGEST_EVENT, parseDispatch } from './payload.js';

/** What `source: event` needs beside its inputs. */
export type EventDependencies = SourceDependencies &
  Pick<RunDependencies, 'readFile' | 'cancelled'>;

/** How an event was understood. */
interface ReadEvent {
  readonly application: Application;
  readonly end: End;
  /** Where the cluster may be asked. */
  readonly source?: Source;
  /** What to do about a failure. */
  readonly error?: TerminalError;
}

/**
 * The answer to an event from the cluster: nothing is waited for, and nothing is contacted unless
 * inputs give access to the cluster, which then says what the event cannot.
 * @throws TerminalError `invalid-input` for what is no such event
 */
export async function answerEvent(
  inputs: Inputs,
  dependencies: EventDependencies,
): Promise<Report> {
  const { console, clock } = dependencies;
  const start = clock.now().elapsed;
  const dispatch = readDispatch(inputs.run, dependencies.readFile);
  console.info(sentenceOf(dispatch));
  warnOfUnreadable(dispatch, dependencies);
  warnOfImages(inputs, dependencies);
  const reading = await understood(dispatch, inputs, dependencies);
  const { error } = reading;
  const key = keyOf(dispatch.application);
  const ends = new Map([[key, settledBy(reading, inputs, clock)]]);
  const live = await evidenceFor(reading, { ends }, dependencies);
  const results = await lookedInto(
    { ends },
    decidedResults({ ends }, live),
    reading,
    dispatch,
    inputs,
    dependencies,
  );
  const waitedMs = clock.now().elapsed - start;
  const report = reportOf(inputs, error ? { error } : {}, results, waitedMs);
  return withAddress(blinded(report, reading, dispatch), [key], inputs.argocdServer);
}

const WORKFLOW = `Such events start workflows of the default branch that have
on:
  repository_dispatch:
    types: [${EVENT_TYPE}]
For any other event use source: cluster or source: argocd.`;

/** @throws TerminalError `invalid-input` */
function readDispatch(run: RunContext, readFile: EventDependencies['readFile']): Dispatch {
  if (run.eventName !== 'repository_dispatch') {
    const found = run.eventName || 'no event at all';
    throw noDispatch(`source: event needs a repository_dispatch, and this run is of ${found}`);
  }
  const event = parsed(run.eventPath, readFile);
  const { action, client_payload: payload } = event;
  if (action !== EVENT_TYPE) {
    const found = typeof action === 'string' ? JSON.stringify(action.slice(0, 100)) : 'none';
    throw noDispatch(
      `source: event needs the event_type "${EVENT_TYPE}", and this one has ${found}`,
    );
  }
  try {
    return parseDispatch(payload);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    throw new TerminalError('invalid-input', thrown.message, SENDER);
  }
}

const SENDER =
  'Whatever sends the event must fill client_payload as the recipes do: compare its template with those in docs/recipes of argocd-post-sync.';

function noDispatch(message: string): TerminalError {
  return new TerminalError('invalid-input', message, WORKFLOW);
}

function parsed(
  path: string,
  readFile: EventDependencies['readFile'],
): { readonly action?: unknown; readonly client_payload?: unknown } {
  const text = path === '' ? '' : readable(path, readFile);
  if (text.length > LARGEST_EVENT) throw noEvent('is larger than any of GitHub');
  try {
    const event: unknown = JSON.parse(text);
    return typeof event === 'object' && event !== null ? event : {};
  } catch {
    throw noEvent('is not JSON');
  }
}

function readable(path: string, readFile: EventDependencies['readFile']): string {
  try {
    return readFile(path);
  } catch (thrown) {
    throw noEvent(`cannot be read (${messageOf(thrown)})`);
  }
}

/** GitHub writes the file itself. */
function noEvent(problem: string): TerminalError {
  return new TerminalError(
    'invalid-input',
    `The event of this run (the file that GITHUB_EVENT_PATH names) ${problem}`,
    'No step may change GITHUB_EVENT_PATH or its file. Where something else than GitHub starts the action, it must write the event there.',
  );
}

function sentenceOf({ application, operation, truncated }: Dispatch): string {
  const count = truncated
    ? 'without its resources'
    : `with ${pluralize(operation.results.length, 'resource')}`;
  return `An event of ${keyOf(application)}: its operation of ${operation.startedAt} is ${operation.phase}, ${count}.`;
}

function warnOfUnreadable({ application }: Dispatch, { console }: EventDependencies): void {
  const { unreadableResources: problems = [] } = application;
  const [first, ...others] = problems;
  if (first === undefined) return;
  const more = others.length > 0 ? ` (and ${others.length} more like it)` : '';
  console.warning(
    `The event tells a resource that cannot be read${more}, so it is left out and evidence is partial: ${first}. ${SENDER}`,
  );
}

function warnOfImages({ filters }: Inputs, { console }: EventDependencies): void {
  const asking = filters.filter((each) => each.image).map((each) => each.name);
  if (asking.length === 0) return;
  console.warning(
    `An event tells no images, so these filters match nothing: ${asking.join(', ')}. Use source: cluster or source: argocd for them.`,
  );
}

/** What the event comes to, in the order in which it is decided. */
async function understood(
  dispatch: Dispatch,
  inputs: Inputs,
  dependencies: EventDependencies,
): Promise<ReadEvent> {
  const { application, operation } = dispatch;
  const asked = applicationMatches(inputs.applications, inputs.applicationNamespace);
  if (!asked(application.namespace, application.name)) return { application, end: OTHER };
  if (operation.dryRun) return { application, end: DRY_RUN };
  if (!hasEnded(operation)) return { application, end: RUNNING, error: STILL_RUNNING };
  const end = operation.phase === 'Succeeded' ? SYNCED : failedBy(operation);
  const { kubeconfig, server } = inputs.access;
  // Only what inputs give counts: a runner in a cluster has access of its own.
  if (!kubeconfig && server === '') return unaided(dispatch, end);
  return aided(dispatch, end, inputs, dependencies);
}

const SYNCED: End = { conclusion: 'success', reason: 'synced', what: 'the operation succeeded' };
const OTHER: End = {
  conclusion: 'skipped',
  reason: 'other-application',
  what: 'the event is of this Application, which `application` does not name',
};
const DRY_RUN: End = {
  conclusion: 'skipped',
  reason: 'dry-run',
  what: 'the operation was a dry run, which deploys nothing',
};
const RUNNING: End = {
  conclusion: 'failure',
  reason: 'operation-running',
  what: 'the operation of the event has not ended',
};
const STILL_RUNNING = new TerminalError(
  'operation-running',
  RUNNING.what,
  `The event must be sent when the operation has ended. Correct the condition of what sends it, in Argo CD Notifications
when: app.status?.operationState?.phase in ['Succeeded', 'Failed', 'Error']
or use source: cluster to wait for the end.`,
);
const TRUNCATED: End = {
  conclusion: 'failure',
  reason: 'truncated',
  what: 'the event was too large to tell the resources',
};

function failedBy({ phase }: Operation): End {
  return { conclusion: 'failure', reason: 'sync-failed', what: `its operation ended ${phase}` };
}

function unaided({ application, truncated }: Dispatch, end: End): ReadEvent {
  if (!truncated || end !== SYNCED) return { application, end };
  return { application, end: TRUNCATED, error: truncation(READ_IT) };
}

function truncation(remedy: string): TerminalError {
  return new TerminalError('truncated', TRUNCATED.what, remedy);
}

/** Access to the cluster, to be pasted. */
const ACCESS = `with:
  source: event
  server: https://kubernetes.example.com
  certificate-authority: \${{ vars.CLUSTER_CA }}
  oidc-audience: my-cluster`;

const READ_IT = `Give access to the cluster, so that the Application itself is read:
${ACCESS}
Or wait with source: cluster, in a workflow on push.`;

/** Asks the cluster, but only where the event leaves something open. */
async function aided(
  dispatch: Dispatch,
  end: End,
  inputs: Inputs,
  dependencies: EventDependencies,
): Promise<ReadEvent> {
  const { application, truncated } = dispatch;
  const open = undecidedOf(settledBy({ application, end }, inputs, dependencies.clock)).length > 0;
  if (!truncated && (!open || inputs.liveEvidence === 'off')) return { application, end };
  const { source } = await openSource(
    { ...inputs, applications: [keyOf(application)], selector: '' },
    dependencies,
  );
  const live = inputs.liveEvidence === 'off' ? {} : { source };
  try {
    const found = await lookedUp(application, source, dependencies);
    if (!truncated) return { application: enriched(dispatch, found), end, ...live };
    if (isSame(found, dispatch)) return { application: found, end, ...live };
    return late(dispatch, end);
  } catch (thrown) {
    if (truncated) throw isUnanswered(thrown, dependencies) ? unreachable(thrown) : thrown;
    const { message, remedy } = lackOf(thrown);
    const consequence = `The cluster could not be asked what the event leaves open, so that is called "updated" and evidence is partial (live-evidence: off silences this). ${message}`;
    dependencies.console.notice([consequence, remedy].filter((line) => line !== '').join('\n'));
    return { application, end };
  }
}

/** The cluster has gone on: what the event left out is lost. */
function late({ application }: Dispatch, end: End): ReadEvent {
  if (end !== SYNCED) return { application, end };
  return { application, end: TRUNCATED, error: truncation(TOO_LATE) };
}

const TOO_LATE = `Another operation has taken the place of the one in the event, and what that one did can be read nowhere. What must miss nothing waits instead, in a workflow on push:
with:
  application: shop
  revision: \${{ github.sha }}`;

/** A run that was cancelled says that, whatever was not answered then. */
function isUnanswered(thrown: unknown, { cancelled }: EventDependencies): thrown is TransientError {
  return thrown instanceof TransientError && !cancelled.aborted;
}

function unreachable(thrown: TransientError): TerminalError {
  return new TerminalError('unreachable', thrown.message, UNREACHABLE);
}

const UNREACHABLE = `The event was too large to tell the resources, so the cluster had to. Run the workflow again when it answers. ${IN_REACH}`;

const DEADLINE_MS = 20_000;

/**
 * @throws TerminalError or TransientError; also where the Application is not there any more
 * @throws DecodeError where it cannot be read
 */
async function lookedUp(
  application: Application,
  source: Source,
  { clock, random, cancelled }: Pick<EventDependencies, 'clock' | 'random' | 'cancelled'>,
): Promise<Application> {
  const key = keyOf(application);
  const events = await withTimeLimit(clock, DEADLINE_MS, cancelled, (signal) => {
    const look = () => source.relist(signal);
    return unlessAborted(withRetries(look, { clock, random }, signal), signal);
  });
  if (!events) throw new TransientError('The cluster did not answer in time.');
  const found = events.find((each) => each.kind === 'application')?.application;
  if (found?.unreadable !== undefined) throw new DecodeError(found.unreadable);
  if (found) return found;
  throw new TerminalError('missing', `The cluster has no Application ${key}.`, ELSEWHERE);
}

const ELSEWHERE = `It was deleted after the event, or this is not the cluster that the event came from. What the event leaves open is known to the cluster that Argo CD itself runs in, wherever it deploys to:
${ACCESS}`;

function isSame({ operation }: Application, dispatch: Dispatch): boolean {
  return operation !== undefined && operation.startedAt === dispatch.operation.startedAt;
}

/** The event's Application with what it takes to find its live objects: where they are, as what. */
function enriched({ application, operation }: Dispatch, found: Application): Application {
  const known = [...found.comparison.resources, ...(found.operation?.results ?? [])];
  const versions = new Map(known.map((each) => [resourceName(each), each.version]));
  const { resources } = found.comparison;
  const versioned = <T extends ResourceKey>(all: readonly T[]) =>
    located(all, resources, found.destination.namespace).map((each) => ({
      ...each,
      version: versions.get(resourceName(each)) ?? '',
    }));
  const { comparison } = application;
  return {
    ...application,
    destination: found.destination,
    operation: { ...operation, results: versioned(operation.results) },
    comparison: { ...comparison, resources: versioned(comparison.resources) },
  };
}

/** The end as the event alone shows it. */
function settledBy({ application, end }: ReadEvent, inputs: Inputs, clock: Clock): Settled {
  const now = clock.now();
  const resolve = () => ({ kind: 'any', why: 'the event names the operation' }) as const;
  const first = begin(inputs, resolve, now);
  const seen = step(first, { kind: 'snapshot', application, now, gap: false });
  const name = nameOf(keyOf(application), inputs.applicationNamespace);
  return settle(name, end === OTHER ? first : seen, end, now);
}

async function evidenceFor(
  { source, end }: ReadEvent,
  ends: Parameters<typeof readLive>[0],
  { clock, console, cancelled }: EventDependencies,
): Promise<LiveEvidence> {
  if (!source || end.conclusion === 'skipped') return new Map();
  return readLive(ends, source, { clock, log: console, cancelled });
}

/** An event tells no fields: the Argo CD API does, where inputs give access to it. */
async function lookedInto(
  outcome: { readonly ends: ReadonlyMap<string, Settled> },
  results: Results,
  { end }: ReadEvent,
  { application, previous }: Dispatch,
  inputs: Inputs,
  dependencies: EventDependencies,
): Promise<Results> {
  const { fields, filters } = inputs;
  const api = end.conclusion === 'skipped' ? undefined : await openArgocdApi(inputs, dependencies);
  const asked = fields === 'paths' || fields === 'values' || filters.some((each) => each.fields);
  if (!api && (fields === 'off' || !asked)) return results;
  const { withFields } = await import('../conclude/fields.js');
  return withFields(outcome, results, inputs, {
    ...dependencies,
    ...(api ? { argocd: api.connection } : {}),
    ...(previous ? { previous: new Map([[keyOf(application), previous]]) } : {}),
  });
}

/** What a truncated event did not tell may be anything. */
function blinded(report: Report, reading: ReadEvent, { truncated, application }: Dispatch): Report {
  if (!truncated || reading.application !== application) return report;
  if (reading.end.conclusion === 'skipped') return report;
  const applications = report.applications.map((each) => ({
    ...each,
    evidence: 'partial' as const,
  }));
  return { ...report, applications };
}
