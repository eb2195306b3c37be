import { parseApplication } from '../../src/core/application/parse.js';
import { type Application, isInCluster, keyOf } from '../../src/core/application/types.js';
import type {
  LiveMetadata,
  LiveQuery,
  Patch,
  Source,
  SourceEvent,
} from '../../src/sources/source.js';
import type { EffectDependencies } from '../../src/wait/effects.js';
import { type Look, manifest } from './manifest.ts';

/** An Application as a source delivers it. */
export function application(name: string, look: Look = {}): Application {
  return parseApplication(manifest(name, look));
}

/** Nothing can be seen beside the source. */
export const NOTHING_BESIDE: Pick<EffectDependencies, 'look' | 'readSet'> = {
  look: async () => ({ final: true }),
  readSet: async () => ({ kind: 'unavailable', final: true, message: '', remedy: '' }),
};

/** A source that says what a test tells it to say. */
export interface ScriptedSource extends Source {
  /** Says an Application, to whoever watches. */
  put(application: Application, gap?: boolean): void;
  remove(application: Application): void;
  /** A complete look: these, and nothing else. */
  list(...applications: readonly Application[]): void;
  unreachable(message?: string): void;
  /** Ends the watch with an error. */
  break(thrown: unknown): void;
  /** What the next looks find, or throw; a function is asked with the look's signal. */
  readonly looks: (readonly Application[] | Error | ((signal: AbortSignal) => Promise<never>))[];
  /** What the next patches are answered with, or throw; without any: a new version. */
  readonly answers: (Application | 'conflict' | Error | Promise<Application | 'conflict'>)[];
  /** By the resource's name. */
  readonly liveAnswers: Map<string, LiveMetadata>;
  readonly patches: Patch[];
  readonly queries: LiveQuery[];
  /** How often it was looked at, and whether it is watched now. */
  readonly looked: number;
  readonly watched: boolean;
}

export function scriptedSource(): ScriptedSource {
  const listeners = new Set<(event: SourceEvent) => void>();
  const watch = Promise.withResolvers<void>();
  let looked = 0;
  const say = (event: SourceEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const source: ScriptedSource = {
    looks: [],
    answers: [],
    liveAnswers: new Map(),
    patches: [],
    queries: [],
    get looked() {
      return looked;
    },
    get watched() {
      return listeners.size > 0;
    },
    put: (application, gap = false) => say({ kind: 'application', application, gap }),
    remove: (application) =>
      say({ kind: 'deleted', key: keyOf(application), uid: application.uid }),
    list(...applications) {
      for (const each of applications) source.put(each);
      say({ kind: 'listed', present: new Set(applications.map(keyOf)) });
    },
    unreachable: (message = 'connection refused') => say({ kind: 'unreachable', message }),
    break: (thrown) => watch.reject(thrown),
    async watch(listener, signal) {
      // What a listener throws is thrown to the watch, as by the real source.
      const listening = (event: SourceEvent): void => {
        try {
          listener(event);
        } catch (thrown) {
          watch.reject(thrown);
        }
      };
      listeners.add(listening);
      const ended = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => ended.resolve());
      await Promise.race([ended.promise, watch.promise]).finally(() => listeners.delete(listening));
    },
    async relist(signal) {
      looked += 1;
      const found = source.looks.shift() ?? [];
      if (found instanceof Error) throw found;
      if (typeof found === 'function') return found(signal);
      const events = found.map(
        (application) => ({ kind: 'application', application, gap: false }) as const,
      );
      return [...events, { kind: 'listed', present: new Set(found.map(keyOf)) }];
    },
    reaches: ({ destination }) => isInCluster(destination),
    async live(queries) {
      source.queries.push(...queries);
      return queries.map(({ name }) => source.liveAnswers.get(name) ?? { kind: 'absent' });
    },
    applicationSets: async () => Promise.reject(new Error('no ApplicationSets were scripted')),
    names: async () => [],
    uiAddress: async () => '',
    async patch(patch) {
      source.patches.push(patch);
      const answer = await source.answers.shift();
      if (answer instanceof Error) throw answer;
      if (answer === undefined) throw new Error('no answer to a patch was scripted');
      return answer;
    },
  };
  return source;
}
