import { keyOf } from '../core/application/types.js';
import type { ApplicationSet } from '../core/applicationset/types.js';
import { backoff } from '../http/retry.js';
import type { Clock } from '../platform/clock.js';
import { messageOf, TransientError } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import type { ObjectEvent } from './protocol.js';
import type { ListerWatcher, ObjectName, Source, SourceEvent } from './source.js';

/**
 * Applications, and the ApplicationSets that generate them, in one. The Applications are listed once
 * the ApplicationSets are, so that what those say of the present spec had reached the Applications.
 */
export function withApplicationSets(
  applications: ListerWatcher<SourceEvent>,
  open: () => Promise<ListerWatcher<ObjectEvent<ApplicationSet>>>,
): ListerWatcher<SourceEvent> {
  let opened: Promise<ListerWatcher<ObjectEvent<ApplicationSet>>> | undefined;
  const sets = () => {
    opened ??= open();
    return opened;
  };
  return {
    async watch(listener, signal) {
      const life = new AbortController();
      const both = AbortSignal.any([signal, life.signal]);
      const listed = Promise.withResolvers<void>();
      const followed = await sets();
      const watching = followed.watch((event) => {
        listener(eventOf(event));
        if (event.kind === 'listed') listed.resolve();
      }, both);
      try {
        await Promise.race([watching, listed.promise]);
        if (!both.aborted) await Promise.all([watching, applications.watch(listener, both)]);
      } finally {
        life.abort();
      }
    },
    async relist(signal) {
      const first = await (await sets()).relist(signal);
      return [...first.map(eventOf), ...(await applications.relist(signal))];
    },
  };
}

export interface Refreshing {
  readonly names: readonly ObjectName[];
  readonly refresh: NonNullable<Source['refreshApplicationSet']>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Follows ApplicationSets once their generators were asked to run again: the first look is from
 * after that.
 */
export function refreshedFirst(
  followed: ListerWatcher<ObjectEvent<ApplicationSet>>,
  { names, refresh, clock, random, log }: Refreshing,
): ListerWatcher<ObjectEvent<ApplicationSet>> {
  const left = new Set(names);
  const refreshAll = async (signal: AbortSignal) => {
    for (const name of left) {
      if (await refresh(name, signal)) {
        log.info(`Asked for the generators of the ApplicationSet ${keyOf(name)} to run again.`);
      }
      left.delete(name);
    }
  };
  return {
    async watch(listener, signal) {
      for (let failures = 0; left.size > 0 && !signal.aborted; failures += 1) {
        try {
          await refreshAll(signal);
        } catch (thrown) {
          if (!(thrown instanceof TransientError)) throw thrown;
          if (signal.aborted) return;
          listener({ kind: 'unreachable', message: messageOf(thrown) });
          await clock.sleep(backoff(failures, random, thrown.retryAfterMs), signal);
        }
      }
      await followed.watch(listener, signal);
    },
    async relist(signal) {
      await refreshAll(signal);
      return followed.relist(signal);
    },
  };
}

function eventOf(event: ObjectEvent<ApplicationSet>): SourceEvent {
  switch (event.kind) {
    case 'object':
      return { kind: 'applicationset', set: event.object };
    case 'deleted':
      return { kind: 'applicationset-deleted', key: event.key };
    case 'listed':
      return { kind: 'applicationsets-listed', present: event.present };
    case 'unreachable':
      return event;
  }
}
