import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiServer, startApiServer } from '../../__tests__/support/api-server.ts';
import { A, manifest } from '../../__tests__/support/manifest.ts';
import { loadTrace, replay } from '../../__tests__/support/replay.ts';
import { large } from './large.ts';
import { start } from './program.ts';
import { loop, POLL_MS } from './rivals.ts';
import { byToken, DONE, step } from './step.ts';

/** What an API server has of somebody's wait. */
export interface Load {
  readonly requests: number;
  readonly connections: number;
  /** Both ways, with all that TLS adds. */
  readonly bytes: number;
}

export interface Loads {
  /** One wait on a recorded sync. */
  readonly one: {
    readonly recording: string;
    readonly applicationBytes: number;
    /** Of the wait, as recorded. */
    readonly seconds: number;
    readonly quietSeconds: number;
    readonly events: number;
    /** How many times faster than recorded; 1: in real time. */
    readonly speed: number;
    readonly action: Load;
    readonly loop: Load;
  };
  /** One wait in which for long nothing happens; undefined: it was not measured. */
  readonly long: Long | undefined;
  /** Many Applications, each of which changes once. */
  readonly many: {
    readonly applications: number;
    readonly action: Load;
    /** Simulated: a watch of its own for each. */
    readonly watches: Load;
  };
}

export interface Long {
  readonly seconds: number;
  readonly action: Load;
  readonly loop: Load;
}

/** With waves and hooks: half a minute, two dozen events, and nothing goes wrong. */
const RECORDING = 'waves-and-hooks';
/** Before it: until Argo CD has noticed the commit, by a webhook or its own look at the repository. */
const QUIET_S = 32;
const MANY = 100;

/** @param speed of the recording, and of the loop beside it */
export async function measureLoad(speed: number): Promise<Omit<Loads, 'long'>> {
  const action = recorded(speed);
  const polled = recordedLoop(speed, action);
  return { one: { ...(await action), loop: await polled }, many: await measureMany() };
}

/** A wait in real time until an event after so long; needs next to nothing of the machine. */
export async function measureLong(seconds: number): Promise<Long> {
  const before = manifest('shop', { revision: A });
  const [ours, theirs] = await Promise.all([
    startApiServer({ objects: [before] }),
    startApiServer({ objects: [before] }),
  ]);
  try {
    const program = step('long', { application: 'shop', timeout: '10m', ...byToken(ours) });
    const waiting = start(program);
    const looping = start(loop(theirs).program);
    await Promise.race([sleep(seconds * 1000), waiting.ended]);
    for (const server of [ours, theirs]) server.put(manifest('shop', DONE));
    await Promise.all([waiting.ended, looping.ended]);
    return { seconds, action: loadOf(ours), loop: loadOf(theirs) };
  } finally {
    await Promise.all([ours.close(), theirs.close()]);
  }
}

function loadOf(server: ApiServer): Load {
  const { connections, bytesReceived, bytesSent } = server.traffic();
  return { requests: server.requests.length, connections, bytes: bytesReceived + bytesSent };
}

async function recorded(speed: number): Promise<Omit<Loads['one'], 'loop'>> {
  const trace = loadTrace(RECORDING);
  const server = await startApiServer();
  try {
    const { application, revision } = trace;
    const program = step('load', { application, revision, ...byToken(server) });
    const { first, events } = play(server, speed);
    const began = performance.now();
    const ended = await start(program).ended;
    return {
      recording: trace.trace,
      applicationBytes: JSON.stringify(first).length,
      seconds: ((ended - began) * speed) / 1000,
      quietSeconds: QUIET_S,
      events: events(),
      speed,
      action: loadOf(server),
    };
  } finally {
    await server.close();
  }
}

/**
 * The same time with a loop. Whether it would have seen the end is left to chance: this recording
 * shows the revision healthy for 0.2 s, then Argo CD has compared the next one.
 */
async function recordedLoop(speed: number, until: Promise<unknown>): Promise<Load> {
  const { application, revision } = loadTrace(RECORDING);
  const server = await startApiServer();
  try {
    play(server, speed);
    const intervalMs = POLL_MS / speed;
    const { child, ended } = start(loop(server, { application, revision, intervalMs }).program);
    await Promise.race([ended, until]);
    const load = loadOf(server);
    child.kill();
    await ended.catch(() => undefined);
    return load;
  } finally {
    await server.close();
  }
}

/** Plays the recording after the quiet time that begins with the first look. */
function play(server: ApiServer, speed: number) {
  const trace = loadTrace(RECORDING);
  const looked = server.seen(({ verb }) => verb === 'watch' || verb === 'get');
  const begin = looked.then(() => sleep((QUIET_S * 1000) / speed));
  let events = 0;
  replay(server, trace, {
    begin,
    speed,
    onEvent: () => {
      events += 1;
    },
  });
  return { first: trace.events[0]?.object, events: () => events };
}

async function measureMany(): Promise<Loads['many']> {
  const applications = Array.from({ length: MANY }, (_, i) => `app-${i}`);
  const looks = applications.map((name) => large(name));
  const work = async (
    watches: number,
    wait: (server: ApiServer) => Promise<unknown>,
  ): Promise<Load> => {
    const objects = looks.map((look) => look({ revision: A }));
    const server = await startApiServer({ objects });
    try {
      const waiting = wait(server);
      while (server.watches() < watches) await sleep(5);
      for (const look of looks) server.put(look(DONE));
      await waiting;
      return loadOf(server);
    } finally {
      await server.close();
    }
  };
  const all = { selector: 'team=shop' };
  return {
    applications: MANY,
    action: await work(1, (server) => start(step('many', { ...all, ...byToken(server) })).ended),
    watches: await work(MANY, (server) =>
      Promise.all(applications.map((name) => watchOf(server, name))),
    ),
  };
}

/** A connection with a watch of one Application, until it has seen it done. */
function watchOf({ url, token, ca }: ApiServer, name: string): Promise<void> {
  const query = new URLSearchParams({
    watch: '1',
    fieldSelector: `metadata.name=${name}`,
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: 'true',
  });
  const address = `${url}/apis/argoproj.io/v1alpha1/namespaces/argocd/applications?${query}`;
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request(address, { headers, ca, agent: new Agent() }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (!text.includes(`"revision":"${DONE.revision}"`) || !text.endsWith('\n')) return;
        asked.destroy();
        resolve();
      });
    });
    asked.on('error', reject).end();
  });
}
