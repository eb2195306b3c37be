import type { ResourceFields } from '../fields/resources.js';
import type { Cause } from './causes.js';

/** How a run ended; the output `conclusion`. */
export type Conclusion = 'success' | 'failure' | 'timeout' | 'cancelled' | 'skipped';

/** Why, for a machine; the output `reason`. */
export type Reason =
  | 'synced'
  | 'no-change'
  | 'superseded'
  | 'sync-failed'
  | 'degraded'
  | 'pod-failure'
  | 'sync-window'
  | 'not-automated'
  | 'auto-sync-refused'
  | 'comparison-error'
  | 'missing'
  | 'deleted'
  | 'suspended'
  | 'unauthorized'
  | 'forbidden'
  | 'unreachable'
  | 'truncated'
  | 'dry-run'
  | 'other-application'
  | 'operation-running'
  | 'timeout'
  | 'cancelled'
  | 'invalid-input'
  | 'internal-error';

/** What happened to a resource; the classes of the inputs `changes` and `filters`. */
export const CHANGE_CLASSES = [
  'created',
  'updated',
  'unchanged',
  'pruned',
  'skipped',
  'failed',
  'hook',
] as const;
export type ChangeClass = (typeof CHANGE_CLASSES)[number];

/**
 * How a class is known: by Argo CD's message, by the comparison with the revision, by the live
 * object's metadata, by what Argo CD renders of the revisions before and after, or (`reported`) by
 * nothing better than an ambiguous message.
 */
export type Evidence = 'applied' | 'compared' | 'live' | 'rendered' | 'reported';

/** Which fields of a resource changed, and how that is known: `history` is that of pod templates. */
export interface ChangedFields extends ResourceFields {
  readonly evidence: 'rendered' | 'live' | 'history';
}

/** A resource and what happened to it, as in the output `resources`. */
export interface Change {
  /** `namespace/name` of its Application, or the bare name in the namespace asked for. */
  readonly application: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Empty for cluster-scoped resources. */
  readonly namespace: string;
  readonly name: string;
  readonly change: ChangeClass;
  readonly evidence: Evidence;
  readonly message: string;
  readonly images: readonly string[];
  /** Of an updated resource; absent: not known, or not asked for. */
  readonly fields?: ChangedFields;
  readonly wave?: number;
  /** Hook type, `PreSync` and so on; hooks only. */
  readonly hook?: string;
  /** `hookPhase` of a hook or of a resource that the operation waited for; else empty. */
  readonly phase: string;
}

/** Something that keeps an Application from its end, in the order a person should read it. */
export interface Blocker {
  /** `Kind/namespace/name` of a resource, or `condition`, `operation`, … */
  readonly subject: string;
  readonly message: string;
}

/** A part of a sync, as far as its time is known. */
export interface Span {
  readonly kind: 'request' | 'hydration' | 'operation' | 'hook' | 'apply' | 'prune' | 'health';
  /**
   * A revision, a dry one and what it was hydrated to (`1a2b3c4d to 5e6f7a8b`), `PreSync Job/migrate`, a wave and what is in it (`1, 3 resources`), a health status;
   * anybody's text.
   */
  readonly what: string;
  /** Milliseconds since the epoch by the cluster's clock, true to about a second. */
  readonly from: number;
  readonly to: number;
  /** `open`: it had not ended by then. */
  readonly end: 'done' | 'failed' | 'open';
}

/** The end of one Application. */
export interface ApplicationResult {
  /** As in `Change.application`. */
  readonly application: string;
  /** The Application that manages it, where one that is waited for does; as in `application`. */
  readonly parent?: string;
  readonly conclusion: Conclusion;
  readonly reason: Reason;
  /** The row of the table of verdicts that decided; absent: it was ended from outside. */
  readonly rule?: string;
  readonly message: string;
  readonly revision: string;
  readonly revisions: readonly string[];
  /** Empty where unknown (the Application does not exist). */
  readonly syncStatus: string;
  readonly healthStatus: string;
  readonly operationPhase: string;
  /** RFC 3339 of the operation(s), by the cluster's clock; empty where unknown. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** All resources of the sync, in every class, `unchanged` and `hook` too. */
  readonly changes: readonly Change[];
  readonly evidence: 'complete' | 'partial';
  readonly blockers: readonly Blocker[];
  /** What was found within it, the most telling first; none for one that ended well. */
  readonly causes: readonly Cause[];
  /** `status.summary.images`: all images of the Application, for old Argo CD versions. */
  readonly summaryImages: readonly string[];
  /** What took how long, in the order of its beginning; absent where nobody watched. */
  readonly timeline?: readonly Span[];
  /** Page of the Application in the Argo CD UI, where known. */
  readonly url?: string;
  /** Where users reach what it deploys, as its Ingresses say; anybody's text. */
  readonly externalUrls?: readonly string[];
  /** The repositories of `revisions`, in their order; absent: not known. */
  readonly repositories?: readonly string[];
  /** The revision that was waited for; absent: whatever is deployed. */
  readonly target?: string;
}
