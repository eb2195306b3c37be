/**
 * An Argo CD ApplicationSet: the few fields decisions are made on, out of the object on the wire.
 * Times are RFC 3339 strings in whole seconds by the cluster's clock; empty where absent.
 */
export interface ApplicationSet {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Moves with the spec only; 0 where the object does not say. */
  readonly generation: number;
  /** It has a deletionTimestamp. */
  readonly deleting: boolean;
  /** Its generators were asked to run again, by annotation, and have not done so yet. */
  readonly refreshing: boolean;
  /** When the spec was last written. */
  readonly specWrittenAt: string;
  readonly conditions: readonly SetCondition[];
  /** Names of the Applications that the controller lists; they are in the namespace of the set. */
  readonly applications: readonly string[];
  /** `spec.strategy.rollingSync.steps`; absent: it syncs all of them at once, by themselves. */
  readonly steps?: readonly RolloutStep[];
  /** `status.applicationStatus`: where each Application stands in a RollingSync. */
  readonly rollout: readonly RolloutStatus[];
  /** Why it cannot be read, with the place: then nothing but its identity is known. */
  readonly unreadable?: string;
}

export interface SetCondition {
  readonly type: string;
  /** `True`, `False`, `Unknown`. */
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface RolloutStep {
  /** So many Applications of the step are synced at once, or a percentage; empty: all. */
  readonly maxUpdate: string;
}

/** An entry of `status.applicationStatus`. */
export interface RolloutStatus {
  readonly application: string;
  /** `Waiting`, `Pending`, `Progressing`, `Healthy`. */
  readonly status: string;
  /** From 1; 0: no step selects the Application. */
  readonly step: number;
  /** What the status is about. */
  readonly targetRevisions: readonly string[];
}
