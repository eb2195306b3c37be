import type { EventStream } from './event-stream.ts';
import type { Fault } from './faults.ts';
import type { AccessRequest, Catalogue, ServedRequest } from './request.ts';
import type { KubeObject, Store } from './store.ts';

export type StreamingList = 'yes' | 'ignore' | 'reject';

/** What a test may change while the server runs. */
export interface Behaviour {
  /** Asked once for each request, before anything else is done with it. */
  intercept: ((request: ServedRequest) => Fault | undefined) | undefined;
  /** Absent: everything is allowed. */
  authorize: ((access: AccessRequest) => boolean) | undefined;
  /** After a PATCH was stored. */
  onPatch: ((after: KubeObject, before: KubeObject) => void) | undefined;
  streamingList: StreamingList;
  /** Milliseconds since the epoch, for the `Date` header. */
  now: () => number;
}

/** The server's parts that requests work on. */
export interface State extends Catalogue {
  readonly behaviour: Behaviour;
  readonly store: Store;
  /** Of ApplicationSets. */
  readonly sets: Store;
  readonly watches: Set<Watch>;
  readonly tokens: Map<string, string>;
  readonly authenticate: ((token: string) => string | undefined) | undefined;
  readonly bookmarkIntervalMs: number;
  readonly rejectCode: 400 | 422;
  live: readonly KubeObject[];
}

/** An open watch. */
export interface Watch {
  readonly stream: EventStream;
  bookmark(): void;
}
