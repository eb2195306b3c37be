import type { Application } from '../core/application/types.js';
import type { ApplicationSet } from '../core/applicationset/types.js';
import type { LogReference } from '../core/result/causes.js';
import type { SyncWindows } from '../core/windows/types.js';
import type { ResourceTree } from '../core/within/tree.js';

/** What a look within is about: an Application as it was last seen. */
export type Inspected = Pick<
  Application,
  'namespace' | 'name' | 'destination' | 'comparison' | 'operation' | 'health'
>;

/** Whose sync windows a look is at. */
export type Windowed = Pick<
  Application,
  'namespace' | 'name' | 'controllerNamespace' | 'project' | 'destination'
>;

/** What could not be seen, in a sentence, and the rule or setting that would change it. */
export interface Lack {
  readonly message: string;
  /** Possibly several lines to paste; empty where nothing is known to help. */
  readonly remedy: string;
}

/** Nothing was seen. */
export interface Unavailable extends Lack {
  readonly kind: 'unavailable';
  /** No later look at this Application will see more. */
  readonly final: boolean;
}

export type Inspection =
  /**
   * @property lacks what was refused, of which something else may tell less; each is told to the
   *   caller with the first look that met it, and not again
   */
  | { readonly kind: 'seen'; readonly tree: ResourceTree; readonly lacks: readonly Lack[] }
  | Unavailable;

export type WindowsSeen =
  /** @property lacks as those of an inspection */
  | { readonly kind: 'seen'; readonly windows: SyncWindows; readonly lacks: readonly Lack[] }
  | Unavailable;

export type SetSeen =
  /** @property set absent: it does not exist any more */
  { readonly kind: 'seen'; readonly set?: ApplicationSet } | Unavailable;

export type LogLines =
  | { readonly kind: 'read'; readonly lines: readonly string[] }
  | ({ readonly kind: 'unavailable' } & Lack);

/** Looks within Applications: at pods and whatever else their resources own. */
export interface Inspector {
  /** One look, which takes no longer than `INSPECT_MS`. Never rejects. */
  inspect(application: Inspected, signal: AbortSignal): Promise<Inspection>;
  /** The sync windows that apply to it, in no more than `INSPECT_MS`. Never rejects. */
  syncWindows(application: Windowed, signal: AbortSignal): Promise<WindowsSeen>;
  /** The ApplicationSet that owns it, in no more than `INSPECT_MS`. Never rejects. */
  applicationSet(
    application: Pick<Application, 'namespace' | 'applicationSet'>,
    signal: AbortSignal,
  ): Promise<SetSeen>;
  /**
   * The last lines of a container's log: anybody's text, of which no line is longer than
   * `LONGEST_LINE`. Never rejects.
   * @param lines at most so many
   */
  logs(
    application: Pick<Application, 'namespace' | 'name' | 'destination'>,
    log: LogReference,
    lines: number,
    signal: AbortSignal,
  ): Promise<LogLines>;
}

/** A look that takes longer is given up: what it would tell is old by then. */
export const INSPECT_MS = 8_000;
/** UTF-16 units. */
export const LONGEST_LINE = 1_000;
