import type { Destination } from '../application/types.js';
import { compileGlob } from '../filters/globs.js';
import type { SyncWindow } from './types.js';

/** A window as the AppProject has it: with the Applications that it is for. */
export interface ProjectWindow extends SyncWindow {
  /** Globs, as the two others: of names, not of namespaces. */
  readonly applications: readonly string[];
  /** Of names and of addresses, as the Application's destination has them. */
  readonly clusters: readonly string[];
  /** Of the destination. */
  readonly namespaces: readonly string[];
  /** `andOperator`: each list that is not empty must match, else one. */
  readonly matchesAll: boolean;
}

/** The windows of an AppProject that apply to an Application (`SyncWindows.Matches` in Argo CD). */
export function assignedTo(
  application: { readonly name: string; readonly destination: Destination },
  windows: readonly ProjectWindow[],
): readonly SyncWindow[] {
  return windows.filter((each) => applies(each, application)).map(withoutScope);
}

function applies(
  { applications, clusters, namespaces, matchesAll }: ProjectWindow,
  { name, destination }: Parameters<typeof assignedTo>[0],
): boolean {
  const matched = [
    matchesAny(applications, [name]),
    matchesAny(
      clusters,
      [destination.name, destination.server].filter((each) => each !== ''),
    ),
    matchesAny(namespaces, [destination.namespace]),
  ].filter((each) => each !== undefined);
  return matchesAll ? matched.length > 0 && matched.every(Boolean) : matched.some(Boolean);
}

/** @returns undefined where there is no glob */
function matchesAny(globs: readonly string[], texts: readonly string[]): boolean | undefined {
  if (globs.length === 0) return undefined;
  return globs.some((glob) => texts.some((text) => matches(glob, text)));
}

/** Argo CD's `*` does not stop at `/`, and a glob that it cannot read matches nothing. */
function matches(glob: string, text: string): boolean {
  if (glob === '*') return true;
  const compiled = compileGlob(glob.replaceAll('/', NO_SEPARATOR));
  return compiled.ok && compiled.value.matches(text.replaceAll('/', NO_SEPARATOR));
}

const NO_SEPARATOR = '\u0001';

function withoutScope(window: ProjectWindow): SyncWindow {
  const { applications: _a, clusters: _c, namespaces: _n, matchesAll: _m, ...rest } = window;
  return rest;
}
