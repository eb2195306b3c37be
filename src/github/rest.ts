import { type Answer, isSuccess, jsonOf, sayingOf } from '../http/answers.js';
import { withRetries } from '../http/retry.js';
import type { Request } from '../http/transport.js';
import { TransientError } from '../platform/errors.js';
import { type GithubParts, githubConnection } from './connection.js';

/** GitHub refused a request, and would again: no right, no such thing, a rate limit. */
export class GithubRefusal extends Error {
  override readonly name = 'GithubRefusal';
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`${answer.status}: ${sayingOf(answer)}`);
    this.answer = answer;
  }
}

/** Requests with JSON to GitHub's REST API. All throw GithubRefusal, TransientError, TerminalError. */
export interface GithubRest {
  /** @param kind `list`: the answer may be large */
  get(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
    kind?: 'list',
  ): Promise<unknown>;
  /** Sent once: a second one would make a second thing. */
  create(path: string, body: object, signal: AbortSignal): Promise<unknown>;
  /** Sent again where GitHub fails, since a second one changes nothing. */
  set(method: 'POST' | 'PATCH', path: string, body: object, signal: AbortSignal): Promise<unknown>;
  /** Ends its connections. */
  close(): void;
}

export interface GithubRestOptions extends GithubParts {
  readonly token: string;
  /** Of GitHub, or of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  /** In [0, 1). */
  readonly random: () => number;
}

/** GitHub's REST API, or that of a GitHub Enterprise Server at `apiUrl`. */
export function githubRest({ token, apiUrl, random, ...parts }: GithubRestOptions): GithubRest {
  const connection = githubConnection(apiUrl, `token ${token}`, parts);
  const { clock } = parts;
  const send = async (request: Request, signal: AbortSignal) => {
    const answer = await connection.ask({ ...request, accept: ACCEPT }, signal);
    if (isSuccess(answer)) return jsonOf(answer, 'GitHub', 'is it GitHub that answers?');
    if (answer.status < 500) throw new GithubRefusal(answer);
    throw new TransientError(`${answer.status}: ${sayingOf(answer)}`);
  };
  const repeated = (request: Request, signal: AbortSignal) =>
    withRetries(() => send(request, signal), { clock, random }, signal);
  return {
    get: (path, query, signal, kind) =>
      repeated({ path, query, ...(kind ? { kind } : {}) }, signal),
    create: (path, body, signal) => send({ method: 'POST', path, body: json(body) }, signal),
    set: (method, path, body, signal) => repeated({ method, path, body: json(body) }, signal),
    close: () => connection.close(),
  };
}

const ACCEPT = 'application/vnd.github+json';

function json(body: object): NonNullable<Request['body']> {
  return { type: 'application/json', text: JSON.stringify(body) };
}

/** Below the API's base. @param repository `owner/name` */
export function repositoryPath(repository: string): string {
  return `/repos/${repository.split('/').map(encodeURIComponent).join('/')}`;
}

/** Whether GitHub refuses for the number of requests alone, which passes. */
export function isRateLimit(answer: Answer): boolean {
  if (answer.status === 429) return true;
  return answer.status === 403 && /rate limit/i.test(sayingOf(answer));
}

/**
 * Why GitHub did not do something, for a message.
 * @param right that it takes, as under `permissions`: `deployments: write`
 */
export function whyNot(thrown: unknown, right: string): string {
  if (!(thrown instanceof GithubRefusal)) return thrown instanceof Error ? thrown.message : '';
  const { answer, message } = thrown;
  if (isRateLimit(answer)) return "GitHub's rate limit for this token is used up.";
  if (answer.status === 401) return 'github-token is not valid.';
  if (![403, 404].includes(answer.status)) return `GitHub refused it (${message}).`;
  return `github-token is not allowed to (${message}). Grant it in the job or the workflow (a pull request from a fork never gets it):
permissions:
  contents: read
  ${right}`;
}
