import { parseArgs } from 'node:util';
import { decidedResults, reportOf } from '../conclude/report.js';
import { DecodeError } from '../core/application/decode.js';
import { someOf } from '../core/application/phrases.js';
import { readInputs } from '../inputs/index.js';
import type { Inputs } from '../inputs/types.js';
import { InputError, messageOf } from '../platform/errors.js';
import { plain, visibleJson } from '../report/escape.js';
import { resultsOf } from '../report/outputs.js';
import { summaryOf } from '../report/summary.js';
import { play } from './play.js';
import { textOf } from './print.js';
import { type Recording, readRecording } from './recording.js';
import { readWithin, withTree } from './within.js';

/** What the command needs of the world. */
export interface Terminal {
  /** Without the program's own names. */
  readonly args: readonly string[];
  /** The whole standard input; undefined: only a keyboard. */
  readonly stdin: () => Promise<string | undefined>;
  readonly readFile: (path: string) => string;
  readonly directory: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** The inputs of the action that decide what it says. */
const INPUTS = [
  'application',
  'application-namespace',
  'changes',
  'degraded-grace',
  'filters',
  'if-missing',
  'image',
  'live-evidence',
  'retries',
  'revision',
  'suspended',
  'timeout',
  'wait-for',
  'wait-resources',
] as const;

/** Two states of resources, in place of an Application's. */
const STATES = ['before', 'after'] as const;
/** Files with what is within the Application. */
const FILES = ['tree', 'pods'] as const;
const FLAGS = ['json', 'summary', 'help'] as const;
const SEE_HELP = 'argocd-post-sync --help lists what there is.';

const USAGE = `Says what the action would say of an Application, without a cluster and without a run.

  kubectl get application shop -n argocd -o json | argocd-post-sync explain --filters filters.yml

Reads from standard input what kubectl prints of one Application, of several, or of a watch
(--watch --output-watch-events), or a recording. One look cannot tell what was there before it.

  --filters FILE|YAML   and the other inputs of the action that decide:
                        ${INPUTS.filter((name) => name !== 'filters').reduce(wrapped, '')}
  --before FILE --after FILE
                        manifests or live objects, as JSON or YAML: which fields changed, and
                        which filters match that; then nothing is read from standard input
  --tree FILE           what is within the Application, as Argo CD's API has it (resource-tree)
  --pods FILE           its pods, as kubectl get pods -o json prints them, and what owns them
                        if asked for too: kubectl get deployments,replicasets,rollouts,pods
  --json                the results file, instead of a text
  --summary             the job summary, as Markdown
  --help

Without --revision it is whatever is deployed. It ends with 1 if it could not read what it was given.
`;

/** Names with commas, in lines that fit under the usage. */
function wrapped(text: string, name: string): string {
  if (text === '') return `--${name}`;
  const line = text.split('\n').at(-1) ?? '';
  const next = `, --${name}`;
  return line.trim().length + next.length > 70
    ? `${text},\n                        --${name}`
    : text + next;
}

/**
 * The local command: the same core as a run has, on what was saved or is piped in.
 * @returns the exit code: 1 where there was nothing to explain
 */
export async function explain(terminal: Terminal): Promise<number> {
  try {
    const { values, help } = readArgs(terminal.args);
    if (help) terminal.print(USAGE);
    else terminal.print(await answer(values, terminal));
    return 0;
  } catch (thrown) {
    const problems = problemsOf(thrown);
    if (!problems) throw thrown;
    for (const problem of problems) terminal.complain(`${plain(problem)}\n`);
    return 1;
  }
}

function problemsOf(thrown: unknown): readonly string[] | undefined {
  if (thrown instanceof InputError) return thrown.problems;
  if (!(thrown instanceof DecodeError)) return undefined;
  return [`The standard input cannot be read: ${thrown.message}.`];
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function readArgs(args: readonly string[]): { readonly values: Values; readonly help: boolean } {
  const names = [...INPUTS, ...STATES, ...FILES].map((name) => [name, { type: 'string' }] as const);
  const flags = FLAGS.map((name) => [name, { type: 'boolean' }] as const);
  const { values, positionals } = parsedArgs([...args], Object.fromEntries([...names, ...flags]));
  const help = values['help'] === true || positionals[0] === 'help';
  const [command = '', ...more] = positionals;
  if (!help && command !== 'explain') {
    throw new InputError([`Unknown command "${command}": the only one is explain.`, SEE_HELP]);
  }
  if (!help && more.length > 0) {
    const what = more.join(' ');
    throw new InputError([
      `Unexpected argument "${what}": Applications are read from standard input, as in explain < FILE.`,
      SEE_HELP,
    ]);
  }
  return { values, help };
}

function parsedArgs(
  args: string[],
  options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>,
): { readonly values: Values; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const single = Object.entries(values).filter(([, value]) => !Array.isArray(value));
    return { values: Object.fromEntries(single) as Values, positionals };
  } catch (thrown) {
    // What follows is about arguments that begin with a dash, of which there are none here.
    const [line = ''] = messageOf(thrown).split('. ');
    throw new InputError([`${line}.`, SEE_HELP]);
  }
}

const MAX_PROBLEMS = 10;

async function answer(values: Values, terminal: Terminal): Promise<string> {
  // Filters are often what is wrong: they are told without anything on standard input.
  const first = await inputsOf(values, terminal, '');
  const [before, after] = STATES.map((name) => text(values[name]));
  if (before || after) {
    const { explainStates } = await import('./states.js');
    const json = values['json'] === true;
    return explainStates(before ?? '', after ?? '', first, terminal.readFile, json);
  }
  const files = { tree: text(values['tree']), pods: text(values['pods']) };
  const tree = readWithin(files, terminal.directory, terminal.readFile);
  const input = await terminal.stdin();
  if (input === undefined || input.trim() === '') {
    throw new InputError([
      'There is nothing on standard input: pipe an Application into it, such as\n  kubectl get application shop -n argocd -o json | argocd-post-sync explain --filters filters.yml',
    ]);
  }
  const recording = readRecording(input);
  for (const problem of recording.problems.slice(0, MAX_PROBLEMS)) {
    terminal.complain(`The standard input has what cannot be read and is left out: ${problem}.\n`);
  }
  const inputs = await inputsOf(values, terminal, recording.revision);
  const { outcome, waitedMs } = play(inputs, recording, terminal.now());
  if (outcome.ends.size === 0) {
    const keys = [...new Set(recording.looks.map(({ key }) => key))];
    throw new InputError([
      `application: no Application in the input matches, it has ${someOf(keys, ', ')}`,
    ]);
  }
  const told = tree ? withTree(outcome, tree) : outcome;
  const decided = decidedResults(told, liveOf(recording, inputs));
  const report = reportOf(inputs, told, decided, waitedMs);
  if (values['json'] === true)
    return `${visibleJson(JSON.parse([...resultsOf(report)].join('')))}\n`;
  return values['summary'] === true ? summaryOf(report) : textOf(report);
}

/** Inputs as a run would have them; the cluster that they must name is never asked. */
function inputsOf(
  values: Values,
  { readFile, directory }: Terminal,
  revision: string,
): Promise<Inputs> {
  const given = INPUTS.map((name) => [`INPUT_${name.toUpperCase()}`, text(values[name])] as const);
  const env = new Map<string, string>([
    ['GITHUB_WORKSPACE', directory],
    ['INPUT_SERVER', 'https://kubernetes.invalid'],
    ['INPUT_TOKEN', 'none'],
    ...given,
  ]);
  if (!text(values['application'])) env.set('INPUT_APPLICATION', '*/*');
  if (!text(values['revision'])) env.set('INPUT_REVISION', revision || 'none');
  return readInputs(Object.fromEntries(env), readFile);
}

function text(value: string | boolean | undefined): string {
  return typeof value === 'string' ? value : '';
}

function liveOf(recording: Recording, { liveEvidence }: Inputs) {
  if (liveEvidence === 'off') return new Map();
  return new Map(recording.looks.map(({ key }) => [key, recording.live]));
}
