import { parseApplication } from '../core/application/parse.js';
import type { OidcTokens } from '../github/oidc.js';
import type { Inputs } from '../inputs/types.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { selectionOf } from '../wait/selection.js';
import { connect, kubernetesSource } from './kubernetes/index.js';
import type { Source } from './source.js';

/** What a source needs beside its inputs. */
export type SourceDependencies = Pick<RunDependencies, 'env' | 'console' | 'clock' | 'random'>;

/** A source, and what it says of the credentials it shows. */
export interface Opened {
  readonly source: Source;
  /** What to tell a user whose credentials were refused; empty where there is nothing to add. */
  readonly credentials: () => string;
}

/**
 * Finds the way to the Applications; contacts nothing yet.
 * @throws TerminalError `invalid-input`
 */
export async function openSource(
  inputs: Inputs,
  dependencies: SourceDependencies,
): Promise<Opened> {
  return inputs.source === 'argocd'
    ? openArgocd(inputs, dependencies)
    : openCluster(inputs, dependencies);
}

async function openArgocd(inputs: Inputs, dependencies: SourceDependencies): Promise<Opened> {
  const { argocdServer: server, argocdToken: token, access: trust } = inputs;
  const { env, console } = dependencies;
  const { argocdSource, connectArgocd } = await import('./argocd/index.js');
  const mask = (secret: string) => console.mask(secret);
  const connection = connectArgocd({ server, token, trust }, { env, log: console, mask });
  return {
    source: argocdSource({ connection, ...partsOf(inputs, dependencies) }),
    credentials: () => '',
  };
}

async function openCluster(inputs: Inputs, dependencies: SourceDependencies): Promise<Opened> {
  const { env, console } = dependencies;
  const oidc = await oidcOf(inputs, dependencies);
  const connection = await connect(inputs.access, {
    env,
    log: console,
    mask: (secret) => console.mask(secret),
    ...(oidc ? { mintToken: (fresh: boolean) => oidc.mint(fresh) } : {}),
  });
  const source = kubernetesSource({ connection, ...partsOf(inputs, dependencies) });
  return { source, credentials: () => oidc?.describe() ?? '' };
}

/** What every source needs beside its connection. */
function partsOf(inputs: Inputs, { console, clock, random }: SourceDependencies) {
  const { pollIntervalMs } = inputs;
  const selection = selectionOf(inputs);
  return { selection, clock, random, log: console, parse: parseApplication, pollIntervalMs };
}

async function oidcOf(
  { access }: Inputs,
  { env, clock }: SourceDependencies,
): Promise<OidcTokens | undefined> {
  if (access.oidcAudience === '') return undefined;
  const { githubOidc } = await import('../github/oidc.js');
  const mayAsk = Boolean(
    env['ACTIONS_ID_TOKEN_REQUEST_URL'] && env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
  );
  const ask = async (audience: string) => (await import('@actions/core')).getIDToken(audience);
  return githubOidc(access.oidcAudience, clock, ask, mayAsk);
}
