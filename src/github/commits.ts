import { messageOf } from '../platform/errors.js';
import type { Log } from '../platform/log.js';

/** What the repository's host can tell of commits. */
export interface Commits {
  /**
   * Whether `deployed` contains `target`.
   * @param repository `owner/name`
   * @returns undefined where it cannot be told now; the log says why
   */
  contains(
    repository: string,
    target: string,
    deployed: string,
    signal: AbortSignal,
  ): Promise<boolean | undefined>;
  /**
   * The commit that a tag or branch names.
   * @returns empty where it names none that can be seen, undefined where it cannot be told now; the
   * log says why
   */
  resolve(repository: string, ref: string, signal: AbortSignal): Promise<string | undefined>;
  /**
   * The commit that an annotated tag names.
   * @param sha of the tag object
   * @returns empty where it is no such object, undefined where it cannot be told now; the log says
   * why
   */
  tagged(repository: string, sha: string, signal: AbortSignal): Promise<string | undefined>;
}

/** The compare and commits APIs of GitHub, or of a GitHub Enterprise Server at `apiUrl`. */
export function githubCommits(token: string, apiUrl: string, log: Log): Commits {
  const said = new Set<string>();
  const say = (line: string) => {
    if (!said.has(line)) log.info(line);
    said.add(line);
  };
  // Loaded when there is a question: most runs have none.
  const octokit = async () => {
    const { getOctokit } = await import('@actions/github');
    return getOctokit(token, { baseUrl: apiUrl }).rest;
  };
  return {
    async contains(repository, target, deployed, signal) {
      if (token === '') {
        log.debug('Cannot compare commits without github-token: waiting for the revision itself.');
        return false;
      }
      const what = `compare ${target.slice(0, 8)} with ${deployed.slice(0, 8)} in ${repository}`;
      try {
        const { repos } = await octokit();
        const { data } = await repos.compareCommitsWithBasehead({
          ...partsOf(repository),
          basehead: `${target}...${deployed}`,
          per_page: 1,
          page: 2,
          request: { signal },
        });
        log.debug(`${what}: ${data.status}`);
        return data.status === 'ahead' || data.status === 'identical';
      } catch (thrown) {
        if (!signal.aborted) say(refusal(what, thrown));
        return isFinal(thrown) ? false : undefined;
      }
    },
    async resolve(repository, ref, signal) {
      if (token === '') return '';
      try {
        const { repos } = await octokit();
        const { data } = await repos.getCommit({
          ...partsOf(repository),
          ref,
          per_page: 1,
          page: 2,
          request: { signal },
        });
        return data.sha;
      } catch (thrown) {
        if (!signal.aborted) say(refusal(`resolve ${ref} in ${repository}`, thrown));
        return isFinal(thrown) ? '' : undefined;
      }
    },
    async tagged(repository, sha, signal) {
      if (token === '') return '';
      try {
        const { git } = await octokit();
        const { data } = await git.getTag({
          ...partsOf(repository),
          tag_sha: sha,
          request: { signal },
        });
        // A tag may name another tag, a tree or a blob: none of these can be deployed.
        return data.object.type === 'commit' ? data.object.sha : '';
      } catch (thrown) {
        // Most often it is a commit.
        if (isFinal(thrown)) return '';
        if (!signal.aborted)
          say(refusal(`look the tag ${sha.slice(0, 8)} up in ${repository}`, thrown));
        return undefined;
      }
    },
  };
}

function partsOf(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}

/** Asking again does not help: no such commit, or no right to see it. */
function isFinal(thrown: unknown): boolean {
  const status = statusOf(thrown);
  return !isRateLimit(thrown) && status !== undefined && status >= 400 && status < 500;
}

function refusal(what: string, thrown: unknown): string {
  if (isRateLimit(thrown)) {
    return `Could not ${what}: GitHub's rate limit for this token is used up. Waiting for the revision itself, and asking again later.`;
  }
  switch (statusOf(thrown)) {
    case 401:
      return `Could not ${what}: github-token is not valid. Waiting for the revision itself.`;
    case 403:
    case 404:
    case 422:
      return `Could not ${what}: no such commit, or github-token may not read the repository (permissions: contents: read). Waiting for the revision itself.`;
    default:
      return `Could not ${what} now (${messageOf(thrown)}). Waiting for the revision itself, and asking again later.`;
  }
}

function isRateLimit(thrown: unknown): boolean {
  const status = statusOf(thrown);
  if (status === 429) return true;
  return status === 403 && /rate limit/i.test(messageOf(thrown));
}

function statusOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('status' in thrown)) return undefined;
  return typeof thrown.status === 'number' ? thrown.status : undefined;
}
