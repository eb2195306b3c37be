import { shared } from '../http/shared.js';
import type { Clock } from '../platform/clock.js';
import { messageOf, TerminalError, TransientError } from '../platform/errors.js';
import { clip, oneLine } from '../report/escape.js';
import type { AskToken } from './token-endpoint.js';

/** Tokens that GitHub mints for this job, to be presented to an API server that trusts them. */
export interface OidcTokens {
  /**
   * A token that does not expire within the next minute.
   * @param fresh the last one was refused: a new one
   * @param signal ends the wait for it
   * @throws TerminalError where the job may not ask for one, TransientError where GitHub does not answer
   */
  mint(fresh: boolean, signal: AbortSignal): Promise<string>;
  /** What the last token says of this job, never the token; empty before there is one. */
  describe(): string;
  /** Those of the last token; undefined before there is one. */
  claims(): Claims | undefined;
}

/**
 * The claims that a server's rules go by; empty where one is missing. Times in seconds since the
 * epoch, NaN where one is missing.
 */
export interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly repository: string;
  readonly repositoryId: string;
  readonly ref: string;
  readonly iat: number;
  readonly exp: number;
}

/** Renewed so long before the end: a request must not arrive with a token that has just expired. */
const MARGIN_MS = 60_000;

/**
 * @param ask GitHub's token endpoint; undefined: this job may not ask it
 * @param why a token is needed, for the message where the job may not ask
 */
export function githubOidc(
  audience: string,
  clock: Pick<Clock, 'now'>,
  ask: AskToken | undefined,
  why = `oidc-audience is "${audience}"`,
): OidcTokens {
  let last: { readonly token: string; readonly until: number } | undefined;
  let claims: Claims | undefined;

  const renewed = shared(async (signal) => {
    if (!ask) throw notPermitted(why);
    // Its life is counted from before it was asked for.
    const asked = clock.now().elapsed;
    const token = await ask(audience, signal).catch((thrown: unknown) => {
      if (thrown instanceof TerminalError) throw thrown;
      throw new TransientError(
        `GitHub gave no OIDC token: ${clip(oneLine(messageOf(thrown)), 300)}`,
      );
    });
    claims = githubClaims(token);
    last = { token, until: asked + lifeOf(claims) - MARGIN_MS };
    return token;
  });

  return {
    async mint(fresh, signal) {
      if (fresh) last = undefined;
      return last && clock.now().elapsed < last.until ? last.token : renewed(signal);
    },
    describe: () => (claims ? described(claims) : ''),
    claims: () => claims,
  };
}

/** By the token's own times: the runner's clock need not agree with GitHub's. */
function lifeOf({ exp, iat }: Claims): number {
  const seconds = exp - iat;
  // An unknown life (NaN) counts as zero: such a token is good for one request.
  return seconds > 0 ? seconds * 1000 : 0;
}

function described({ aud, sub, repository, ref, exp }: Claims): string {
  const shown = (claim: string) => claim.slice(0, SHOWN_LETTERS) || '(none)';
  return `The token says aud ${shown(aud)}, sub ${shown(sub)}, repository ${shown(repository)}, ref ${shown(ref)}, exp ${timeShown(exp)}. The API server refuses a token of another audience, one that a claim validation rule does not let in, and one that has expired; its log says which.`;
}

const SHOWN_LETTERS = 200;
/** A real token has some 2 KB. */
const LONGEST_CLAIM = 1024;

/** @param seconds since the epoch, or NaN */
export function timeShown(seconds: number): string {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : 'unknown';
}

function githubClaims(token: string): Claims {
  const claims = claimsOf(token);
  const text = (name: string) => String(claims[name] ?? '').slice(0, LONGEST_CLAIM);
  const time = (name: string) => {
    const seconds = Number(claims[name] ?? Number.NaN);
    return Math.abs(seconds) <= LAST_SECOND ? seconds : Number.NaN;
  };
  return {
    iss: text('iss'),
    aud: text('aud'),
    sub: text('sub'),
    repository: text('repository'),
    repositoryId: text('repository_id'),
    ref: text('ref'),
    iat: time('iat'),
    exp: time('exp'),
  };
}

/** Of JavaScript's calendar. */
const LAST_SECOND = 8.64e12;

/** The claims of a token, which is not verified here; none where it is no JWT. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function notPermitted(why: string): TerminalError {
  return new TerminalError(
    'invalid-input',
    `${why}, but this job may not ask GitHub for an OIDC token.`,
    `Allow it in the job or the workflow (a pull request from a fork never may):
permissions:
  contents: read
  id-token: write`,
  );
}
