import { spawn } from 'node:child_process';

/** A program to run, without a shell and without an input. */
export interface PluginCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** In milliseconds; it and all that it started are ended then. */
  readonly timeoutMs: number;
}

/** Why a plugin gave nothing: it is not installed, failed, was late, printed too much, was not needed any more. */
export type PluginFault = 'missing' | 'failed' | 'late' | 'flooded' | 'aborted';

export class PluginError extends Error {
  override readonly name = 'PluginError';
  readonly fault: PluginFault;
  /** The end of what it printed to stderr: foreign text, perhaps with secrets. */
  readonly stderr: string;
  constructor(fault: PluginFault, stderr = '') {
    super(`plugin ${fault}`);
    this.fault = fault;
    this.stderr = stderr;
  }
}

/** An ExecCredential with certificates has some KiB. */
export const MAX_STDOUT_MIB = 4;
const MAX_STDOUT_BYTES = MAX_STDOUT_MIB * 1024 * 1024;
const MAX_STDERR_BYTES = 64 * 1024;

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2_000;
/** After a plugin's end, for what it started and what still holds its stdout. */
const DRAIN_MS = 1_000;

/**
 * Runs a plugin in a process group of its own, which is ended when it is late, when it prints too
 * much, when the signal aborts, and with this process.
 * @returns its stdout
 * @throws PluginError as a rejection
 */
export function runPlugin(plugin: PluginCommand, signal: AbortSignal): Promise<string> {
  if (signal.aborted) return Promise.reject(new PluginError('aborted'));
  return new Promise((resolve, reject) => {
    const child = start(plugin);
    const stdout = collector(MAX_STDOUT_BYTES);
    const stderr = collector(MAX_STDERR_BYTES);
    const fail = (fault: PluginFault, text = stderr.text()) => {
      release();
      endGroup(child.pid);
      // Read on, or the next word that it says would end it before it has tidied up.
      for (const pipe of [child.stdout, child.stderr]) pipe.removeAllListeners('data').resume();
      reject(new PluginError(fault, text));
    };
    const abort = () => fail('aborted');
    const late = setTimeout(() => fail('late'), plugin.timeoutMs);
    const release = () => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.add(chunk);
      if (stdout.isCut()) fail('flooded');
    });
    child.stderr.on('data', stderr.add);
    child.once('error', (thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') fail('missing', thrown.message);
      else fail('failed', thrown.message);
    });
    child.once('exit', () => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, DRAIN_MS).unref();
    });
    child.once('close', (code, ended) => {
      release();
      forgetIfGone(child.pid);
      if (code === 0) resolve(stdout.text());
      else reject(new PluginError('failed', stderr.text() || exitOf(code, ended)));
    });
  });
}

function start({ command, args, env }: PluginCommand) {
  try {
    const child = spawn(command, args, {
      env: { ...env },
      detached: HAS_GROUPS,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) remember(child.pid);
    return child;
  } catch (thrown) {
    // A zero byte in an argument, or arguments without end: its message quotes them.
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    throw new PluginError('failed', `it cannot be started ${code}`.trim());
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): string {
  return code === null ? `it was ended by ${signal}` : `it exited with code ${code} and no word`;
}

/** Keeps the last so many bytes. */
function collector(limit: number) {
  const chunks: Buffer[] = [];
  let size = 0;
  let cut = false;
  return {
    add(chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
      cut ||= size > limit;
      for (let first = chunks[0]; first && size - first.length >= limit; first = chunks[0]) {
        size -= first.length;
        chunks.shift();
      }
    },
    isCut: () => cut,
    /** Without the word that the cut went through: half of a secret is not known as one. */
    text(): string {
      const text = Buffer.concat(chunks).subarray(-limit).toString();
      return cut ? text.replace(/^\S*/, '') : text;
    },
  };
}

/** Windows has none: there, what a plugin started outlives it. */
const HAS_GROUPS = process.platform !== 'win32';

const groups = new Set<number>();

function remember(pid: number): void {
  // Once: this process may end at any time, by whatever cause, and takes them with it.
  if (groups.size === 0) process.once('exit', endAll);
  groups.add(pid);
}

function forget(pid: number): void {
  groups.delete(pid);
  if (groups.size === 0) process.removeListener('exit', endAll);
}

/** A plugin may leave something behind that it needs (a tunnel): that ends with the run. */
function forgetIfGone(pid: number | undefined): void {
  if (pid !== undefined && groups.has(pid) && !send(pid, 0)) forget(pid);
}

function endAll(): void {
  for (const pid of groups) send(pid, 'SIGKILL');
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined || !groups.has(pid)) return;
  send(pid, 'SIGTERM');
  const kill = () => {
    send(pid, 'SIGKILL');
    forget(pid);
  };
  setTimeout(kill, GRACE_MS).unref();
}

/** @returns whether there was a process to send it to */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(HAS_GROUPS ? -pid : pid, signal);
  } catch {
    return false;
  }
}
