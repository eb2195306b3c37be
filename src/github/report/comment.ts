import { type Json, list, record, text } from '../../http/json.js';
import { GithubRefusal, type GithubRest, repositoryPath } from '../rest.js';

const PAGE = 100;
/** Of comments: whatever stands behind the first thousand is not looked for. */
const PAGES = 10;

/** A comment that is to be there once, on the pull request of a commit. */
export interface OneComment {
  /** `owner/name` */
  readonly repository: string;
  readonly commit: string;
  /** How it begins, in every run. */
  readonly marker: string;
  readonly body: string;
}

/**
 * Writes a comment, or renews the one of an earlier run.
 * @returns number of the pull request; undefined: the commit has none
 * @throws GithubRefusal, TransientError, TerminalError
 */
export async function writeComment(
  rest: GithubRest,
  { repository, commit, marker, body }: OneComment,
  signal: AbortSignal,
): Promise<number | undefined> {
  const path = repositoryPath(repository);
  const query = { per_page: String(PAGE) };
  const pulls = await rest.get(`${path}/commits/${commit}/pulls`, query, signal, 'list');
  const number = pullOf(list(pulls).map(record), repository, commit);
  if (number === undefined) return undefined;
  const known = await earlier(rest, `${path}/issues/${number}/comments`, marker, signal);
  if (known === undefined) await rest.create(`${path}/issues/${number}/comments`, { body }, signal);
  else await rest.set('PATCH', `${path}/issues/comments/${known}`, { body }, signal);
  return number;
}

/** The one whose merge made the commit, else one that was merged with it, else an open one. */
function pullOf(pulls: readonly Json[], repository: string, commit: string): number | undefined {
  const here = pulls.filter(({ base }) => {
    const { full_name: name } = record(record(base).repo);
    return text(name).toLowerCase() === repository.toLowerCase();
  });
  const pull =
    here.find((each) => text(each.merge_commit_sha) === commit && text(each.merged_at) !== '') ??
    here.find((each) => text(each.merged_at) !== '') ??
    here.find((each) => text(each.state) === 'open');
  return idOf(pull?.number);
}

function idOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) : undefined;
}

async function earlier(
  rest: GithubRest,
  path: string,
  marker: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  let login: string | undefined;
  for (let page = 1; page <= PAGES; page += 1) {
    const query = { per_page: String(PAGE), page: String(page) };
    const comments = list(await rest.get(path, query, signal, 'list')).map(record);
    for (const comment of comments.filter((each) => text(each.body).startsWith(marker))) {
      const author = record(comment.user);
      // Anybody may copy the marker: what a person wrote is renewed by that person's token only.
      const isBot = author.type === 'Bot';
      if (!isBot) login ??= await ownLogin(rest, signal);
      if (isBot || text(author.login) === login) return idOf(comment.id);
    }
    if (comments.length < PAGE) return undefined;
  }
  return undefined;
}

/** Whose token it is; empty: no person's, but an app's or a job's. */
async function ownLogin(rest: GithubRest, signal: AbortSignal): Promise<string> {
  try {
    return text(record(await rest.get('/user', {}, signal)).login);
  } catch (thrown) {
    if (thrown instanceof GithubRefusal) return '';
    throw thrown;
  }
}
