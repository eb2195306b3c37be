import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { nodePath } from '../../__tests__/support/action.ts';

/** A program as a step would start it. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Puts back what a run leaves behind: a job of GitHub starts on a clean machine. */
  readonly prepare?: () => void;
}

/** A Node that does nothing: what no program of Node can be faster than. */
export const BARE_NODE: Program = { file: nodePath(), args: ['-e', '0'], env: {} };

export interface Running {
  readonly child: ChildProcess;
  /** Resolves with `performance.now()` of the end; rejects, with what it wrote, when it fails. */
  readonly ended: Promise<number>;
}

export function start(program: Program): Running {
  program.prepare?.();
  const { file, args, env, cwd } = program;
  const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, ended: endOf(child, file) };
}

async function endOf(child: ChildProcess, file: string): Promise<number> {
  let at = Number.NaN;
  child.once('exit', () => {
    at = performance.now();
  });
  const words = Promise.all([child.stdout, child.stderr].map((each) => (each ? text(each) : '')));
  const [code, signal]: (number | string | null)[] = await once(child, 'close');
  if (code !== 0) throw new Error(`${file}: ${code ?? signal}\n${(await words).join('')}`);
  return at;
}

/** @returns wall milliseconds, from before the process to its end */
export async function wallMs(program: Program): Promise<number> {
  const { prepare, ...rest } = program;
  prepare?.();
  const began = performance.now();
  return (await start(rest).ended) - began;
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

/**
 * Runs it under a shell that counts. Not for short times: the looks at its memory take some.
 * @param onStart is told when it runs
 */
export async function usage(
  program: Program,
  onStart?: (child: ChildProcess) => void,
): Promise<Usage> {
  program.prepare?.();
  const { file, args, env, cwd } = program;
  const child = spawn('bash', ['-c', COUNTED, 'bash', file, ...args], {
    env: { ...env, LC_ALL: 'C' },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  onStart?.(child);
  let told = '';
  let peak = (): number => Number.NaN;
  const figures = child.stdio[3] as Readable;
  figures.setEncoding('utf8').on('data', (chunk: string) => {
    if (told === '') peak = watchMemory(Number.parseInt(chunk, 10), child);
    told += chunk;
  });
  await endOf(child, file);
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
      const [, high] =
        /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      if (high !== undefined) kib = Number(high);
    } catch {
      // It has ended, or this system has no /proc.
    }
  };
  const timer = setInterval(look, 1);
  until.once('exit', () => clearInterval(timer));
  return () => kib / 1024;
}
