import { parseApplication } from '../core/application/parse.js';
import type { OidcTokens } from '../github/oidc.js';
import type { Connection } from '../http/connection.js';
import type { Inputs } from '../inputs/types.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { TerminalError } from '../platform/errors.js';
import { selectionOf } from '../wait/selection.js';
import { connect, kubernetesSource } from './kubernetes/index.js';
import type { Source } from './source.js';

/** What a source needs beside its inputs. */
export type SourceDependencies = Pick<RunDependencies, 'env' | 'console' | 'clock' | 'random'>;

/** A source, and what explains its credentials. */
export interface Opened {
  readonly source: Source;
  /** What to tell a user whose credentials were refused; empty where there is nothing to add. */
  readonly credentials: () => string;
  /** To the Argo CD API, for what the source does not tell; absent: there is none. */
  readonly argocd?: Connection;
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
  const { argocdSource } = await import('./argocd/index.js');
  const argocd = await openArgocdApi(inputs, dependencies);
  if (!argocd) throw new TerminalError('invalid-input', 'source: argocd needs argocd-token');
  return {
    source: argocdSource({ connection: argocd, ...partsOf(inputs, dependencies) }),
    credentials: () => '',
    argocd,
  };
}

/** The connection to the Argo CD API that the inputs give, if any; contacts nothing yet. */
export async function openArgocdApi(
  inputs: Inputs,
  { env, console }: SourceDependencies,
): Promise<Connection | undefined> {
  const { argocdServer: server, argocdToken: token, access } = inputs;
  if (server === '' || token === '') return undefined;
  const { connectArgocd, besideCluster } = await import('./argocd/connect.js');
  const trust = inputs.source === 'argocd' ? access : await besideCluster(access);
  const mask = (secret: string) => console.mask(secret);
  return connectArgocd({ server, token, trust }, { env, log: console, mask });
}

async function openCluster(inputs: Inputs, dependencies: SourceDependencies): Promise<Opened> {
  const { env, console } = dependencies;
  const oidc = await oidcOf(inputs, dependencies);
  const connection = await connect(inputs.access, {
    env,
    log: console,
    mask: (secret) => console.mask(secret),
    pluginTimeoutMs: pluginTimeout(inputs.timeoutMs),
    ...(oidc ? { mintToken: oidc.mint } : {}),
  });
  const source = kubernetesSource({ connection, ...partsOf(inputs, dependencies) });
  const argocd = await openArgocdApi(inputs, dependencies);
  return { source, credentials: () => oidc?.describe() ?? '', ...(argocd ? { argocd } : {}) };
}

/** Within the run's own time, so that what a plugin waits for is said before it is over. */
function pluginTimeout(timeoutMs: number): number {
  return Math.min(PLUGIN_MS, Math.max(SHORTEST_PLUGIN_MS, timeoutMs * 0.9));
}

const PLUGIN_MS = 30_000;
/** The last look of a run takes 5 s at most, whatever its timeout is. */
const SHORTEST_PLUGIN_MS = 4_000;

/** What every source needs besides its connection. */
function partsOf(inputs: Inputs, { console, clock, random }: SourceDependencies) {
  const { pollIntervalMs } = inputs;
  const selection = selectionOf(inputs);
  return { selection, clock, random, log: console, parse: parseApplication, pollIntervalMs };
}

async function oidcOf(
  { access }: Inputs,
  { env, clock, console }: SourceDependencies,
): Promise<OidcTokens | undefined> {
  if (access.oidcAudience === '') return undefined;
  const { githubOidc } = await import('../github/oidc.js');
  const { tokenEndpoint } = await import('../github/token-endpoint.js');
  const mask = (secret: string) => console.mask(secret);
  return githubOidc(access.oidcAudience, clock, tokenEndpoint({ env, clock, mask }));
}
