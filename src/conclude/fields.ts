import type { Connection } from '../http/connection.js';
import { unlessAborted, withTimeLimit } from '../platform/abort.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { messageOf } from '../platform/errors.js';
import type { Source } from '../sources/source.js';
import type { Outcome } from '../wait/waits.js';
import {
  asksAbout,
  type FieldInputs,
  type Finding,
  type Results,
  type Trouble,
} from './asked-fields.js';
import { type LiveDependencies, tellLive } from './live-fields.js';
import { type RenderedDependencies, tellRendered } from './rendered-fields.js';

/** What finding the changed fields takes beside the inputs. */
export interface FieldDependencies
  extends Pick<RunDependencies, 'clock' | 'random' | 'console' | 'cancelled'>,
    Pick<LiveDependencies, 'before'>,
    Pick<RenderedDependencies, 'previous'> {
  /** To the Argo CD API; absent: not connected. */
  readonly argocd?: Connection;
  /** Where live objects can be read; absent: nothing but the Argo CD API can be asked. */
  readonly source?: Pick<Source, 'reaches' | 'reader'>;
}

/** A run's answer waits no longer for what changed within resources. */
const PATIENCE_MS = 20_000;

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
  const { console, cancelled, clock } = dependencies;
  const finding: Finding = { told: new Map(results), troubles: [] };
  await withTimeLimit(clock, PATIENCE_MS, cancelled, async (signal) => {
    await find(ends, finding, inputs, dependencies, signal);
    if (signal.aborted) finding.troubles.push(LATE);
  });
  if (!cancelled.aborted) noticeUnknown(finding.told, finding.troubles, inputs, console);
  return finding.told;
}

/** By the manifests, and what those do not tell by the live objects. */
async function find(
  ends: Outcome['ends'],
  finding: Finding,
  inputs: FieldInputs,
  dependencies: FieldDependencies,
  signal: AbortSignal,
): Promise<void> {
  const { cancelled, argocd, source, before } = dependencies;
  const { troubles } = finding;
  const attempt = (work: Promise<unknown>) => tried(unlessAborted(work, signal), troubles);
  if (argocd) {
    await attempt(tellRendered(ends, finding, inputs, { ...dependencies, argocd }, signal));
  }
  if (source?.reader && !cancelled.aborted) {
    troubles.push(...(before?.troubles ?? []));
    const live = { ...dependencies, source: { ...source, reader: source.reader } };
    await attempt(tellLive(ends, finding, inputs, live, signal));
  }
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

const LATE: Trouble = { message: 'The answers did not come in 20 s.', remedy: '' };

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
