import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { type Fan, objectsAt } from '../../__tests__/support/fan.ts';
import { epochOf, stateAt, type Trace, type TraceEvent } from '../../__tests__/support/replay.ts';

/** What is to be written. */
export interface Score {
  /** What there is when the wait begins. */
  readonly first: readonly KubeObject[];
  /** What happens then. */
  readonly rest: readonly TraceEvent[];
}

/** A recording as it is to be written into another namespace, at another time. */
export interface Staged extends Score {
  readonly trace: Trace;
}

/** A live object, and when Argo CD's controller last wrote it by the recorded clock. */
export interface LiveObject {
  readonly object: KubeObject;
  readonly writtenAt: string;
  /** It came to be in the deployment that the recording is about. */
  readonly isNew: boolean;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const CONTROLLER = 'argocd-controller';

/**
 * Lays a recording into a namespace. Its times are shifted by whole seconds so that its end, played
 * `speed` times as fast, meets the server's clock: nothing in it is ever in the server's future.
 * @param now the server's time when the play begins, at the earliest
 * @param destination the namespace to name in place of the one that was deployed into
 */
export function staged(
  trace: Trace,
  namespace: string,
  now: number,
  speed: number,
  destination = destinationOf(trace),
): Staged {
  const shiftMs = shiftOf(trace, now, speed);
  const renamed = renamer(destinationOf(trace), destination);
  const object = (original: KubeObject) =>
    renamed(relaid(original, namespace, shiftMs)) as KubeObject;
  const first = stateAt(trace, 0);
  return {
    trace: expecting(trace, destination),
    first: first ? [object(first)] : [],
    rest: trace.events
      .filter(({ t }) => t > 0)
      .map((event) => ({ ...event, object: object(event.object) })),
  };
}

/** Several objects of a recording that are to be written into another namespace, at another time. */
export interface StagedFan extends Score {
  /** `APPLICATION: CLASS group/Kind/namespace/name`, sorted. */
  readonly expect: readonly string[];
}

/**
 * Lays a recording of several objects into a namespace, as `staged` does.
 * @param startAt what came before is in the states that there are first
 */
export function stagedFan(
  fan: Fan,
  namespace: string,
  { now, speed, startAt }: { readonly now: number; readonly speed: number; startAt: number },
): StagedFan {
  const events = fan.events.map((event) => ({ ...event, t: event.t - startAt }));
  const shiftMs = shiftOf({ events }, now, speed);
  const renamed = renamer(fan.namespace, namespace);
  const object = (original: KubeObject) => {
    const { ownerReferences = [] } = original.metadata;
    const { metadata, ...rest } = relaid(original, namespace, shiftMs);
    return renamed({ metadata: { ...metadata, ownerReferences }, ...rest }) as KubeObject;
  };
  return {
    first: objectsAt(fan, startAt).map(object),
    rest: events
      .filter(({ t }) => t > 0)
      .map((event) => ({ ...event, object: object(event.object) })),
    expect: Object.entries(fan.expect)
      .flatMap(([application, changes]) => changes.map((each) => `${application}: ${each}`))
      .map((each) => each.replace(`/${fan.namespace}/`, `/${namespace}/`))
      .sort(),
  };
}

/** An object as it is to be made in a namespace, with its times moved. */
function relaid(original: KubeObject, namespace: string, shiftMs: number): KubeObject {
  const { apiVersion = '', kind = '', metadata, spec, ...rest } = original;
  const { name, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    // No finalizers: nobody is there to fulfil them.
    metadata: { name, namespace, ...(labels ? { labels } : {}), annotations: annotations ?? {} },
    spec,
    ...(shifted(rest, shiftMs) as object),
  };
}

/** The live objects of a recording, as they are to be made in another namespace. */
export function liveObjects(trace: Trace, destination: string): readonly LiveObject[] {
  const deployed = deployStart(trace);
  // A namespace is there before what is in it.
  const inOrder = [...trace.live].sort((a, b) => rankOf(a) - rankOf(b));
  return inOrder.map(({ apiVersion = '', kind = '', metadata }) => {
    const isNamespace = kind === 'Namespace';
    const place = isNamespace
      ? { name: destination }
      : { name: metadata.name, namespace: destination };
    const written = writesOf(metadata).sort().at(-1) ?? metadata.creationTimestamp ?? '';
    return {
      object: { apiVersion, kind, metadata: place, ...bodyOf(kind) },
      writtenAt: written,
      isNew: (metadata.creationTimestamp ?? '') >= deployed,
    };
  });
}

function rankOf({ kind }: KubeObject): number {
  return kind === 'Namespace' ? 0 : 1;
}

/** Moves a recorded time to when the recording is played. */
export function moved(trace: Trace, time: string, now: number, speed: number): string {
  return shifted(time, shiftOf(trace, now, speed)) as string;
}

/** How long before the play begins the deployment has to have begun, in milliseconds. */
export function leadOf(trace: Trace): number {
  return epochOf(trace) + lengthOf(trace) - Date.parse(deployStart(trace));
}

export function lengthOf(trace: Pick<Trace, 'events'>): number {
  return trace.events.at(-1)?.t ?? 0;
}

function shiftOf(trace: Pick<Trace, 'events'>, now: number, speed: number): number {
  const length = lengthOf(trace);
  return Math.floor((now + length / speed - (epochOf(trace) + length)) / 1000) * 1000;
}

interface Shape {
  readonly spec?: { readonly destination?: { readonly namespace?: string } };
  readonly status?: { readonly history?: readonly { readonly deployStartedAt: string }[] };
}

/** Start of the deployment that the recording is about: the last on record at its end. */
function deployStart(trace: Trace): string {
  const last = trace.events.at(-1)?.object as Shape | undefined;
  return last?.status?.history?.at(-1)?.deployStartedAt ?? '';
}

function destinationOf(trace: Trace): string {
  const first = trace.events[0]?.object as Shape | undefined;
  return first?.spec?.destination?.namespace ?? '';
}

function writesOf(metadata: KubeObject['metadata']): string[] {
  const entries = (metadata.managedFields ?? []) as readonly {
    readonly manager: string;
    readonly time: string;
  }[];
  return entries.filter((entry) => entry.manager === CONTROLLER).map((entry) => entry.time);
}

/** The least that a server takes for such an object; a Deployment runs nothing. */
function bodyOf(kind: string): Readonly<Record<string, unknown>> {
  const labels = { app: 'e2e' };
  switch (kind) {
    case 'Deployment': {
      const containers = [{ name: 'none', image: 'registry.example.com/none' }];
      const template = { metadata: { labels }, spec: { containers } };
      return { spec: { replicas: 0, selector: { matchLabels: labels }, template } };
    }
    case 'Service':
      return { spec: { selector: labels, ports: [{ port: 80 }] } };
    case 'ConfigMap':
      return { data: { key: 'value' } };
    default:
      return {};
  }
}

/** The same with every time in it moved. */
function shifted(value: unknown, ms: number): unknown {
  if (typeof value === 'string') {
    if (!TIME.test(value)) return value;
    return new Date(Date.parse(value) + ms).toISOString().replace(/\.000Z$/, 'Z');
  }
  return mapped(value, (each) => shifted(each, ms));
}

/** The same with another namespace where objects say theirs, and that namespace's own name. */
function renamer(from: string, to: string): (value: unknown) => unknown {
  const rename = (value: unknown): unknown => {
    const copy = mapped(value, rename);
    if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) return copy;
    const { namespace, controllerNamespace, kind, name } = copy as Readonly<
      Record<string, unknown>
    >;
    return {
      ...copy,
      ...(namespace === from ? { namespace: to } : {}),
      ...(controllerNamespace === from ? { controllerNamespace: to } : {}),
      ...(kind === 'Namespace' && name === from ? { name: to } : {}),
    };
  };
  return from === to ? (value) => value : rename;
}

function mapped(value: unknown, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, change(each)]));
}

/** A recording whose expectation names another namespace. */
function expecting(trace: Trace, destination: string): Trace {
  const from = destinationOf(trace);
  const changes = trace.expect.changes?.map((change) =>
    change
      .replace(`/${from}/`, `/${destination}/`)
      .replace(`/Namespace//${from}`, `/Namespace//${destination}`),
  );
  return { ...trace, expect: { ...trace.expect, changes: changes ?? null } };
}
