import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../__tests__/support/action.ts';
import { type ApiServer, startApiServer } from '../../__tests__/support/api-server.ts';
import { manifest } from '../../__tests__/support/manifest.ts';
import { BARE_NODE, type Program, usage, wallMs } from './program.ts';
import { argocdWait, kubectlWait, loop, type Rival, working } from './rivals.ts';
import { type Sampled, sampled } from './sample.ts';
import { byToken, DONE, step, WORK } from './step.ts';

const DIST = join(ROOT, 'dist');

/** Of a whole process, for an Application that is done. */
export interface Started {
  readonly name: string;
  readonly version: string;
  readonly wallMs: Sampled;
  readonly cpuMs: Sampled;
  readonly peakMiB: Sampled;
  /** Requests to the Kubernetes API; 0 of what does not speak to it. */
  readonly requests: number;
}

export interface Start {
  readonly bare: Started;
  readonly byToken: Started;
  readonly byKubeconfig: Started;
  readonly kubectl: Started | undefined;
  readonly argocd: Started | undefined;
  readonly loop: Started;
  readonly code: Code;
}

/** Bytes of JavaScript. */
export interface Code {
  /** Files of dist/ that a wait by server and token loads, and by kubeconfig. */
  readonly byToken: Readonly<Record<string, number>>;
  readonly byKubeconfig: Readonly<Record<string, number>>;
  /** All of dist/. */
  readonly dist: number;
}

/** Whole processes, from before each to its end, in turns: what else the machine does meets all. */
export async function measureStart(rounds: number): Promise<Start> {
  const server = await startApiServer({ objects: [manifest('shop', DONE)] });
  try {
    const ours = {
      token: step('token', { application: 'shop', ...byToken(server) }),
      kubeconfig: step('kubeconfig', { application: 'shop', kubeconfig: server.kubeconfig() }),
    };
    const rivals = await working([await kubectlWait(server), await argocdWait(), loop(server)]);
    const all: Rival[] = [
      { name: 'node -e 0', version: process.version, program: BARE_NODE },
      { name: 'this action, server and token', version: '', program: ours.token },
      { name: 'this action, kubeconfig', version: '', program: ours.kubeconfig },
      ...rivals,
    ];
    const measured = await inTurns(server, all, rounds);
    const named = (name: string) => measured.find((each) => each.name.startsWith(name));
    const [bare, token, kubeconfig] = measured;
    const looped = named('a loop');
    if (!bare || !token || !kubeconfig || !looped) throw new Error('not all were measured');
    return {
      bare,
      byToken: token,
      byKubeconfig: kubeconfig,
      kubectl: named('kubectl'),
      argocd: named('argocd'),
      loop: looped,
      code: {
        byToken: await loaded(ours.token),
        byKubeconfig: await loaded(ours.kubeconfig),
        dist: readdirSync(DIST).reduce((sum, name) => sum + bytesOf(name), 0),
      },
    };
  } finally {
    await server.close();
  }
}

async function inTurns(
  server: ApiServer,
  rivals: readonly Rival[],
  rounds: number,
): Promise<readonly Started[]> {
  const runs = rivals.map(({ name, version, program }) => ({
    ...{ name, version, program, requests: 0 },
    ...{ wall: [] as number[], cpu: [] as number[], peak: [] as number[] },
  }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const run of runs) {
      const before = server.requests.length;
      const wall = await wallMs(run.program);
      run.requests = server.requests.length - before;
      const { cpuMs, peakMiB } = await usage(run.program);
      // The first round is for the caches of the disk.
      if (round === 0) continue;
      run.wall.push(wall);
      run.cpu.push(cpuMs);
      run.peak.push(peakMiB);
    }
  }
  return runs.map(({ name, version, requests, wall, cpu, peak }) => ({
    name,
    version,
    requests,
    wallMs: sampled(wall),
    cpuMs: sampled(cpu),
    peakMiB: sampled(peak),
  }));
}

/** The files of dist/ that V8 was given, by what it writes for coverage. */
async function loaded(program: Program): Promise<Readonly<Record<string, number>>> {
  const NODE_V8_COVERAGE = mkdtempSync(join(WORK, 'coverage-'));
  await wallMs({ ...program, env: { ...program.env, NODE_V8_COVERAGE } });
  const urls = readdirSync(NODE_V8_COVERAGE).flatMap((name) => {
    const text = readFileSync(join(NODE_V8_COVERAGE, name), 'utf8');
    const { result } = JSON.parse(text) as { readonly result: readonly { readonly url: string }[] };
    return result.map(({ url }) => url);
  });
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  const names = [
    ...new Set(files.filter((file) => file.startsWith(DIST)).map((file) => basename(file))),
  ];
  return Object.fromEntries(names.map((name) => [name, bytesOf(name)]));
}

function bytesOf(name: string): number {
  return statSync(join(DIST, name)).size;
}
