/** A sync window of an AppProject. */
export interface SyncWindow {
  /** `allow` or `deny`; any other has no effect. */
  readonly kind: string;
  /** Of cron. */
  readonly schedule: string;
  /** As Go writes durations: `8h`, `1h30m`. */
  readonly duration: string;
  /** A person may sync in spite of it. */
  readonly manualSync: boolean;
  /** IANA name; empty: UTC; absent: not told. */
  readonly timeZone?: string;
}

/** The sync windows that apply to an Application. */
export interface SyncWindows {
  readonly assigned: readonly SyncWindow[];
  /** Those of `assigned` that are open now; absent: their schedules tell. */
  readonly active?: readonly SyncWindow[];
}
