import type { ProjectWindow } from '../core/windows/assigned.js';
import type { SyncWindow } from '../core/windows/types.js';
import { list, record, text } from '../http/json.js';

/** UTF-16 units of each part of a sync window: a schedule that lists every minute has fewer. */
const LONGEST = 1_000;

/** The sync windows of an AppProject as the API has it. */
export function windowsInProject(project: unknown): readonly ProjectWindow[] {
  return list(record(record(project).spec).syncWindows).map((each) => {
    const { timeZone, applications, clusters, namespaces, andOperator } = record(each);
    return {
      ...windowIn(each),
      timeZone: short(timeZone),
      applications: list(applications).map(text),
      clusters: list(clusters).map(text),
      namespaces: list(namespaces).map(text),
      matchesAll: andOperator === true,
    };
  });
}

/** A sync window, but for its time zone and for the Applications that it is for. */
export function windowIn(value: unknown): SyncWindow {
  const { kind, schedule, duration, manualSync } = record(value);
  return {
    kind: short(kind),
    schedule: short(schedule),
    duration: short(duration),
    manualSync: manualSync === true,
  };
}

function short(value: unknown): string {
  return text(value).slice(0, LONGEST);
}
