import { withoutTrailingSlashes } from '../platform/urls.js';
import type { Environment } from './reader.js';
import type { RunContext } from './types.js';

type Commit = RunContext['commit'];

/** Reads what GitHub says of the run; an event payload that cannot be read counts as empty. */
export function readRunContext(env: Environment, readFile: (path: string) => string): RunContext {
  const variable = (name: string) => env[name]?.trim() ?? '';
  const repository = variable('GITHUB_REPOSITORY');
  const serverUrl = variable('GITHUB_SERVER_URL') || 'https://github.com';
  const runId = variable('GITHUB_RUN_ID');
  const payload = readPayload(variable('GITHUB_EVENT_PATH'), readFile);
  return {
    repository,
    serverUrl,
    apiUrl: withoutTrailingSlashes(variable('GITHUB_API_URL') || 'https://api.github.com'),
    runUrl: repository && runId ? `${serverUrl}/${repository}/actions/runs/${runId}` : '',
    workflowRef: variable('GITHUB_WORKFLOW_REF'),
    branch: variable('GITHUB_HEAD_REF') || variable('GITHUB_REF_NAME'),
    actor: variable('GITHUB_ACTOR'),
    eventName: variable('GITHUB_EVENT_NAME'),
    eventPath: variable('GITHUB_EVENT_PATH'),
    workspace: variable('GITHUB_WORKSPACE'),
    tempDir: variable('RUNNER_TEMP') || variable('TMPDIR') || '/tmp',
    commit: runCommit({
      repository,
      eventName: variable('GITHUB_EVENT_NAME'),
      sha: variable('GITHUB_SHA'),
      ref: variable('GITHUB_REF'),
      payload,
    }),
  };
}

function readPayload(path: string, readFile: (path: string) => string): unknown {
  if (path === '') return undefined;
  try {
    return JSON.parse(readFile(path));
  } catch {
    return undefined;
  }
}

/** The value at a place in the payload, if it and all on the way to it are there. */
function valueAt(payload: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    payload,
  );
}

function textAt(payload: unknown, ...path: readonly string[]): string {
  const value = valueAt(payload, ...path);
  return typeof value === 'string' ? value : '';
}

interface RunEvent {
  readonly repository: string;
  readonly eventName: string;
  readonly sha: string;
  readonly ref: string;
  readonly payload: unknown;
}

/** The commit that `revision: auto` means. */
function runCommit(event: RunEvent): Commit {
  if (event.eventName === 'workflow_run') return workflowRunCommit(event);
  if (event.eventName.startsWith('pull_request') || event.ref.startsWith('refs/pull/')) {
    return pullRequestCommit(event);
  }
  if (event.sha === '' || event.ref === '') {
    return none('GITHUB_SHA or GITHUB_REF is not set, as outside of GitHub Actions');
  }
  if (valueAt(event.payload, 'deleted') === true) return none(`${event.ref} was deleted`);
  return commit(event, event.sha, event.ref);
}

/** GITHUB_SHA is the default branch here; the run that was waited for had another commit. */
function workflowRunCommit(event: RunEvent): Commit {
  const run = valueAt(event.payload, 'workflow_run');
  const head = textAt(run, 'head_repository', 'full_name');
  const branch = textAt(run, 'head_branch');
  const sha = textAt(run, 'head_sha');
  if (sha === '' || branch === '')
    return none('the payload of workflow_run names no commit and branch');
  if (event.repository === '' || head.toLowerCase() !== event.repository.toLowerCase()) {
    return none(`the workflow run was of another repository (${head || 'not named'})`);
  }
  return commit(event, sha, `refs/heads/${branch}`);
}

/** Only a merged pull request has put a commit on a branch that is deployed. */
function pullRequestCommit(event: RunEvent): Commit {
  const pull = valueAt(event.payload, 'pull_request');
  const closed =
    /^pull_request(?:_target)?$/.test(event.eventName) &&
    textAt(event.payload, 'action') === 'closed' &&
    valueAt(pull, 'merged') === true;
  if (!closed)
    return none(`the commit of a ${event.eventName} event is not on a branch that is deployed`);
  const sha = textAt(pull, 'merge_commit_sha');
  const base = textAt(pull, 'base', 'ref');
  if (sha === '' || base === '')
    return none('the payload of the merged pull request names no commit and branch');
  return commit(event, sha, `refs/heads/${base}`);
}

function commit(event: RunEvent, sha: string, ref: string): Commit {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(sha))
    return none(`${JSON.stringify(sha)} is not a commit SHA`);
  if (/^0+$/.test(sha)) return none(`${ref} was deleted`);
  return {
    kind: 'commit',
    sha: sha.toLowerCase(),
    ref,
    defaultBranch: textAt(event.payload, 'repository', 'default_branch'),
  };
}

function none(why: string): Commit {
  return { kind: 'none', why };
}
