import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiServer, startApiServer } from '../../__tests__/support/api-server.ts';
import { A, manifest } from '../../__tests__/support/manifest.ts';
import { type Program, start } from './program.ts';
import { kubectlWait, loop, POLL_MS, working } from './rivals.ts';
import { type Sampled, sampled } from './sample.ts';
import { byToken, DONE, step } from './step.ts';

/** Until a process that had its first look is surely waiting. */
const CALM_MS = 150;

/** Milliseconds from the deciding event's being written to the wire until the process has ended. */
export interface Latency {
  readonly action: Sampled;
  readonly loop: Sampled;
  readonly kubectl: Sampled | undefined;
}

export async function measureLatency(rounds: number, loops: number): Promise<Latency> {
  const server = await startApiServer({ objects: [manifest('shop', DONE)] });
  try {
    const ours = step('latency', { application: 'shop', ...byToken(server) });
    const [kubectl] = await working([await kubectlWait(server)]);
    const values = { action: [] as number[], kubectl: [] as number[] };
    for (let i = 0; i < rounds; i += 1) {
      values.action.push(await eventToExit(server, ours));
      if (kubectl) values.kubectl.push(await eventToExit(server, kubectl.program));
    }
    return {
      action: sampled(values.action),
      kubectl: kubectl ? sampled(values.kubectl) : undefined,
      loop: sampled(await loopsToExit(server, loops)),
    };
  } finally {
    await server.close();
  }
}

/** @param program waits for `shop` at the revision of `DONE` */
export async function eventToExit(server: ApiServer, program: Program): Promise<number> {
  server.put(manifest('shop', { revision: A }));
  server.requests.length = 0;
  const { ended } = start(program);
  await Promise.race([server.seen(({ verb }) => verb === 'watch'), ended]);
  await sleep(CALM_MS);
  const written = performance.now();
  server.put(manifest('shop', DONE));
  return (await ended) - written;
}

/** Real loops, all at once, begun at random offsets. */
async function loopsToExit(server: ApiServer, loops: number): Promise<readonly number[]> {
  server.put(manifest('shop', { revision: A }));
  let written = Number.NaN;
  const ends = Array.from({ length: loops }, async () => {
    await sleep(Math.random() * POLL_MS);
    return (await start(loop(server).program).ended) - written;
  });
  // Every loop has had its first look.
  await sleep(POLL_MS + 1500);
  written = performance.now();
  server.put(manifest('shop', DONE));
  return Promise.all(ends);
}
