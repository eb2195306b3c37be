import { pluralize } from '../core/application/phrases.js';
import type { RenderedDeployment } from '../core/changes/rendered.js';
import type { Previous } from '../core/changes/scope.js';
import { rendered, type Settled } from '../core/result/settle.js';
import type { ApplicationResult } from '../core/result/vocabulary.js';
import type { Connection } from '../http/connection.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { messageOf } from '../platform/errors.js';
import type { RenderingReader } from '../sources/argocd/manifests.js';
import { mapAtMost } from '../sources/live-metadata.js';
import type { Outcome } from '../wait/waits.js';
import {
  asksAbout,
  type FieldInputs,
  type Finding,
  type Results,
  type Trouble,
} from './asked-fields.js';

export interface RenderedDependencies
  extends Pick<RunDependencies, 'clock' | 'random' | 'console'> {
  /** To the Argo CD API. */
  readonly argocd: Connection;
  /** By Application key, what an event told was deployed before; else their histories are asked. */
  readonly previous?: ReadonlyMap<string, Previous>;
}

/** Applications at a time: Argo CD renders two revisions of each. */
const CONCURRENCY = 2;

/** Has Argo CD render the revisions before and after. */
export async function tellRendered(
  ends: Outcome['ends'],
  { told, troubles }: Finding,
  inputs: FieldInputs,
  { argocd, clock, random, console, previous }: RenderedDependencies,
  signal: AbortSignal,
): Promise<void> {
  const open = openOnes(ends, told, inputs);
  if (open.length === 0) return;
  console.debug(`Asking Argo CD what it renders of ${pluralize(open.length, 'Application')}.`);
  const { renderingReader } = await import('../sources/argocd/manifests.js');
  const reader = renderingReader({ connection: argocd, clock, random });
  await mapAtMost(CONCURRENCY, open, async ([key, settled]) => {
    const result = told.get(key);
    const found = await renderingOf(settled, previous?.get(key), reader, signal);
    // What comes late would change what has been told.
    if (signal.aborted || !result) return;
    const next =
      'message' in found ? found : resultWith(settled, result, found, inputs.fields !== 'off');
    if ('remedy' in next) troubles.push(next);
    else told.set(key, next);
  });
  reader.close();
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
