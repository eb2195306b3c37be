import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ActionFile, actionFile } from './action-file.ts';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A step of a workflow: what it is given, and around what. */
export interface Step {
  /** The step's `with`; the defaults of action.yml apply to what is not given. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Added to, or in place of, the environment that a runner sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** The payload of GITHUB_EVENT_PATH. */
  readonly event?: unknown;
  /** Files in GITHUB_WORKSPACE, path to content. */
  readonly files?: Readonly<Record<string, string>>;
  /** `github.token`, for the defaults that ask for it; default empty. */
  readonly githubToken?: string;
  /** Directory with action.yml and dist/; default: this project. */
  readonly root?: string;
  /** Sent once: after so many milliseconds, when the log so far matches, or when a promise says. */
  readonly signal?: {
    readonly name: NodeJS.Signals;
    readonly afterMs?: number;
    readonly whenLog?: RegExp;
    readonly when?: Promise<unknown>;
  };
  /** A command that runs the command after it, such as a shell with limits. */
  readonly under?: readonly string[];
  /** Killed after this long; default 60,000. */
  readonly killAfterMs?: number;
  /** Called for each complete line of the log. */
  readonly onLine?: (line: string) => void;
  /** Called with the process as soon as there is one. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** What is left of a step. */
export interface StepResult {
  /** null: it was killed by `signal`. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Markdown of the job summary. */
  readonly summary: string;
  /** What was saved for a post step, and exported to later steps. */
  readonly state: Readonly<Record<string, string>>;
  readonly exported: Readonly<Record<string, string>>;
  /** The content of the file that the output `results-file` names; undefined: there is none. */
  readonly results: unknown;
  /** From the start of the process to its end. */
  readonly durationMs: number;
  /** From the signal to the end; undefined: no signal was sent. */
  readonly afterSignalMs: number | undefined;
}

/** Runs the built action in a process of its own, as a runner would. */
export async function runAction(step: Step = {}): Promise<StepResult> {
  return staged(step, ({ env, main, work }) => execute([main], work, env, step));
}

type Ended = Pick<
  StepResult,
  'exitCode' | 'signal' | 'stdout' | 'stderr' | 'durationMs' | 'afterSignalMs'
>;

/** What a runner gives an action. */
export interface Stage {
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The path of its code. */
  readonly main: string;
  /** The working directory. */
  readonly work: string;
}

/** Sets the stage in an empty directory, as a runner does. */
export function stageIn(directory: string, step: Step): Stage {
  const root = step.root ?? ROOT;
  const action = actionFile(root);
  return {
    env: { ...environment(directory, step), ...inputsOf(action, step), ...step.env },
    main: join(root, action.runs.main),
    work: join(directory, 'work'),
  };
}

/** Sets the stage, lets the action run on it, and reads what it left there. */
export async function staged(
  step: Step,
  act: (stage: Stage) => Promise<Ended>,
): Promise<StepResult> {
  // The real path, as some systems' temporary directory is a link.
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-')));
  try {
    const stage = stageIn(directory, step);
    const { env } = stage;
    const ended = await act(stage);
    // What a test has put in the place of such a file may be a device that never ends.
    const own = (path: string): string => (path.startsWith(directory) ? path : '');
    const commandFile = (name: string): string => readText(own(env[name] ?? ''));
    const outputs = parseCommandFile(commandFile('GITHUB_OUTPUT'));
    const results = readText(outputs['results-file'] ?? '');
    return {
      ...ended,
      outputs,
      summary: commandFile('GITHUB_STEP_SUMMARY'),
      state: parseCommandFile(commandFile('GITHUB_STATE')),
      exported: parseCommandFile(commandFile('GITHUB_ENV')),
      results: results === '' ? undefined : (JSON.parse(results) as unknown),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Node 24: this process, or that of the dev dependency. */
export function nodePath(): string {
  const major = process.versions.node.split('.')[0];
  return major === '24' ? process.execPath : join(ROOT, 'node_modules', '.bin', 'node');
}

/** What a runner sets, and nothing of the machine's own: no HOME, no KUBECONFIG of a developer. */
function environment(directory: string, step: Step): Record<string, string> {
  const at = (name: string, content?: string): string => {
    const path = join(directory, name);
    if (content === undefined) mkdirSync(path, { recursive: true });
    else writeFileSync(path, content);
    return path;
  };
  const workspace = at('work');
  for (const [path, content] of Object.entries(step.files ?? {})) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), content);
  }
  return {
    PATH: process.env.PATH ?? '',
    HOME: at('home'),
    LANG: 'C.UTF-8',
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: 'sync',
    GITHUB_ACTOR: 'octocat',
    // Nothing listens there: a test that wants GitHub's API brings its own.
    GITHUB_API_URL: 'http://127.0.0.1:1',
    GITHUB_GRAPHQL_URL: 'http://127.0.0.1:1/graphql',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_REPOSITORY_OWNER: 'acme',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_REF_TYPE: 'branch',
    GITHUB_SHA: 'b97073ee47e2fa02a2ef28137a2b95501c034fe0',
    GITHUB_JOB: 'deploy',
    GITHUB_WORKFLOW: 'deploy',
    GITHUB_RUN_ID: '4711',
    GITHUB_RUN_NUMBER: '7',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_EVENT_PATH: at('event.json', JSON.stringify(step.event ?? {})),
    GITHUB_OUTPUT: at('output', ''),
    GITHUB_STEP_SUMMARY: at('summary.md', ''),
    GITHUB_STATE: at('state', ''),
    GITHUB_ENV: at('env', ''),
    GITHUB_PATH: at('path', ''),
    GITHUB_WORKSPACE: workspace,
    RUNNER_TEMP: at('temp'),
    RUNNER_TOOL_CACHE: at('tools'),
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: 'X64',
    RUNNER_NAME: 'test',
  };
}

/** `INPUT_NAME` of every input: given, else its default, else empty. Hyphens stay as they are. */
function inputsOf(action: ActionFile, step: Step): Record<string, string> {
  const variable = (name: string): string => `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`;
  const defaults = Object.entries(action.inputs ?? {}).map(([name, input]) => [
    variable(name),
    evaluate(String(input?.default ?? ''), step.githubToken ?? ''),
  ]);
  const given = Object.entries(step.inputs ?? {}).map(([name, value]) => [variable(name), value]);
  return Object.fromEntries([...defaults, ...given]) as Record<string, string>;
}

/** The one expression that defaults are allowed to need here. */
function evaluate(text: string, githubToken: string): string {
  return text.replaceAll(/\$\{\{\s*(.*?)\s*\}\}/g, (whole, expression) => {
    if (expression !== 'github.token') throw new Error(`a default asks for ${whole}`);
    return githubToken;
  });
}

function readText(path: string): string {
  return path !== '' && existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** `name=value` and `name<<DELIMITER … DELIMITER`, as in GITHUB_OUTPUT. */
export function parseCommandFile(text: string): Readonly<Record<string, string>> {
  // Not put into an object one by one: `__proto__` is a name too.
  const values: (readonly [name: string, value: string])[] = [];
  const rows = text.split(/\r?\n/);
  for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
    if (row === '') continue;
    const [, name, operator, rest = ''] = /^(.*?)(<<|=)(.*)$/.exec(row) ?? [];
    if (name === undefined) throw new Error(`not a line of a command file: ${row}`);
    if (operator === '=') {
      values.push([name, rest]);
      continue;
    }
    const end = rows.indexOf(rest);
    if (end < 0) throw new Error(`the value of ${name} does not end`);
    const lines = rows.splice(0, end + 1).slice(0, -1);
    values.push([name, lines.join('\n')]);
  }
  return Object.fromEntries(values);
}

function execute(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  step: Step,
): Promise<Ended> {
  const started = performance.now();
  const [file = '', ...all] = [...(step.under ?? []), nodePath(), ...args];
  const child = spawn(file, all, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  step.onStart?.(child);
  const signalled = signalling(child, step.signal);
  const stdout = collect(child.stdout, (text, lines) => {
    signalled.look(text);
    for (const line of lines) step.onLine?.(line);
  });
  const stderr = collect(child.stderr);
  const killer = setTimeout(() => child.kill('SIGKILL'), step.killAfterMs ?? 60_000);
  return new Promise((resolved, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      clearTimeout(killer);
      const now = performance.now();
      const sent = signalled.stop();
      resolved({
        exitCode,
        signal,
        stdout: stdout(),
        stderr: stderr(),
        durationMs: now - started,
        afterSignalMs: sent === undefined ? undefined : now - sent,
      });
    });
  });
}

interface Signalling {
  look(log: string): void;
  /** @returns when the signal was sent */
  stop(): number | undefined;
}

function signalling(child: ChildProcess, signal: Step['signal']): Signalling {
  let sent: number | undefined;
  const send = (): void => {
    if (sent !== undefined || !signal) return;
    sent = performance.now();
    child.kill(signal.name);
  };
  const timer = signal?.afterMs === undefined ? undefined : setTimeout(send, signal.afterMs);
  void signal?.when?.then(send);
  return {
    look(log) {
      if (signal?.whenLog?.test(log)) send();
    },
    stop() {
      clearTimeout(timer);
      return sent;
    },
  };
}

/** Gathers a stream's text; `onLines` hears all of it so far, and the lines that became complete. */
function collect(
  stream: NodeJS.ReadableStream,
  onLines: (text: string, lines: readonly string[]) => void = () => undefined,
): () => string {
  let text = '';
  let open = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    const lines = (open + chunk).split('\n');
    open = lines.pop() ?? '';
    onLines(text, lines);
  });
  stream.on('end', () => onLines(text, open === '' ? [] : [open]));
  return () => text;
}
