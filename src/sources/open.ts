import { parseApplication } from '../core/application/parse.js';
import type { OidcTokens } from '../github/oidc.js';
import type { Inputs } from '../inputs/types.js';
import type { Clock } from '../platform/clock.js';
import type { Console } from '../report/console.js';
import { selectionOf } from '../wait/selection.js';
import { connect, kubernetesSource } from './kubernetes/index.js';
import type { Source } from './source.js';

/** What opening a source needs from the run. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly console: Console;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A source, and what explains its credentials. */
export interface Opened {
  readonly source: Source;
  /** What to tell a user whose credentials were refused; empty where there is nothing to add. */
  readonly credentials: () => string;
}

/**
 * Finds the way to the Applications; contacts nothing yet.
 * @throws TerminalError `invalid-input`
 */
export async function openSource(inputs: Inputs, world: Surroundings): Promise<Opened> {
  return inputs.source === 'argocd' ? openArgocd(inputs, world) : openCluster(inputs, world);
}

async function openArgocd(inputs: Inputs, world: Surroundings): Promise<Opened> {
  const { argocdServer: server, argocdToken: token, access: trust } = inputs;
  const { env, console } = world;
  const { argocdSource, connectArgocd } = await import('./argocd/index.js');
  const mask = (secret: string) => console.mask(secret);
  const connection = connectArgocd({ server, token, trust }, { env, log: console, mask });
  return {
    source: argocdSource({ connection, ...partsOf(inputs, world) }),
    credentials: () => '',
  };
}

async function openCluster(inputs: Inputs, world: Surroundings): Promise<Opened> {
  const { env, console } = world;
  const oidc = await oidcOf(inputs, world);
  const connection = await connect(inputs.access, {
    env,
    log: console,
    mask: (secret) => console.mask(secret),
    ...(oidc ? { mintToken: (fresh: boolean) => oidc.mint(fresh) } : {}),
  });
  const source = kubernetesSource({ connection, ...partsOf(inputs, world) });
  return { source, credentials: () => oidc?.describe() ?? '' };
}

/** What every source needs besides its connection. */
function partsOf(inputs: Inputs, { console, clock, random }: Surroundings) {
  const { pollIntervalMs } = inputs;
  const selection = selectionOf(inputs);
  return { selection, clock, random, log: console, parse: parseApplication, pollIntervalMs };
}

async function oidcOf(
  { access }: Inputs,
  { env, clock }: Surroundings,
): Promise<OidcTokens | undefined> {
  if (access.oidcAudience === '') return undefined;
  const { githubOidc } = await import('../github/oidc.js');
  const mayAsk = Boolean(
    env['ACTIONS_ID_TOKEN_REQUEST_URL'] && env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
  );
  const ask = async (audience: string) => (await import('@actions/core')).getIDToken(audience);
  return githubOidc(access.oidcAudience, clock, ask, mayAsk);
}
