import type { Clock } from './clock.js';
import { parseApplication } from './core/application.js';
import { githubOidc, type OidcTokens } from './github/oidc.js';
import type { Inputs } from './inputs.js';
import type { Console } from './report/console.js';
import { selectionOf } from './selection.js';
import { connect, kubernetesSource } from './sources/kubernetes/index.js';
import type { Source } from './sources/source.js';

/** What opening a source needs of the world. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly console: Console;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A source, and what it says of the credentials it shows. */
export interface Opened {
  readonly source: Source;
  /** What to tell a user whose credentials were refused; empty where there is nothing to add. */
  readonly credentials: () => string;
}

/**
 * Finds the way to the Applications; contacts nothing yet.
 * @throws FinalError `invalid-input`
 */
export async function openSource(inputs: Inputs, world: Surroundings): Promise<Opened> {
  const { env, console, clock, random } = world;
  const oidc = oidcOf(inputs, world);
  const connection = await connect(inputs.access, {
    env,
    log: console,
    mask: (secret) => console.mask(secret),
    ...(oidc ? { mintToken: (fresh: boolean) => oidc.mint(fresh) } : {}),
  });
  const source = kubernetesSource({
    connection,
    selection: selectionOf(inputs),
    clock,
    log: console,
    parse: parseApplication,
    pollIntervalMs: inputs.pollIntervalMs,
    random,
  });
  return { source, credentials: () => oidc?.describe() ?? '' };
}

function oidcOf({ access }: Inputs, { env, clock }: Surroundings): OidcTokens | undefined {
  if (access.oidcAudience === '') return undefined;
  const mayAsk = Boolean(
    env['ACTIONS_ID_TOKEN_REQUEST_URL'] && env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
  );
  const ask = async (audience: string) => (await import('@actions/core')).getIDToken(audience);
  return githubOidc(access.oidcAudience, clock, ask, mayAsk);
}
