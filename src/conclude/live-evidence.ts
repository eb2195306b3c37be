import { resourceName } from '../core/application/types.js';
import type { LiveTimes } from '../core/changes/live-times.js';
import { type Settled, undecidedOf } from '../core/result/settle.js';
import { unlessAborted, withTimeLimit } from '../platform/abort.js';
import type { Clock } from '../platform/clock.js';
import type { Log } from '../platform/log.js';
import type { LiveMetadata, LiveQuery, Source } from '../sources/source.js';
import type { Outcome } from '../wait/waits.js';

/** By Application key, then by resource name: what the live objects said. */
export type LiveEvidence = ReadonlyMap<string, ReadonlyMap<string, LiveTimes>>;

export interface LiveEvidenceDependencies {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  readonly cancelled: AbortSignal;
}

/** A run's answer never waits longer for evidence. */
const PATIENCE_MS = 20_000;
/** Then a source has so long to hand over the answers that came. */
const HANDING_OVER_MS = 1000;

/**
 * Reads the metadata of the live objects that what was seen could not decide, where the source
 * can ask for them. What cannot be read stays as reported; one notice says why and what helps.
 */
export async function readLive(
  { ends }: Pick<Outcome, 'ends'>,
  source: Source,
  dependencies: LiveEvidenceDependencies,
): Promise<LiveEvidence> {
  const { log } = dependencies;
  const questions = [...ends].flatMap(([key, settled]) => {
    const { application } = settled;
    return application && source.reaches(application)
      ? undecidedOf(settled)
          .filter(({ name }) => name !== '')
          .map((of) => ({ key, of, query: queryOf(application, of) }))
      : [];
  });
  if (questions.length === 0) return new Map();
  log.debug(`Reading the metadata of ${questions.length} live objects.`);
  const queries = questions.map((each) => each.query);
  const answers = await answersInTime(source, queries, dependencies);
  noticeUnreadable(answers, log);
  const evidence = new Map<string, Map<string, LiveTimes>>();
  for (const [i, { key, of }] of questions.entries()) {
    const answer = answers[i];
    if (answer?.kind !== 'found') continue;
    const ofApplication = evidence.get(key) ?? new Map<string, LiveTimes>();
    evidence.set(key, ofApplication.set(resourceName(of), answer));
  }
  return evidence;
}

/** What has no answer when time is up is unreadable; a cancelled run has no answers. */
async function answersInTime(
  source: Source,
  queries: readonly LiveQuery[],
  { clock, cancelled }: LiveEvidenceDependencies,
): Promise<readonly LiveMetadata[]> {
  let limit = cancelled;
  const read = (end: AbortSignal) =>
    withTimeLimit(clock, PATIENCE_MS, end, (signal) => {
      limit = signal;
      return unlessAborted(source.live(queries, signal), end);
    });
  const answers = await withTimeLimit(clock, PATIENCE_MS + HANDING_OVER_MS, cancelled, read);
  if (cancelled.aborted) return [];
  const isLate = limit.aborted;
  return (answers ?? queries.map(() => LATE)).map((answer) =>
    isLate && answer.kind === 'unreadable' && answer.remedy === '' ? LATE : answer,
  );
}

const LATE: LiveMetadata = {
  kind: 'unreadable',
  message: `The answers did not come in ${PATIENCE_MS / 1000} s.`,
  remedy: '',
};

/** How the live object of a resource is asked for. */
export function queryOf(
  application: NonNullable<Settled['application']>,
  of: Pick<LiveQuery, 'group' | 'version' | 'kind' | 'namespace' | 'name'>,
): LiveQuery {
  const { group, version, kind, namespace, name } = of;
  const whose = { namespace: application.namespace, name: application.name };
  const defaultNamespace = application.destination.namespace;
  return { application: whose, group, version, kind, namespace, name, defaultNamespace };
}

function noticeUnreadable(answers: readonly LiveMetadata[], log: Log): void {
  const unreadable = answers.filter((each) => each.kind === 'unreadable');
  const [first] = unreadable;
  if (!first) return;
  const [what, them] =
    unreadable.length === 1
      ? ['A live object', 'it']
      : [`${unreadable.length} live objects`, 'them'];
  const consequence = `${what} could not be read, so what happened to ${them} is reported as updated and evidence is partial (live-evidence: off silences this). ${first.message}`;
  log.notice([consequence, first.remedy].filter((line) => line !== '').join('\n'));
}
