import { keyOf } from '../core/application/types.js';
import { isTarget } from '../core/decision/state.js';
import { resolveTarget } from '../core/decision/target.js';
import type { Inputs } from '../inputs/types.js';
import type { RunDependencies } from '../platform/dependencies.js';
import type { Opened } from '../sources/open.js';
import type { Source, SourceEvent } from '../sources/source.js';
import { nameOf } from '../wait/selection.js';
import { asksAbout } from './asked-fields.js';
import type { FirstLook } from './first-look.js';

/** Explicitly: what takes no further right is found out anyway. */
export function asksForFields({ fields, filters }: Pick<Inputs, 'fields' | 'filters'>): boolean {
  return fields === 'auto' ? filters.some((each) => each.fields) : fields !== 'off';
}

/**
 * Objects are read before they are changed, unless an API beside the source renders what was there
 * before: then reading them would take rights for nothing.
 */
export async function firstLook(
  inputs: Inputs,
  { source, argocd }: Opened,
  { clock, cancelled }: Pick<RunDependencies, 'clock' | 'cancelled'>,
): Promise<FirstLook | undefined> {
  const beside = argocd !== undefined && inputs.source !== 'argocd';
  if (beside || !source.reader || inputs.timeoutMs === 0 || !asksForFields(inputs))
    return undefined;
  const { createFirstLook, isAtRest } = await import('./first-look.js');
  return createFirstLook({
    source,
    clock,
    cancelled,
    asks: (change) => asksAbout(inputs, change),
    nameOf: (key) => nameOf(key, inputs.applicationNamespace),
    isDeployed(application) {
      const target = resolveTarget(inputs.revision, inputs.run, application);
      const last = application.history.at(-1);
      if (target.kind === 'any') return isAtRest(application);
      return (
        last !== undefined && isAtRest(application) && isTarget(application, target, last.revisions)
      );
    },
  });
}

/** Does some work as soon as so many Applications were delivered. */
export function onceMany(count: number, work: () => void): (event: SourceEvent) => void {
  const keys = new Set<string>();
  return (event) => {
    if (event.kind !== 'application' || keys.size >= count) return;
    keys.add(keyOf(event.application));
    if (keys.size === count) work();
  };
}

/** The same source; every event of its watch is handed to `hear` before the listener gets it. */
export function overheard(source: Source, hear: (event: SourceEvent) => void): Source {
  return {
    ...source,
    watch: (listener, signal) =>
      source.watch((event) => {
        hear(event);
        listener(event);
      }, signal),
  };
}
