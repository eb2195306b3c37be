import { resourceName } from '../core/application/types.js';
import type { RenderedDeployment } from '../core/changes/rendered.js';
import type { Previous } from '../core/changes/scope.js';
import { historyFields } from '../core/fields/histories.js';
import { lastWriteOf } from '../core/fields/ownership.js';
import { liveFields } from '../core/fields/resources.js';
import { evaluate } from '../core/filters/filter.js';
import { rendered, type Settled } from '../core/result/settle.js';
import type { ApplicationResult, Change, ChangedFields } from '../core/result/vocabulary.js';
import type { Connection } from '../http/connection.js';
import type { Inputs } from '../inputs/types.js';
import { unlessAborted } from '../platform/abort.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { messageOf } from '../platform/errors.js';
import type { RenderingReader } from '../sources/argocd/manifests.js';
import { mapAtMost } from '../sources/live-metadata.js';
import type { LiveQuery, Source } from '../sources/source.js';
import type { Outcome } from '../wait/waits.js';
import type { Before } from './first-look.js';
import { queryOf } from './live-evidence.js';

/** What finding the changed fields takes beside the inputs. */
export interface FieldDependencies
  extends Pick<RunDependencies, 'clock' | 'random' | 'console' | 'cancelled'> {
  /** To the Argo CD API; absent: not connected. */
  readonly argocd?: Connection;
  /** Where live objects can be read; absent: nothing but the Argo CD API can be asked. */
  readonly source?: Pick<Source, 'reaches' | 'reader'>;
  /** What was read before the deployment; absent: nothing was. */
  readonly before?: Before;
  /** By Application key, what an event told was deployed before; else their histories are asked. */
  readonly previous?: ReadonlyMap<string, Previous>;
}

export type FieldInputs = Pick<
  Inputs,
  'fields' | 'filters' | 'changes' | 'liveEvidence' | 'applicationNamespace'
>;

/** By Application key. */
export type Results = ReadonlyMap<string, ApplicationResult>;

/** A run's answer waits no longer for what changed within resources. */
const PATIENCE_MS = 20_000;
/** Applications at a time: Argo CD renders two revisions of each. */
const CONCURRENCY = 2;

/** Why fields are not known, and what helps; empty: nothing does. */
interface Trouble {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Adds to the results which fields of the updated resources changed, and decides by the rendered
 * manifests what nothing better could. Never rejects: what cannot be read stays unknown, and one
 * notice says why and what helps.
 * @param results with what the live objects said
 */
export async function withFields(
  { ends }: Pick<Outcome, 'ends'>,
  results: Results,
  inputs: FieldInputs,
  dependencies: FieldDependencies,
): Promise<Results> {
  const { console, cancelled, argocd, source, before } = dependencies;
  const signal = AbortSignal.any([cancelled, AbortSignal.timeout(PATIENCE_MS)]);
  const told = new Map(results);
  const troubles: Trouble[] = [];
  const attempt = (work: Promise<unknown>) => tried(unlessAborted(work, signal), troubles);
  if (argocd) {
    const open = openOnes(ends, results, inputs);
    await attempt(tellRendered(open, told, troubles, inputs, { ...dependencies, argocd }, signal));
  }
  if (source?.reader && !cancelled.aborted) {
    troubles.push(...(before?.troubles ?? []));
    await attempt(tellLive(ends, told, troubles, inputs, { ...dependencies, source }, signal));
  }
  if (cancelled.aborted) return told;
  if (signal.aborted) troubles.push(LATE);
  noticeUnknown(told, troubles, inputs, console);
  return told;
}

/** Nothing that is found within resources may fail a run, however deep it nests. */
async function tried(work: Promise<unknown>, troubles: Trouble[]): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    troubles.push({
      message: `What was read cannot be compared: ${messageOf(thrown)}`,
      remedy: '',
    });
  }
}

type Open = readonly (readonly [key: string, settled: Settled])[];

/** More Applications are not looked into where nobody asks for it. */
const MOST_UNASKED = 100;

/** Those that the manifests could tell more of; first those of which someone asks for that. */
function openOnes(ends: Outcome['ends'], results: Results, inputs: FieldInputs): Open {
  const open = [...ends].filter(([key, settled]) => isOpen(settled, results.get(key), inputs));
  const isAsked = ([key, settled]: Open[number]) =>
    isUndecided(settled, results.get(key), inputs) ||
    (results.get(key)?.changes.some((each) => asksAbout(inputs, each)) ?? false);
  const [asked, others] = [open.filter(isAsked), open.filter((each) => !isAsked(each))];
  return [...asked, ...others.slice(0, MOST_UNASKED)];
}

const LATE: Trouble = { message: 'The answers did not come in 20 s.', remedy: '' };

/** Whether the manifests could tell more. */
function isOpen(
  settled: Settled,
  result: ApplicationResult | undefined,
  inputs: FieldInputs,
): boolean {
  const updated = result?.changes.some((each) => each.change === 'updated') ?? false;
  return (inputs.fields !== 'off' && updated) || isUndecided(settled, result, inputs);
}

function isUndecided(
  { replaced }: Settled,
  result: ApplicationResult | undefined,
  { liveEvidence }: FieldInputs,
): boolean {
  if (liveEvidence === 'off') return false;
  return replaced === true || (result?.changes.some((c) => c.evidence === 'reported') ?? false);
}

async function tellRendered(
  open: Open,
  told: Map<string, ApplicationResult>,
  troubles: Trouble[],
  { fields }: FieldInputs,
  dependencies: FieldDependencies & { readonly argocd: Connection },
  signal: AbortSignal,
): Promise<void> {
  if (open.length === 0) return;
  const { argocd, clock, random, console, previous } = dependencies;
  console.debug(`Asking Argo CD what it renders of ${open.length} Applications.`);
  const { renderingReader } = await import('../sources/argocd/manifests.js');
  const reader = renderingReader({ connection: argocd, clock, random });
  await mapAtMost(CONCURRENCY, open, async ([key, settled]) => {
    const result = told.get(key);
    const found = await renderingOf(settled, previous?.get(key), reader, signal);
    // What comes late would change what has been told.
    if (signal.aborted || !result) return;
    const next = 'message' in found ? found : resultWith(settled, result, found, fields !== 'off');
    if ('remedy' in next) troubles.push(next);
    else told.set(key, next);
  });
  reader.close();
}

async function renderingOf(
  { application, deployed, result, lost }: Settled,
  previous: Previous | undefined,
  reader: RenderingReader,
  signal: AbortSignal,
): Promise<RenderedDeployment | Trouble> {
  if (!application || !deployed || signal.aborted) {
    const message = `When the deployment of ${result.application} began is not known.`;
    return { message, remedy: '' };
  }
  // What was pruned unseen takes the Application itself to tell.
  const told = previous && !lost ? { previous } : {};
  const answer = await reader.read({ application, deployed, ...told }, signal);
  return answer.kind === 'rendered' ? answer.found : answer;
}

function resultWith(
  settled: Settled,
  result: ApplicationResult,
  found: RenderedDeployment,
  fields: boolean,
): ApplicationResult | Trouble {
  try {
    return rendered(settled, result, found, fields);
  } catch (thrown) {
    const what = `The manifests of ${result.application} cannot be compared`;
    return { message: `${what}: ${messageOf(thrown)}`, remedy: '' };
  }
}

interface Question {
  readonly key: string;
  readonly change: Change;
  readonly query: LiveQuery;
  /** When the deployment began (RFC 3339). */
  readonly since: string;
}

/** By the live objects before and after, else by the pod templates that the cluster keeps. */
async function tellLive(
  ends: Outcome['ends'],
  told: Map<string, ApplicationResult>,
  troubles: Trouble[],
  inputs: FieldInputs,
  { source, before }: Pick<FieldDependencies, 'before'> & { readonly source: LiveSource },
  signal: AbortSignal,
): Promise<void> {
  const all = questionsOf(ends, told, inputs, source);
  const open = () => questionsOf(ends, told, inputs, source).slice(0, MOST_OBJECTS);
  if (all.length === 0) return;
  const reader = await source.reader?.();
  const watched = open().filter((each) => objectBefore(before, each));
  const objects =
    (await reader?.objects(
      watched.map(({ query }) => query),
      signal,
    )) ?? [];
  const tell = (question: Question, fields: ChangedFields | undefined) => {
    if (fields && !signal.aborted) addFields(told, question, fields);
  };
  for (const [i, question] of watched.entries()) {
    const [then, now] = [objectBefore(before, question), objects[i]];
    if (now?.kind === 'unreadable') troubles.push(now);
    if (then && now?.kind === 'found') {
      tell(question, { ...liveFields(then, now.object), evidence: 'live' });
    }
  }
  const rest = open();
  const kept =
    (await reader?.templates(
      rest.map(({ query }) => query),
      signal,
    )) ?? [];
  for (const [i, question] of rest.entries()) {
    const templates = kept[i];
    if (templates?.kind === 'unreadable') troubles.push(templates);
    const fields =
      templates?.kind === 'found' ? historyFields(templates.kept, question.since) : undefined;
    tell(question, fields && { ...fields, evidence: 'history' });
  }
  if (all.length > MOST_OBJECTS) troubles.push(TOO_MANY);
}

type LiveSource = NonNullable<FieldDependencies['source']>;
const MOST_OBJECTS = 500;
const TOO_MANY: Trouble = {
  message: `More than ${MOST_OBJECTS} live objects are not read: with access to the Argo CD API (argocd-server, argocd-token), its manifests tell of all.`,
  remedy: '',
};

function questionsOf(
  ends: Outcome['ends'],
  told: Results,
  inputs: FieldInputs,
  source: LiveSource,
): readonly Question[] {
  return [...ends].flatMap(([key, { application, deployed }]) => {
    if (!application || !deployed || !source.reaches(application)) return [];
    return (told.get(key)?.changes ?? [])
      .filter((each) => !each.fields && each.name !== '' && asksAbout(inputs, each))
      .map((change) => ({
        key,
        change,
        query: queryOf(application, change),
        since: deployed.startedAt,
      }));
  });
}

/** What Argo CD has written since the deployment began is not what was there before. */
function objectBefore(before: Before | undefined, { key, change, since }: Question) {
  const object = before?.objects.get(key)?.get(resourceName(change));
  return object && lastWriteOf(object) < since ? object : undefined;
}

function addFields(
  told: Map<string, ApplicationResult>,
  { key, change }: Question,
  fields: ChangedFields,
): void {
  const result = told.get(key);
  if (!result) return;
  const changes = result.changes.map((each) => (each === change ? { ...each, fields } : each));
  told.set(key, { ...result, changes });
}

/** Updated resources of which someone asks for the fields. */
export function asksAbout(inputs: FieldInputs, change: Change): boolean {
  if (change.change !== 'updated' || inputs.fields === 'off') return false;
  return inputs.fields !== 'auto' || isFilteredByFields(inputs, change);
}

function isFilteredByFields(
  { filters, changes, applicationNamespace }: FieldInputs,
  change: Change,
): boolean {
  return filters.some(({ fields, image: _image, ...others }) => {
    return fields && evaluate(others, [change], changes, { applicationNamespace }).length > 0;
  });
}

function noticeUnknown(
  told: Results,
  troubles: readonly Trouble[],
  inputs: FieldInputs,
  log: FieldDependencies['console'],
): void {
  const [first] = troubles;
  // Access that was given and is refused is told, whoever asks.
  const refused = inputs.fields !== 'off' && first !== undefined && first.remedy !== '';
  const unknown = [...told.values()].flatMap(({ changes }) =>
    changes.filter(
      (each) => !each.fields && each.change === 'updated' && (refused || asksAbout(inputs, each)),
    ),
  );
  if (unknown.length === 0) {
    if (first) log.debug(`Not all that changed could be looked into. ${first.message}`);
    return;
  }
  const count =
    unknown.length === 1 ? 'an updated resource' : `${unknown.length} updated resources`;
  const consequence = `Which fields of ${count} changed is not known, so a filter's fields condition takes them for a match and evidence is partial (fields: off silences this).`;
  const { message, remedy } = first ?? NO_WAY;
  log.notice([`${consequence} ${message}`, remedy].filter((line) => line !== '').join('\n'));
}

const NO_WAY: Trouble = {
  message: 'Neither the Argo CD API nor the cluster could tell.',
  remedy: `Give access to the Argo CD API, which renders the revisions before and after:
with:
  argocd-server: https://argocd.example.com
  argocd-token: \${{ secrets.ARGOCD_TOKEN }}`,
};
