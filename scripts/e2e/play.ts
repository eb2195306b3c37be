import { setTimeout as sleep } from 'node:timers/promises';
import { runAction, type Step, type StepResult } from '../../__tests__/support/action.ts';
import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { inputsOf, loadTrace } from '../../__tests__/support/replay.ts';
import { type Expected, type Faults, faultsOf, runFaults } from './checks.ts';
import type { Lab } from './cluster.ts';
import { leadOf, liveObjects, moved, type Score, staged } from './recording.ts';

/** How many times faster than recorded. */
const SPEED = 20;

/** A run of the action, and what it must show. */
export interface Case extends Expected {
  readonly name: string;
  readonly token: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** What is written beside it, made when it begins; default: nothing. */
  readonly score?: () => Score;
  /** How many times faster the score is played than it is written. */
  readonly speed?: number;
  readonly signal?: Step['signal'];
}

/** A test. @returns what is wrong; none: it passed */
export interface Test {
  readonly name: string;
  readonly run: () => Promise<Faults>;
}

/** The test of a case. */
export function testOf(lab: Lab, { name, token, score, ...rest }: Case): Test {
  const nothing: Score = { first: [], rest: [] };
  return {
    name,
    run: () => play(lab, token, score?.() ?? nothing, rest, (result) => runFaults(result, rest)),
  };
}

/** The test of a recording; where it has live objects, they are there too. */
export function testOfRecording(lab: Lab, account: string, token: string, name: string): Test {
  const trace = loadTrace(name);
  const inputs = { inputs: inputsOf(trace) };
  const run = async () => {
    if (trace.live.length > 0) return liveFaults(lab, account, token, name);
    return play(lab, token, scoreOf(lab, name), inputs, (result) => faultsOf(result, trace.expect));
  };
  return { name: `recording ${name}`, run };
}

/** A recording that begins now. */
export function scoreOf(lab: Lab, name: string, speed = SPEED): Score {
  const { namespace, clockOffsetMs } = lab;
  return staged(loadTrace(name), { namespace, now: Date.now() + clockOffsetMs, speed });
}

/** What live evidence takes for the live objects of recordings. */
const READING = [
  { apiGroups: [''], resources: ['configmaps', 'services', 'namespaces'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] },
];

async function liveFaults(lab: Lab, account: string, token: string, name: string): Promise<Faults> {
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
    const { namespace } = lab;
    const plan = staged(trace, { namespace, now: begins, speed: SPEED, destination });
    return await play(lab, token, plan, { inputs: inputsOf(trace) }, (result) =>
      faultsOf(result, plan.expect),
    );
  } finally {
    await lab.removeNamespace(destination);
  }
}

/**
 * Puts the first states there, starts the action, and writes the rest from its first look on.
 * @param judge is given the run while all that was written is still there
 */
async function play(
  lab: Lab,
  token: string,
  { first, rest }: Score,
  { inputs, speed = SPEED, signal }: Pick<Case, 'inputs' | 'speed' | 'signal'>,
  judge: (result: StepResult) => Faults | Promise<Faults>,
): Promise<Faults> {
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
  const { access, namespace } = lab;
  try {
    for (const object of first) await put(object);
    const waiting = runAction({
      inputs: { ...access, token, 'application-namespace': namespace, timeout: '30s', ...inputs },
      ...(signal ? { signal } : {}),
      onLine: (line) => {
        if (line.includes('waiting for')) looked.resolve();
      },
    }).finally(() => {
      stop.abort();
      looked.resolve();
    });
    const [result] = await Promise.all([waiting, write()]);
    return await judge(result);
  } finally {
    const written = [...first, ...rest.map(({ object }) => object)];
    const objects = new Map(written.map((each) => [`${each.kind}/${each.metadata.name}`, each]));
    for (const { kind, metadata } of objects.values()) await lab.remove(metadata.name, kind);
  }
}

interface Owner {
  readonly name: string;
  readonly uid: string;
}

/** Writes objects whose owners are those of this cluster: its garbage collector goes by uid. */
function putter(lab: Lab): (object: KubeObject) => Promise<void> {
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
