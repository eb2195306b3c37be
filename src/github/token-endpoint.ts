import { isSuccess, jsonOf, sayingOf } from '../http/answers.js';
import { record, text } from '../http/json.js';
import { TransientError } from '../platform/errors.js';
import { askGithub, type GithubParts } from './connection.js';

/** Mints a token for an audience. */
export type AskToken = (audience: string, signal: AbortSignal) => Promise<string>;

export interface TokenEndpointOptions extends GithubParts {
  /** Is told the request token, and each token, before anything can print it. */
  readonly mask: (secret: string) => void;
}

/**
 * GitHub's token endpoint, where the runner lets this job ask it (`permissions: id-token: write`).
 * @returns undefined: it does not
 */
export function tokenEndpoint({ mask, ...parts }: TokenEndpointOptions): AskToken | undefined {
  const url = URL.parse(parts.env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '');
  const requestToken = parts.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '';
  if (url === null || requestToken === '') return undefined;
  mask(requestToken);
  return async (audience, signal) => {
    const query = { ...Object.fromEntries(url.searchParams), audience };
    const request = { path: url.pathname, query };
    const authorization = `Bearer ${requestToken}`;
    const answer = await askGithub(url.origin, authorization, request, parts, signal);
    if (!isSuccess(answer)) throw new TransientError(`${answer.status}: ${sayingOf(answer)}`);
    const token = text(record(jsonOf(answer, 'GitHub', 'is it GitHub that answers?')).value);
    if (token === '') throw new TransientError('the answer has no value');
    mask(token);
    return token;
  };
}
