import type { Answer } from '../http/answers.js';
import type { Connection, ConnectionDependencies, Credentials } from '../http/connection.js';
import { withDeadline } from '../http/deadline.js';
import { endpointFor } from '../http/endpoint.js';
import { LIMITS } from '../http/limits.js';
import { type Request, TIMEOUTS, transport } from '../http/transport.js';
import type { Clock } from '../platform/clock.js';
import { TransientError } from '../platform/errors.js';

/** What GitHub is asked by. */
export interface GithubParts {
  /** The process's environment: proxies. */
  readonly env: ConnectionDependencies['env'];
  readonly clock: Clock;
}

const MIB = 1024 * 1024;
/** All but comments is small: a commit has 3,000 files at most, and none is asked for. */
const GITHUB_LIMITS = { ...LIMITS, answer: 4 * MIB };
/** For one answer from the first step to its last byte, in milliseconds. */
const DEADLINE_MS = 30_000;

/** Ages are computed by the clock of the cluster, and GitHub's need not agree with it. */
const NOT_OF_THE_CLUSTER: Pick<Clock, 'observeDate'> = { observeDate: () => undefined };

/** A host of GitHub's, over the same transport as a cluster: its proxies, its verification. */
export interface GithubConnection {
  /**
   * One request; redirects are not followed.
   * @throws TerminalError or TransientError where there is no answer
   */
  ask(request: Request, signal: AbortSignal): Promise<Answer>;
  /** Ends its connections. */
  close(): void;
}

/**
 * Made with the first request: what keeps it from being made fails that one, and not the run.
 * @param base the host's URL, possibly with a path
 */
export function githubConnection(
  base: string,
  authorization: string,
  { env, clock }: GithubParts,
): GithubConnection {
  const credentials: Credentials = { headers: { authorization } };
  const open = () => {
    const here = endpointFor(base, env, 'GitHub');
    const known = { trust: {}, takesAuthority: false } as const;
    const connection: Connection = { ...here, ...known, credentials: () => credentials };
    const own = { ...clock, ...NOT_OF_THE_CLUSTER };
    return { name: here.name, pool: transport(connection, own, TIMEOUTS, GITHUB_LIMITS) };
  };
  let opened: ReturnType<typeof open> | undefined;
  return {
    async ask(request, signal) {
      opened ??= open();
      const { name, pool } = opened;
      const late = () => new TransientError(`${name}: no answer for ${DEADLINE_MS / 1000} s.`);
      const deadline = { clock, ms: DEADLINE_MS, late };
      return withDeadline(deadline, signal, (life) => pool.send(request, life));
    },
    close: () => opened?.pool.close(),
  };
}

/** One request over a connection of its own; see `GithubConnection.ask`. */
export async function askGithub(
  base: string,
  authorization: string,
  request: Request,
  parts: GithubParts,
  signal: AbortSignal,
): Promise<Answer> {
  const connection = githubConnection(base, authorization, parts);
  try {
    return await connection.ask(request, signal);
  } finally {
    connection.close();
  }
}
