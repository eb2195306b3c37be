import type { Filter } from './core/filters.js';
import { withGlobs } from './core/glob.js';
import type { ChangeClass } from './core/result.js';
import type { Policy } from './core/state.js';
import type { RevisionRequest, RunOrigin } from './core/target.js';
import { InputError } from './errors.js';
import { parseArgocdServer, parseToken, readAccess } from './inputs/access.js';
import { type ReadFile, readFilters } from './inputs/filters.js';
import {
  oneOf,
  parseApplicationNamespace,
  parseApplications,
  parseBoolean,
  parseChanges,
  parseDuration,
  parseGrace,
  parseRevision,
  parseWaitFor,
  parseWaitResources,
} from './inputs/parse.js';
import { createReader, type Environment, type Reader } from './inputs/reader.js';
import { readRunContext } from './inputs/run-context.js';
import { parseSelector } from './inputs/selector.js';
import { checkSource } from './inputs/source.js';

/** Everything a run is told, read once, checked, frozen. Durations in milliseconds. */
export interface Inputs extends Policy {
  readonly source: 'cluster' | 'argocd' | 'event';
  /** As the user wrote them: `name`, `namespace/name`, globs. */
  readonly applications: readonly string[];
  readonly selector: string;
  /** `*`: all namespaces. */
  readonly applicationNamespace: string;
  readonly access: Access;
  readonly revision: RevisionRequest;
  /** 0: look once. */
  readonly timeoutMs: number;
  readonly trigger: 'none' | 'refresh' | 'hard-refresh' | 'sync';
  readonly failFast: boolean;
  readonly filters: readonly Filter[];
  readonly changes: readonly ChangeClass[];
  readonly liveEvidence: 'auto' | 'off';
  readonly pollIntervalMs: number;
  readonly githubToken: string;
  /** URL without a slash at its end; empty: none. */
  readonly argocdServer: string;
  /** Given with `source: argocd` only. */
  readonly argocdToken: string;
  readonly summary: boolean;
  readonly run: RunContext;
}

/** How to get into the cluster, as the inputs say it. */
export interface Access {
  /** YAML text (decoded if it was base64), or empty. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly server: string;
  readonly token: string;
  /** Of tokens that GitHub mints, to be presented to `server`; empty: none. */
  readonly oidcAudience: string;
  /** PEM, or empty: the system's. */
  readonly certificateAuthority: string;
  readonly insecureSkipTlsVerify: boolean;
  /** `KUBECONFIG` of the environment, for when no access input is given. */
  readonly kubeconfigEnv: string;
  readonly home: string;
}

/** What GitHub says of this run. */
export interface RunContext extends RunOrigin {
  readonly apiUrl: string;
  readonly runUrl: string;
  readonly actor: string;
  readonly eventName: string;
  /** File with the event that started the run; empty: there is none. */
  readonly eventPath: string;
  readonly workspace: string;
  /** Directory for the results file. */
  readonly tempDir: string;
}

/**
 * Reads all inputs and what GitHub says of the run; the only reader of the environment.
 * @param env variables as the runner sets them: inputs are `INPUT_<NAME>`
 * @throws InputError (as a rejection) with every problem, each naming the input, its value and what is accepted
 */
export async function readInputs(env: Environment, readFile: ReadFile): Promise<Inputs> {
  const { reader, ...goal } = await withGlobs(() => readGoal(createReader(env)));
  const run = readRunContext(env, readFile);
  const inputs: Inputs = {
    ...goal,
    access: await readAccess(reader, env),
    filters: await readFilters(reader, run.workspace, readFile),
    changes: reader.take('changes', parseChanges, []),
    liveEvidence: reader.take('live-evidence', oneOf('auto', 'off'), 'auto'),
    githubToken: reader.take('github-token', parseToken, ''),
    argocdServer: reader.take('argocd-server', parseArgocdServer, ''),
    argocdToken: reader.take('argocd-token', parseToken, ''),
    summary: reader.take('summary', parseBoolean, true),
    run,
  };
  checkSource(reader, inputs);
  if (reader.problems.length > 0) throw new InputError(Object.freeze([...reader.problems]));
  return deepFreeze(inputs);
}

/** What has globs in it, and the reader with the problems of that. */
function readGoal(reader: Reader): Target & Wait & { readonly reader: Reader } {
  return { reader, ...readTarget(reader), ...readWait(reader) };
}

type Target = Pick<
  Inputs,
  'source' | 'applications' | 'selector' | 'applicationNamespace' | 'revision'
>;

function readTarget(reader: Reader): Target {
  // Only a source that names the Application itself can do without both.
  if (reader.text('application') + reader.text('selector') === '' && needsName(reader)) {
    reader.refuse('application', '"" is empty, as is selector: give the name of an Application');
  }
  return {
    source: reader.take('source', oneOf('cluster', 'argocd', 'event'), 'cluster'),
    applications: reader.take('application', parseApplications, []),
    selector: reader.take('selector', parseSelector, ''),
    applicationNamespace: reader.take('application-namespace', parseApplicationNamespace, ''),
    revision: reader.take('revision', parseRevision, { kind: 'none' }),
  };
}

function needsName(reader: Reader): boolean {
  return reader.text('source').trim() !== 'event';
}

type Wait = Pick<
  Inputs,
  | 'waitFor'
  | 'waitResources'
  | 'timeoutMs'
  | 'trigger'
  | 'ifMissing'
  | 'degradedGraceMs'
  | 'suspended'
  | 'failFast'
  | 'retries'
  | 'pollIntervalMs'
>;

function readWait(reader: Reader): Wait {
  return {
    waitFor: reader.take('wait-for', parseWaitFor, []),
    waitResources: reader.take('wait-resources', parseWaitResources, []),
    timeoutMs: reader.take('timeout', parseDuration, 0),
    trigger: reader.take('trigger', oneOf('none', 'refresh', 'hard-refresh', 'sync'), 'none'),
    ifMissing: reader.take('if-missing', oneOf('fail', 'wait', 'skip'), 'fail'),
    degradedGraceMs: reader.take('degraded-grace', parseGrace, 0),
    suspended: reader.take('suspended', oneOf('wait', 'succeed', 'fail'), 'wait'),
    failFast: reader.take('fail-fast', parseBoolean, true),
    retries: reader.take('retries', oneOf('wait', 'fail'), 'wait'),
    pollIntervalMs: reader.take('poll-interval', (value) => parseDuration(value, 1000), 0),
  };
}

/** Freezes data of our own making, which has no cycles. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
