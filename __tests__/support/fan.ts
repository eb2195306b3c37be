import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord, type KubeObject } from './api/store.ts';
import type { Stage, TraceEvent } from './replay.ts';

/** A recorded watch of several objects; the format is described in `fan/README.md`. */
export interface Fan {
  readonly trace: string;
  /** Where the Applications are. */
  readonly namespace: string;
  readonly revision: string;
  /** `CLASS group/Kind/namespace/name`, by Application. */
  readonly expect: Readonly<Record<string, readonly string[]>>;
  readonly events: readonly TraceEvent[];
}

export function loadFan(name: string): Fan {
  const [head, ...events] = readFileSync(`__tests__/fan/${name}.jsonl`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  if (!isRecord(head)) throw new Error('a recording has no header');
  return { ...head, events } as unknown as Fan;
}

/** The objects that there are at a time of the recording. */
export function objectsAt({ events }: Pick<Fan, 'events'>, t: number): readonly KubeObject[] {
  const objects = new Map<string, KubeObject>();
  for (const { type, object } of events.filter((event) => event.t <= t)) {
    const { namespace, name } = object.metadata;
    const key = `${object.kind} ${namespace}/${name}`;
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, object);
  }
  return [...objects.values()];
}

/** Plays a recording so many times faster, from when `begin` resolves. */
export async function playFan(
  stage: Stage,
  fan: Fan,
  { begin, speed, startAt = 0 }: { begin: Promise<unknown>; speed: number; startAt?: number },
): Promise<void> {
  for (const object of objectsAt(fan, startAt)) stage.put(object);
  await begin;
  const started = performance.now();
  for (const { t, type, object } of fan.events.filter((event) => event.t > startAt)) {
    await sleep(Math.max(0, (t - startAt) / speed - (performance.now() - started)));
    const { namespace = '', name } = object.metadata;
    if (type === 'DELETED') stage.remove(namespace, name, object.kind);
    else stage.put(object);
  }
}
