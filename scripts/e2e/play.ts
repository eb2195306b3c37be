import { setTimeout as sleep } from 'node:timers/promises';
import { runAction, type Step, type StepResult } from '../../__tests__/support/action.ts';
import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { inputsOf, loadTrace } from '../../__tests__/support/replay.ts';
import { type Faults, faultsOf } from './checks.ts';
import type { Lab } from './cluster.ts';
import { leadOf, liveObjects, moved, type Score, staged } from './recording.ts';

/** How many times faster than recorded. */
export const SPEED = 20;

export interface PlayOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly speed?: number;
}

/** What live evidence takes for the live objects of recordings. */
const READING = [
  { apiGroups: [''], resources: ['configmaps', 'services', 'namespaces'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] },
];

/** Starts the action in the lab, with a token. */
export function act(lab: Lab, token: string, step: Step): Promise<StepResult> {
  return runAction({
    killAfterMs: 60_000,
    ...step,
    inputs: {
      ...lab.access,
      token,
      'application-namespace': lab.namespace,
      timeout: '30s',
      ...step.inputs,
    },
  });
}

/** Writes a recording as Argo CD's controller did, and lets the action wait for it meanwhile. */
export async function playRecording(
  lab: Lab,
  token: string,
  name: string,
  { inputs = {}, speed = SPEED }: PlayOptions = {},
): Promise<StepResult> {
  const now = Date.now() + lab.clockOffsetMs;
  const trace = loadTrace(name);
  const plan = staged(trace, lab.namespace, now, speed);
  return play(lab, token, plan, { inputs: { ...inputsOf(trace), ...inputs }, speed });
}

/** @returns what is not as the recording expects */
export async function recordingFaults(
  lab: Lab,
  token: string,
  name: string,
  options: PlayOptions = {},
): Promise<Faults> {
  return faultsOf(await playRecording(lab, token, name, options), loadTrace(name).expect);
}

/** A recording whose live objects are there too; the account may read them. */
export async function liveFaults(
  lab: Lab,
  account: string,
  token: string,
  name: string,
): Promise<Faults> {
  const trace = loadTrace(name);
  const destination = lab.nameNamespace();
  const live = liveObjects(trace, destination);
  const dated: (readonly [writtenAt: string, write: (time: string) => Promise<void>])[] = [];
  const make = async (isNew: boolean) => {
    for (const { object, writtenAt } of live.filter((each) => each.isNew === isNew)) {
      dated.push([writtenAt, await lab.applied(object)]);
    }
  };
  if (!live.some((each) => each.object.kind === 'Namespace')) await lab.makeNamespace(destination);
  await make(false);
  // What is old has to be older than the deployment's start, by the server's clock of whole seconds,
  // however long it took to make it.
  const aheadMs = dated.length > 0 ? leadOf(trace) + 2000 : 0;
  const begins = Date.now() + lab.clockOffsetMs + aheadMs;
  await sleep(aheadMs);
  await make(true);
  for (const [at, write] of dated) await write(moved(trace, at, begins, SPEED));
  await lab.allow(account, destination, READING);
  try {
    const plan = staged(trace, lab.namespace, begins, SPEED, destination);
    const result = await play(lab, token, plan, { inputs: inputsOf(trace) });
    return faultsOf(result, plan.trace.expect);
  } finally {
    await lab.removeNamespace(destination);
  }
}

/** Puts the first states there, starts the action, and writes the rest from its first look on. */
export async function play(
  lab: Lab,
  token: string,
  { first, rest }: Score,
  { inputs, speed = SPEED }: PlayOptions,
): Promise<StepResult> {
  const put = putter(lab);
  const looked = Promise.withResolvers<void>();
  const stop = new AbortController();
  const write = async () => {
    await looked.promise;
    const began = performance.now();
    for (const { t, type, object } of rest) {
      await sleep(Math.max(0, t / speed - (performance.now() - began)));
      if (stop.signal.aborted) return;
      if (type === 'DELETED') await lab.remove(object.metadata.name, object.kind);
      else await put(object);
    }
  };
  try {
    for (const object of first) await put(object);
    const step: Step = {
      ...(inputs ? { inputs } : {}),
      onLine: (line) => {
        if (line.includes('waiting for')) looked.resolve();
      },
    };
    const waiting = act(lab, token, step).finally(() => {
      stop.abort();
      looked.resolve();
    });
    const [result] = await Promise.all([waiting, write()]);
    return result;
  } finally {
    const written = [...first, ...rest.map(({ object }) => object)];
    const objects = new Map(written.map((each) => [`${each.kind}/${each.metadata.name}`, each]));
    for (const { kind, metadata } of objects.values()) await lab.remove(metadata.name, kind);
  }
}

/** Writes objects whose owners are those of this cluster: its garbage collector goes by uid. */
export function putter(lab: Lab): (object: KubeObject) => Promise<void> {
  const uids = new Map<string, string>();
  return async (object) => {
    const owners = (object.metadata['ownerReferences'] ?? []) as readonly Owner[];
    const ownerReferences = owners.map((each) => ({
      ...each,
      uid: uids.get(each.name) ?? each.uid,
    }));
    const metadata = { ...object.metadata, ownerReferences };
    const stored = await lab.put({ ...object, metadata });
    uids.set(object.metadata.name, stored.metadata.uid ?? '');
  };
}

interface Owner {
  readonly name: string;
  readonly uid: string;
}
