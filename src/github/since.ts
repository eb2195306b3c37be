import type { Since } from '../core/decision/state.js';
import { withDeadline } from '../http/deadline.js';
import { type Json, list, record, text } from '../http/json.js';
import type { Inputs } from '../inputs/types.js';
import { TransientError } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import { type GithubRestOptions, githubRest, repositoryPath, whyNot } from './rest.js';

/** What came before a wait for changes may take no longer. */
const DEADLINE_MS = 10_000;
/** GitHub's clock and the cluster's need not agree: so much earlier counts as later. */
const MARGIN_MS = 60_000;
/** Their runs have the head of the default branch, whatever commit they are about. */
const OTHER_COMMIT = ['workflow_run', 'repository_dispatch'];
/** Of those that GitHub lists, few are not on the branch itself. */
const RUNS = '30';

/** Whose changes are not known to be reported. */
const UNKNOWN: Since = { revision: '' };

/**
 * The revision up to which changes were reported, as the input `since` names it.
 * @returns undefined where it was not asked for; without a revision where that cannot be told: the
 * log says why
 */
export async function reportedUpTo(
  { reportedUpTo: asked, run, githubToken: token }: Inputs,
  { log, ...parts }: Omit<GithubRestOptions, 'token' | 'apiUrl'> & { readonly log: Log },
  cancelled: AbortSignal,
): Promise<Since | undefined> {
  if (asked?.kind !== 'last-success') return asked && { revision: asked.text };
  const unknown = (why: string) => {
    log.warning(
      `since: could not find the last successful run of this workflow, so all recorded deployments count and evidence is partial: ${why}`,
    );
    return UNKNOWN;
  };
  const workflow = workflowIn(run.workflowRef);
  if (OTHER_COMMIT.includes(run.eventName)) return unknown(headOnly(run.eventName));
  if (token === '') return unknown('github-token is empty.');
  if (!workflow || run.branch === '') return unknown(NOT_IN_A_WORKFLOW);
  const rest = githubRest({ token, apiUrl: run.apiUrl, ...parts });
  const path = `${repositoryPath(workflow.repository)}/actions/workflows/${encodeURIComponent(workflow.file)}/runs`;
  const query = { branch: run.branch, status: 'success', per_page: RUNS };
  const late = () => new TransientError(`GitHub did not answer for ${DEADLINE_MS / 1000} s.`);
  try {
    const answer = await withDeadline(
      { clock: parts.clock, ms: DEADLINE_MS, late },
      cancelled,
      (life) => rest.get(path, query, life),
    );
    const last = list(record(answer).workflow_runs)
      .map(record)
      .find((each) => isAlike(each, run.eventName, workflow.repository));
    const since = last && headOf(last);
    log.info(since ? found(since, run.branch) : none(run.branch));
    return since ?? UNKNOWN;
  } catch (thrown) {
    return cancelled.aborted ? UNKNOWN : unknown(whyNot(thrown, 'actions: read'));
  } finally {
    rest.close();
  }
}

const NOT_IN_A_WORKFLOW =
  'GITHUB_WORKFLOW_REF or GITHUB_REF_NAME is not set, as outside of GitHub Actions.';

function headOnly(event: string): string {
  return `GitHub records the head of the default branch for runs of ${event}, not the commit that they are about. Name the revision instead.`;
}

function found({ revision }: Since, branch: string): string {
  return `since: the last successful run of this workflow on ${branch} was for ${revision}.`;
}

function none(branch: string): string {
  return `since: no run of this workflow on ${branch} has succeeded yet, so all recorded deployments count and evidence is partial.`;
}

/** `owner/name/.github/workflows/file.yml@ref` */
function workflowIn(
  ref: string,
): { readonly repository: string; readonly file: string } | undefined {
  const [, repository, file] = /^([^/@]+\/[^/@]+)\/\.github\/workflows\/([^/@]+)@/.exec(ref) ?? [];
  return repository && file ? { repository, file } : undefined;
}

/**
 * Whether an earlier run was about a commit of the branch as this one is. GitHub lists by the name of
 * the branch alone: also runs for pull requests from it, and from forks that have one of that name.
 */
function isAlike(earlier: Json, event: string, repository: string): boolean {
  const { full_name: home } = record(earlier.head_repository);
  const other = text(earlier.event);
  return (
    !OTHER_COMMIT.includes(other) &&
    other.startsWith('pull_request') === event.startsWith('pull_request') &&
    text(home).toLowerCase() === repository.toLowerCase()
  );
}

/** What was deployed before its push is not later than it, whether it needed a deployment or not. */
function headOf({ head_sha: head, created_at: created }: Json): Since | undefined {
  const revision = text(head);
  if (!/^[0-9a-f]{40,64}$/i.test(revision)) return undefined;
  const time = Date.parse(text(created));
  if (Number.isNaN(time)) return { revision };
  return { revision, from: `${new Date(time - MARGIN_MS).toISOString().slice(0, 19)}Z` };
}
