/** What is measured: programs as a step would start them, their times, and what the kernel counts. */

import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parse, stringify } from 'yaml';
import { nodePath, stageIn } from '../../__tests__/support/action.ts';
import { APPLICATIONS_PATH } from '../../__tests__/support/client.ts';
import { B } from '../../__tests__/support/manifest.ts';
import { flowStyle } from '../../__tests__/support/readme-kubeconfig.ts';

type Strings = Readonly<Record<string, string>>;

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Strings;
  readonly cwd?: string;
  /** Puts back what a run leaves behind: a job of GitHub starts on a clean machine. */
  readonly prepare?: () => void;
}

/** How a program reaches a server that speaks for Kubernetes. */
export interface Access {
  readonly url: string;
  readonly token: string;
  /** PEM */
  readonly ca: string;
}

/** Directories of programs, in one that is removed at the end. */
export const WORK = mkdtempSync(join(tmpdir(), 'bench-'));
process.once('exit', () => rmSync(WORK, { recursive: true, force: true }));
// So that servers and directories go too where the benchmark is stopped.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** A Node that does nothing: what no program of Node can be faster than. */
export const BARE_NODE: Program = { file: nodePath(), args: ['-e', '0'], env: {} };

/** As many as a small workflow has. */
const FILTERS = `cdn: Ingress/*
web: apps/Deployment/*/web
config: ['ConfigMap/*', '!ConfigMap/*-cache']
`;

/** @returns the built action as a runner starts it */
export function step(name: string, inputs: Strings, event: unknown = {}): Program {
  const directory = join(WORK, name);
  const stage = () => {
    emptied(directory);
    return stageIn(directory, {
      inputs: { revision: B, filters: FILTERS, timeout: '5m', ...inputs },
      event,
      env: {
        GITHUB_EVENT_NAME: inputs['source'] === 'event' ? 'repository_dispatch' : 'push',
        GITHUB_SHA: B,
      },
    });
  };
  const { env, main, work } = stage();
  return { file: nodePath(), args: [main], env, cwd: work, prepare: () => void stage() };
}

function emptied(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
}

/** A kubeconfig as tools write it. */
export function blockStyle(access: Access): string {
  return stringify(parse(flowStyle(access)));
}

/** `kubectl wait`, with the cold discovery cache of a fresh runner; undefined: it is not there. */
export function kubectlWait(access: Access): Program | undefined {
  const file = onPath('kubectl');
  if (!file) return undefined;
  const directory = join(WORK, 'kubectl');
  const config = join(directory, 'config');
  return {
    file,
    args: [
      ...['wait', 'applications.argoproj.io/shop', '--namespace', 'argocd', '--timeout', '60s'],
      ...['--for', `jsonpath={.status.sync.revision}=${B}`],
    ],
    env: { PATH: process.env.PATH ?? '', HOME: directory, KUBECONFIG: config },
    prepare() {
      emptied(directory);
      writeFileSync(config, blockStyle(access));
    },
  };
}

/**
 * `argocd app wait` speaks gRPC to a server of Argo CD, which whoever runs this has to name:
 * ARGOCD_SERVER, ARGOCD_AUTH_TOKEN and ARGOCD_OPTS are its own, BENCH_ARGOCD_APPLICATION is the
 * name of an Application that is Synced and Healthy (default `argocd/shop`).
 */
export function argocdWait(): Program | undefined {
  const { PATH = '', ARGOCD_SERVER, ARGOCD_AUTH_TOKEN = '', ARGOCD_OPTS = '' } = process.env;
  const file = onPath('argocd');
  if (!file || !ARGOCD_SERVER) return undefined;
  const application = process.env.BENCH_ARGOCD_APPLICATION ?? 'argocd/shop';
  return {
    file,
    args: ['app', 'wait', application, '--timeout', '60'],
    env: { PATH, HOME: WORK, ARGOCD_SERVER, ARGOCD_AUTH_TOKEN, ARGOCD_OPTS },
  };
}

export const POLL_MS = 5000;

/** A loop as people write it: look, and if it is not done, sleep. */
const LOOP = `
const { Agent, get } = require('node:https');
const { URL_, TOKEN, CA, REVISION, INTERVAL } = process.env;
const agent = new Agent({ keepAlive: true, ca: CA });
const look = () => get(URL_, { agent, headers: { authorization: 'Bearer ' + TOKEN } }, (response) => {
  let text = '';
  response.on('data', (chunk) => { text += chunk; });
  response.on('end', () => {
    const { sync, health, operationState } = JSON.parse(text).status;
    if (sync.status === 'Synced' && sync.revision === REVISION && health.status === 'Healthy' &&
        operationState?.phase === 'Succeeded') process.exit(0);
    setTimeout(look, Number(INTERVAL));
  });
});
look();`;

/** The leanest loop there could be: one process, with one connection that is kept. */
export function loop(
  { url, token, ca }: Access,
  { application = 'shop', revision = B, intervalMs = POLL_MS } = {},
): Program {
  const env = {
    URL_: `${url}${APPLICATIONS_PATH}/${application}`,
    TOKEN: token,
    CA: ca,
    REVISION: revision,
    INTERVAL: String(intervalMs),
  };
  return { file: nodePath(), args: ['-e', LOOP], env };
}

/** The path of a program; undefined: it is nowhere on the PATH. */
export function onPath(name: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return directories.map((each) => join(each, name)).find((path) => existsSync(path));
}

/** What a program on the PATH says of its version; undefined: it is not there. */
export function versionOf(name: string, args: readonly string[]): string | undefined {
  const file = onPath(name);
  if (!file) return undefined;
  const { stdout } = spawnSync(file, args, { encoding: 'utf8' });
  return /v\d+\.\d+[\w.+-]*/.exec(stdout)?.[0] ?? 'unknown';
}

export interface Running {
  readonly child: ChildProcess;
  /** `performance.now()` of the start. */
  readonly began: number;
  /** Resolves with `performance.now()` of the end; rejects, with what it wrote, when it fails. */
  readonly ended: Promise<number>;
}

/** @param failing an end that is no success is an end all the same */
export function start(program: Program, failing = false): Running {
  return launch(program, ['ignore', 'pipe', 'pipe'], failing);
}

function launch(program: Program, stdio: StdioOptions, failing = false): Running {
  program.prepare?.();
  const { file, args, env, cwd } = program;
  const began = performance.now();
  const child = spawn(file, args, { env, cwd, stdio });
  return { child, began, ended: endOf(child, file, failing) };
}

async function endOf(child: ChildProcess, file: string, failing: boolean): Promise<number> {
  let at = Number.NaN;
  child.once('exit', () => {
    at = performance.now();
  });
  const words = Promise.all([child.stdout, child.stderr].map((each) => (each ? text(each) : '')));
  const [code, signal]: (number | string | null)[] = await once(child, 'close');
  if (code !== 0 && !failing) {
    throw new Error(`${file} failed (${code ?? signal}):\n${(await words).join('')}`);
  }
  return at;
}

/** @returns wall milliseconds, from the start of the process to its exit */
export async function wallMs(program: Program, onStart?: (run: Running) => void): Promise<number> {
  const run = start(program);
  onStart?.(run);
  return (await run.ended) - run.began;
}

export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuMs: number;
  /** Highest resident set; NaN where there is no /proc. */
  readonly peakMiB: number;
  /** To a millisecond. */
  readonly wallMs: number;
}

/** The process tells its number, and when it is gone the shell what the kernel has counted. */
const COUNTED = `TIMEFORMAT='%R %U %S'
exec 4>&2
{ time { (echo "$BASHPID" >&3; exec "$@" 2>&4 3>&- 4>&-); }; } 2>&3
exit $?`;

/** Runs it under a shell that counts. Not for short times: the looks at its memory take some. */
export async function usage(program: Program): Promise<Usage> {
  const { file, args, env } = program;
  const counted = {
    ...program,
    ...{ file: 'bash', args: ['-c', COUNTED, 'bash', file, ...args], env: { ...env, LC_ALL: 'C' } },
  };
  const { child, ended } = launch(counted, ['ignore', 'pipe', 'pipe', 'pipe']);
  let told = '';
  let peak = (): number => Number.NaN;
  const figures = child.stdio[3] as Readable;
  figures.setEncoding('utf8').on('data', (chunk: string) => {
    if (told === '') peak = watchMemory(Number.parseInt(chunk, 10), child);
    told += chunk;
  });
  await ended;
  const [, real = Number.NaN, user = Number.NaN, system = Number.NaN] = told
    .split(/\s+/)
    .map(Number);
  return { wallMs: real * 1000, cpuMs: (user + system) * 1000, peakMiB: peak() };
}

/** The kernel keeps the high-water mark, so that a look now and then misses the last moments only. */
function watchMemory(pid: number, until: ChildProcess): () => number {
  let kib = Number.NaN;
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const [, high] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
      if (high !== undefined) kib = Number(high);
    } catch {
      // It has ended, or this system has no /proc.
    }
  };
  const timer = setInterval(look, 1);
  until.once('exit', () => clearInterval(timer));
  return () => kib / 1024;
}

/** What several runs of the same thing gave. */
export interface Sampled {
  readonly median: number;
  readonly p90: number;
  readonly samples: number;
}

/** @param values in any order; NaN where there are none */
export function sampled(values: readonly number[]): Sampled {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { median: at(0.5), p90: at(0.9), samples: sorted.length };
}
