/** What is measured: programs as a step would start them, their times, and what the kernel counts. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { nodePath, ROOT } from '../../__tests__/support/action.ts';
import { B } from '../../__tests__/support/manifest.ts';

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

/** A Node that does nothing: what no program of Node can be faster than. */
export const BARE_NODE: Program = { file: nodePath(), args: ['-e', '0'], env: {} };

/** As many as a small workflow has. */
const FILTERS = `cdn: Ingress/*
web: apps/Deployment/*/web
config: ['ConfigMap/*', '!ConfigMap/*-cache']
`;

/** @returns the built action as a runner starts it, with an outputs file and a summary file */
export function step(name: string, inputs: Strings, event: unknown = {}): Program {
  const directory = join(WORK, name);
  const at = (file: string): string => join(directory, file);
  const files = {
    GITHUB_OUTPUT: at('output'),
    GITHUB_STEP_SUMMARY: at('summary.md'),
    GITHUB_STATE: at('state'),
    GITHUB_EVENT_PATH: at('event.json'),
  };
  return {
    file: nodePath(),
    args: [join(ROOT, 'dist', 'index.js')],
    cwd: directory,
    env: {
      ...inputsOf({ revision: B, filters: FILTERS, timeout: '5m', ...inputs }),
      ...files,
      PATH: process.env.PATH ?? '',
      HOME: directory,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_API_URL: 'http://127.0.0.1:1',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_EVENT_NAME: inputs['source'] === 'event' ? 'repository_dispatch' : 'push',
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_SHA: B,
      GITHUB_WORKSPACE: directory,
      RUNNER_TEMP: directory,
    },
    prepare() {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
      for (const file of Object.values(files)) writeFileSync(file, '');
      writeFileSync(files.GITHUB_EVENT_PATH, JSON.stringify(event));
    },
  };
}

/** `INPUT_NAME` of every input: given, else its default. */
function inputsOf(given: Strings): Strings {
  const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as {
    readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  };
  const values = Object.entries(action.inputs).map(([name, { default: usual = '' }]) => {
    // GitHub's token, the only expression, is not needed here.
    const value = given[name] ?? (usual.includes('${{') ? '' : usual);
    return [`INPUT_${name.toUpperCase()}`, value];
  });
  return Object.fromEntries(values) as Strings;
}

export function byToken({ url, token, ca }: Access): Strings {
  return { server: url, token, 'certificate-authority': ca };
}

/** The same as tools write it. */
export function blockStyle({ url, token, ca }: Access): string {
  return `apiVersion: v1
kind: Config
current-context: argocd
clusters:
- name: argocd
  cluster:
    certificate-authority-data: ${base64(ca)}
    server: ${url}
users:
- name: post-sync
  user:
    token: ${token}
contexts:
- name: argocd
  context:
    cluster: argocd
    user: post-sync
`;
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64');
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
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
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
  const { ARGOCD_SERVER, ARGOCD_AUTH_TOKEN = '', ARGOCD_OPTS = '' } = process.env;
  const file = onPath('argocd');
  if (!file || !ARGOCD_SERVER) return undefined;
  const application = process.env.BENCH_ARGOCD_APPLICATION ?? 'argocd/shop';
  return {
    file,
    args: ['app', 'wait', application, '--timeout', '60'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: WORK,
      ARGOCD_SERVER,
      ARGOCD_AUTH_TOKEN,
      ARGOCD_OPTS,
    },
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
    URL_: `${url}/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/${application}`,
    TOKEN: token,
    CA: ca,
    REVISION: revision,
    INTERVAL: String(intervalMs),
  };
  return { file: nodePath(), args: ['-e', LOOP], env };
}

/** The path of a program; undefined: it is nowhere on the PATH. */
export function onPath(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).map((each) => join(each, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
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
  /** Resolves with `performance.now()` of the end; rejects, with what it wrote, when it fails. */
  readonly ended: Promise<number>;
}

/** @param failing an end that is no success is an end all the same */
export function start(program: Program, failing = false): Running {
  program.prepare?.();
  const { file, args, env, cwd } = program;
  const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, ended: endOf(child, file, failing) };
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
  const { prepare, ...rest } = program;
  prepare?.();
  const began = performance.now();
  const run = start(rest);
  onStart?.(run);
  return (await run.ended) - began;
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
  program.prepare?.();
  const { file, args, env, cwd } = program;
  const child = spawn('bash', ['-c', COUNTED, 'bash', file, ...args], {
    env: { ...env, LC_ALL: 'C' },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let told = '';
  let peak = (): number => Number.NaN;
  const figures = child.stdio[3] as Readable;
  figures.setEncoding('utf8').on('data', (chunk: string) => {
    if (told === '') peak = watchMemory(Number.parseInt(chunk, 10), child);
    told += chunk;
  });
  await endOf(child, file, false);
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
