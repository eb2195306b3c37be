import { type Answer, isSuccess, jsonOf, sayingOf, withoutQuery } from '../http/answers.js';
import { record, text } from '../http/json.js';
import { messageOf } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import { askGithub, type GithubParts } from './connection.js';
import { isRateLimit, repositoryPath } from './rest.js';

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

export interface CommitsOptions extends GithubParts {
  /** Empty: nothing is asked. */
  readonly token: string;
  readonly apiUrl: string;
  readonly log: Log;
}

/** What GitHub said to a question. */
type Told = { readonly kind: 'told'; readonly body: unknown } | { readonly kind: 'no' | 'later' };

/** Of a page that lies behind the last: what is asked for stands outside of the pages. */
const NO_PAGE = { per_page: '1', page: '2' };

const UNABLE = 'Cannot compare commits without github-token: waiting for the revision itself.';

/** The compare and commits APIs of GitHub, or of a GitHub Enterprise Server at `apiUrl`. */
export function githubCommits(options: CommitsOptions): Commits {
  const { token, log } = options;
  const ask = remembering(questions(options));
  // Thousands of Applications may ask.
  let unableTold = false;
  return {
    async contains(repository, target, deployed, signal) {
      if (token === '') {
        if (!unableTold) log.debug(UNABLE);
        unableTold = true;
        return false;
      }
      const what = `compare ${target.slice(0, 8)} with ${deployed.slice(0, 8)} in ${repository}`;
      const path = `${repositoryPath(repository)}/compare/${target}...${deployed}`;
      const told = await ask(what, path, signal);
      if (told.kind !== 'told') return told.kind === 'later' ? undefined : false;
      const status = text(record(told.body).status);
      log.debug(`${what}: ${status.slice(0, 20)}`);
      return status === 'ahead' || status === 'identical';
    },
    async resolve(repository, ref, signal) {
      if (token === '') return '';
      const path = `${repositoryPath(repository)}/commits/${encodeURIComponent(ref)}`;
      const told = await ask(`resolve ${ref} in ${repository}`, path, signal);
      if (told.kind !== 'told') return told.kind === 'later' ? undefined : '';
      return text(record(told.body).sha);
    },
    async tagged(repository, sha, signal) {
      if (token === '') return '';
      const path = `${repositoryPath(repository)}/git/tags/${encodeURIComponent(sha)}`;
      const what = `look up the tag ${sha.slice(0, 8)} in ${repository}`;
      const told = await ask(what, path, signal, MOST_OFTEN_ABSENT);
      if (told.kind !== 'told') return told.kind === 'later' ? undefined : '';
      // A tag may name another tag, a tree or a blob: none of these can be deployed.
      const { type, sha: commit } = record(record(told.body).object);
      return type === 'commit' ? text(commit) : '';
    },
  };
}

/** What is not found is the common case: a revision is a commit, not the object of a tag. */
const MOST_OFTEN_ABSENT = 'most often absent';

/** Hundreds of Applications have the same question; of an answer that may change it is asked again. */
function remembering(ask: Ask): Ask {
  const known = new Map<string, Promise<Told>>();
  return (what, path, ...more) => {
    const told = known.get(path) ?? ask(what, path, ...more);
    known.set(path, told);
    void told.then(({ kind }) => kind === 'later' && known.delete(path));
    return told;
  };
}

type Ask = ReturnType<typeof questions>;

/** Asks, and says once in the log why there is no answer. */
function questions({ token, apiUrl, log, ...parts }: CommitsOptions) {
  const said = new Set<string>();
  const say = (line: string) => {
    if (!said.has(line)) log.info(line);
    said.add(line);
  };
  return async (
    what: string,
    path: string,
    signal: AbortSignal,
    absence?: typeof MOST_OFTEN_ABSENT,
  ): Promise<Told> => {
    const request = { path, query: NO_PAGE, accept: 'application/vnd.github+json' };
    try {
      const answer = await askGithub(apiUrl, `token ${token}`, request, parts, signal);
      if (isSuccess(answer)) {
        return { kind: 'told', body: jsonOf(answer, 'GitHub', 'is it GitHub that answers?') };
      }
      if (!absence || answer.status !== 404) say(refusal(what, answer));
      return { kind: isFinal(answer) ? 'no' : 'later' };
    } catch (thrown) {
      if (!signal.aborted) {
        say(
          `Could not ${what} now (${messageOf(thrown)}). Waiting for the revision itself, and asking again later.`,
        );
      }
      return { kind: 'later' };
    }
  };
}

/** Asking again does not help: no such commit, or no right to see it. */
function isFinal(answer: Answer): boolean {
  return !isRateLimit(answer) && answer.status < 500;
}

function refusal(what: string, answer: Answer): string {
  if (isRateLimit(answer)) {
    return `Could not ${what}: GitHub's rate limit for this token is used up. Waiting for the revision itself, and asking again later.`;
  }
  if (answer.status >= 300 && answer.status < 400) {
    return `Could not ${what}: GitHub sends elsewhere (${withoutQuery(answer.location)}), as for a repository that was renamed. Redirects are not followed: use the repository's present name in the Application. Waiting for the revision itself.`;
  }
  switch (answer.status) {
    case 401:
      return `Could not ${what}: github-token is not valid. Waiting for the revision itself.`;
    case 403:
    case 404:
    case 422:
      return `Could not ${what}: no such commit, or github-token may not read the repository (permissions: contents: read). Waiting for the revision itself.`;
    default:
      return `Could not ${what} now (${answer.status}: ${sayingOf(answer)}). Waiting for the revision itself, and asking again later.`;
  }
}
