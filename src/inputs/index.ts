import { parseImage } from '../core/filters/images.js';
import { InputError } from '../platform/errors.js';
import { parseArgocdServer, parseConnector, parseToken, readAccess } from './access.js';
import {
  checkApplicationSets,
  checkChildren,
  checkCount,
  checkImages,
  checkSource,
} from './compatibility.js';
import { type ReadFile, readFilters } from './filters-file.js';
import {
  listOf,
  oneOf,
  parseApplicationNamespace,
  parseApplicationSets,
  parseApplications,
  parseBoolean,
  parseChanges,
  parseCount,
  parseDuration,
  parseGrace,
  parseLogLines,
  parseRevision,
  parseSince,
  parseWaitFor,
  parseWaitResources,
} from './parse.js';
import { createReader, type Environment, type Reader } from './reader.js';
import { readRunContext } from './run-context.js';
import { parseSelector } from './selector.js';
import type { Inputs } from './types.js';

/**
 * Reads all inputs and what GitHub says of the run; the only reader of the environment.
 * @param env variables as the runner sets them: inputs are `INPUT_<NAME>`
 * @throws InputError (as a rejection) with every problem, each naming the input, its value and what is accepted
 */
export async function readInputs(env: Environment, readFile: ReadFile): Promise<Inputs> {
  const reader = createReader(env);
  const run = readRunContext(env, readFile);
  const inputs: Inputs = {
    ...readTarget(reader),
    ...readWait(reader),
    access: await readAccess(reader, env),
    filters: await readFilters(reader, run.workspace, readFile),
    changes: reader.take('changes', parseChanges, []),
    liveEvidence: reader.take('live-evidence', oneOf('auto', 'off'), 'auto'),
    fields: reader.take('fields', oneOf('auto', 'off', 'paths', 'values'), 'auto'),
    logLines: reader.take('log-lines', parseLogLines, 0),
    ...readSince(reader),
    report: reader.take('report', listOf(oneOf('deployment', 'check', 'comment')), []),
    githubToken: reader.take('github-token', parseToken, ''),
    argocdServer: reader.take('argocd-server', parseArgocdServer, ''),
    argocdToken: reader.take('argocd-token', parseToken, ''),
    argocdConnector: reader.take('argocd-connector', parseConnector, ''),
    summary: reader.take('summary', parseBoolean, true),
    run,
  };
  checkSource(reader, inputs);
  checkApplicationSets(reader, inputs);
  checkCount(reader, inputs);
  checkChildren(reader, inputs);
  checkImages(reader, inputs);
  if (reader.problems.length > 0) throw new InputError(Object.freeze([...reader.problems]));
  return deepFreeze(inputs);
}

function readSince(reader: Reader): Pick<Inputs, 'reportedUpTo'> {
  const reportedUpTo = reader.take('since', parseSince, undefined);
  return reportedUpTo ? { reportedUpTo } : {};
}

type Target = Pick<
  Inputs,
  | 'source'
  | 'applications'
  | 'applicationSets'
  | 'selector'
  | 'applicationNamespace'
  | 'minApplications'
  | 'children'
  | 'revision'
>;

function readTarget(reader: Reader): Target {
  // Only a source that names the Application itself can do without all of them.
  const named = NAMING.some((each) => reader.text(each) !== '');
  if (!named && needsName(reader)) {
    reader.refuse(
      'application',
      '"" is empty, as are selector and applicationset: give the name of an Application',
    );
  }
  return {
    source: reader.take('source', oneOf('cluster', 'argocd', 'event'), 'cluster'),
    applications: reader.take('application', parseApplications, []),
    applicationSets: reader.take('applicationset', parseApplicationSets, []),
    selector: reader.take('selector', parseSelector, ''),
    applicationNamespace: reader.take('application-namespace', parseApplicationNamespace, ''),
    minApplications: reader.take('min-applications', parseCount, 1),
    children: reader.take('children', parseBoolean, false),
    revision: reader.take('revision', parseRevision, { kind: 'none' }),
  };
}

const NAMING = ['application', 'selector', 'applicationset'] as const;

function needsName(reader: Reader): boolean {
  return reader.text('source').trim() !== 'event';
}

type Wait = Pick<
  Inputs,
  | 'waitFor'
  | 'waitResources'
  | 'images'
  | 'timeoutMs'
  | 'trigger'
  | 'ifMissing'
  | 'degradedGraceMs'
  | 'podFailures'
  | 'ifNotAutomated'
  | 'suspended'
  | 'failFast'
  | 'retries'
  | 'pollIntervalMs'
>;

function readWait(reader: Reader): Wait {
  return {
    waitFor: reader.take('wait-for', parseWaitFor, []),
    waitResources: reader.take('wait-resources', parseWaitResources, []),
    images: reader.take('image', listOf(parseImage), []),
    timeoutMs: reader.take('timeout', parseDuration, 0),
    trigger: reader.take('trigger', oneOf('none', 'refresh', 'hard-refresh', 'sync'), 'none'),
    ifMissing: reader.take('if-missing', oneOf('fail', 'wait', 'skip'), 'fail'),
    degradedGraceMs: reader.take('degraded-grace', parseGrace, 0),
    podFailures: reader.take('pod-failures', oneOf('fail', 'wait'), 'fail'),
    ifNotAutomated: reader.take('if-not-automated', oneOf('wait', 'fail'), 'wait'),
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
