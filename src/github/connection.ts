import type { Answer } from '../http/answers.js';
import type { Connection, Credentials, Surroundings } from '../http/connection.js';
import { reach } from '../http/endpoint.js';
import { LIMITS } from '../http/limits.js';
import { type Request, TIMEOUTS, transport } from '../http/transport.js';
import { within } from '../http/within.js';
import type { Clock } from '../platform/clock.js';
import { TransientError } from '../platform/errors.js';

/** What GitHub is asked by. */
export interface GithubParts {
  /** The process's environment: proxies. */
  readonly env: Surroundings['env'];
  readonly clock: Clock;
}

const MIB = 1024 * 1024;
/** Commits and tokens are small: a commit has 3,000 files at most, and none is asked for. */
const GITHUB_LIMITS = { ...LIMITS, answer: 4 * MIB };
/** For one answer from the first step to its last byte, in milliseconds. */
const DEADLINE_MS = 30_000;

/**
 * One request to a host of GitHub's, over the same transport as those to a cluster: its proxies,
 * its verification (NODE_EXTRA_CA_CERTS included), no redirects.
 * @param base the host's URL, possibly with a path
 * @throws TerminalError or TransientError where there is no answer
 */
export async function askGithub(
  base: string,
  authorization: string,
  request: Request,
  { env, clock }: GithubParts,
  signal: AbortSignal,
): Promise<Answer> {
  const credentials: Credentials = { headers: { authorization } };
  const connection: Connection = {
    ...reach(base, env, 'GitHub'),
    trust: {},
    credentials: () => credentials,
  };
  const pool = transport(connection, clock, TIMEOUTS, GITHUB_LIMITS);
  const late = () =>
    new TransientError(`${connection.name}: no answer for ${DEADLINE_MS / 1000} s.`);
  try {
    return await within({ clock, ms: DEADLINE_MS, late }, signal, (life) =>
      pool.send(request, life),
    );
  } finally {
    pool.close();
  }
}
