import type { ChangeClass } from './result.js';

/** One pattern of a filter: a glob for each segment. */
export interface Pattern {
  readonly text: string;
  readonly negative: boolean;
  /** Classes of a prefix such as `created|updated:`; absent: the filter's, else those of the run. */
  readonly classes?: readonly ChangeClass[];
  /** Whether a resource is named by this pattern (its sign apart). */
  readonly matches: (resource: {
    readonly group: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  }) => boolean;
}

/** A named question about the changes: matches by one positive pattern or more and no negative one. */
export interface Filter {
  readonly name: string;
  readonly patterns: readonly Pattern[];
  /** The filter's own classes, in place of the run's. */
  readonly classes?: readonly ChangeClass[];
  readonly image?: (image: string) => boolean;
  /** On the Application: `name` or `namespace/name` as in `application`. */
  readonly application?: (namespace: string, name: string) => boolean;
}
