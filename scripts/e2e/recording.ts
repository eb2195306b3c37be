import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { type Fan, objectsAt } from '../../__tests__/support/fan.ts';
import { epochOf, type Trace, type TraceEvent } from '../../__tests__/support/replay.ts';

/** What is to be written. */
export interface Score {
  /** What there is when the wait begins. */
  readonly first: readonly KubeObject[];
  /** What happens then. */
  readonly rest: readonly TraceEvent[];
}

/** Where and when a recording is to be written. */
export interface Setting {
  /** Of the Applications. */
  readonly namespace: string;
  /** The server's time when the play begins, at the earliest. */
  readonly now: number;
  readonly speed: number;
  /** Milliseconds into it: what came before is in the states that there are first. */
  readonly startAt?: number;
  /** The namespace to name in place of the one that was deployed into. */
  readonly destination?: string;
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

/** A recording of one Application, and what it expects, as it is to be written. */
export function staged(
  trace: Trace,
  setting: Setting,
): Score & { readonly expect: Trace['expect'] } {
  const from = destinationOf(trace);
  const { destination = from } = setting;
  const changes = trace.expect.changes?.map((each) => changeIn(each, from, destination));
  const score = scoreOf(trace.events, setting, from, destination);
  return { ...score, expect: { ...trace.expect, changes: changes ?? null } };
}

/**
 * A recording of several objects as it is to be written. It deploys into the namespace of its
 * Applications. What it expects: `APPLICATION: CLASS group/Kind/namespace/name`, sorted.
 */
export function stagedFan(
  fan: Fan,
  setting: Setting,
): Score & { readonly expect: readonly string[] } {
  const { namespace } = setting;
  const expect = Object.entries(fan.expect).flatMap(([application, changes]) =>
    changes.map((each) => `${application}: ${changeIn(each, fan.namespace, namespace)}`),
  );
  return { ...scoreOf(fan.events, setting, fan.namespace, namespace), expect: expect.sort() };
}

/**
 * Times are shifted by whole seconds so that the end, played `speed` times as fast, meets the
 * server's clock: nothing is ever in the server's future.
 */
function scoreOf(
  recorded: readonly TraceEvent[],
  { namespace, now, speed, startAt = 0 }: Setting,
  from: string,
  to: string,
): Score {
  const events = recorded.map((event) => ({ ...event, t: event.t - startAt }));
  const shiftMs = shiftOf({ events }, now, speed);
  const renamed = renamer(from, to);
  const object = (original: KubeObject) =>
    renamed(relaid(original, namespace, shiftMs)) as KubeObject;
  return {
    first: objectsAt({ events }, 0).map(object),
    rest: events
      .filter(({ t }) => t > 0)
      .map((event) => ({ ...event, object: object(event.object) })),
  };
}

/** An object as it is to be made in a namespace, with its times moved. */
function relaid(original: KubeObject, namespace: string, shiftMs: number): KubeObject {
  const { apiVersion = '', kind = '', metadata, spec, ...rest } = original;
  const { name, labels, annotations = {}, ownerReferences = [] } = metadata;
  // No finalizers: nobody is there to fulfil them.
  const kept = { name, namespace, annotations, ownerReferences };
  return {
    apiVersion,
    kind,
    metadata: { ...kept, ...(labels ? { labels } : {}) },
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

/** A change in another namespace, or of it. */
function changeIn(change: string, from: string, to: string): string {
  return change.replace(`/${from}/`, `/${to}/`).replace(`/Namespace//${from}`, `/Namespace//${to}`);
}
