import { type Application, keyOf, resourceName } from '../core/application/types.js';
import { isBusy } from '../core/decision/observations.js';
import type { Json } from '../core/fields/lists.js';
import type { Change } from '../core/result/vocabulary.js';
import { inTime } from '../platform/abort.js';
import type { Clock } from '../platform/clock.js';
import type { LiveObject, LiveQuery, Source } from '../sources/source.js';

/** What was read before a deployment, by Application key and resource name. */
export interface Before {
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, Json>>;
  /** Why not all could be read. */
  readonly troubles: readonly { readonly message: string; readonly remedy: string }[];
}

/** Reads objects when an Application is first seen, before it is synced. */
export interface FirstLook {
  /** To be told when an Application is first seen; reads in the background, and neither waits nor throws. */
  seen(application: Application): void;
  /** Waits a little for what is under way, then ends it. */
  end(): Promise<Before>;
}

export interface FirstLookOptions {
  readonly source: Pick<Source, 'reaches' | 'reader'>;
  /** Whether someone asks for the fields of such a resource. */
  readonly asks: (change: Change) => boolean;
  /** As in `Change.application`. */
  readonly nameOf: (key: string) => string;
  /** Nothing more is to come. */
  readonly isDeployed: (application: Application) => boolean;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly cancelled: AbortSignal;
}

/** How long answers are waited for at the end, in milliseconds. */
const PATIENCE_MS = 5000;
/** More objects are not read. */
const MOST_OBJECTS = 500;
/** All that is kept of them, in UTF-16 units of JSON. */
const MOST_UNITS = 32 * 1024 * 1024;

export function createFirstLook(options: FirstLookOptions): FirstLook {
  const { source, asks, nameOf, isDeployed, clock, cancelled } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, cancelled]);
  const known = new Set<string>();
  const kept = new Map<string, Map<string, Json>>();
  const troubles: { message: string; remedy: string }[] = [];
  let [left, room] = [MOST_OBJECTS, MOST_UNITS];
  // One Application after the other, so that there are never more requests than of one.
  let queue = Promise.resolve();

  const keep = (key: string, query: LiveQuery, answer: LiveObject | undefined): void => {
    if (answer?.kind === 'unreadable') troubles.push(answer);
    if (answer?.kind !== 'found') return;
    room -= JSON.stringify(answer.object).length;
    if (room < 0) return;
    const ofApplication = kept.get(key) ?? new Map<string, Json>();
    kept.set(key, ofApplication.set(resourceName(query), answer.object));
  };
  const read = async (key: string, queries: readonly LiveQuery[]): Promise<void> => {
    const reader = signal.aborted ? undefined : await source.reader?.();
    const answers = (await reader?.objects(queries, signal)) ?? [];
    if (signal.aborted) return;
    for (const [i, query] of queries.entries()) keep(key, query, answers[i]);
  };
  return {
    seen(application) {
      const key = keyOf(application);
      if (known.has(key)) return;
      known.add(key);
      if (!source.reader || !source.reaches(application) || isDeployed(application)) return;
      const queries = queriesOf(application, nameOf(key), asks).slice(0, left);
      left -= queries.length;
      if (queries.length === 0) return;
      // What fails here is a field that is not known, and nothing more.
      queue = queue.then(() => read(key, queries)).catch(() => undefined);
    },
    // What comes late is safe to use: what had been written by then is not taken for the state before.
    async end() {
      await inTime(clock, PATIENCE_MS, cancelled, () => queue);
      stop.abort();
      return { objects: kept, troubles };
    },
  };
}

function queriesOf(
  application: Application,
  name: string,
  asks: FirstLookOptions['asks'],
): readonly LiveQuery[] {
  const { comparison, destination, namespace } = application;
  const whose = { namespace, name: application.name };
  return comparison.resources
    .filter((each) => !each.hook && each.name !== '' && asks(asUpdated(each, name)))
    .map(({ group, version, kind, namespace, name }) => ({
      ...{ application: whose, group, version, kind, namespace, name },
      defaultNamespace: destination.namespace,
    }));
}

function asUpdated(
  { group, version, kind, namespace, name }: Application['comparison']['resources'][number],
  application: string,
): Change {
  return {
    ...{ application, group, version, kind, namespace, name },
    change: 'updated',
    evidence: 'reported',
    message: '',
    images: [],
    phase: '',
  };
}

/** Whether an Application that nobody waits for a revision of has nothing more to do. */
export function isAtRest(application: Application): boolean {
  return application.comparison.status === 'Synced' && !isBusy(application);
}
