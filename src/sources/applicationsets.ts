import type { ApplicationSet } from '../core/applicationset/types.js';
import type { ObjectEvent } from './protocol.js';
import type { ListerWatcher, SourceEvent } from './source.js';

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
