import { parseApplication } from '../core/application/parse.js';
import type { OidcTokens } from '../github/oidc.js';
import type { Inputs } from '../inputs/types.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { selectionOf } from '../wait/selection.js';
import type { Inspector } from './inspector.js';
import { connect, kubernetesSource } from './kubernetes/index.js';
import type { Source } from './source.js';

/** What a source needs beside its inputs. */
export type SourceDependencies = Pick<RunDependencies, 'env' | 'console' | 'clock' | 'random'>;

/** A source, and what explains its credentials. */
export interface Opened {
  readonly source: Source;
  /** Looks within Applications; contacts nothing before it is asked. */
  readonly inspector: () => Promise<Inspector | undefined>;
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
  const source = await argocdBy(inputs, dependencies);
  return { source, inspector: async () => source.inspector?.(), credentials: () => '' };
}

async function argocdBy(inputs: Inputs, dependencies: SourceDependencies): Promise<Source> {
  const { argocdServer: server, argocdToken: token, access: trust } = inputs;
  const { env, console } = dependencies;
  const { argocdSource, connectArgocd } = await import('./argocd/index.js');
  const mask = (secret: string) => console.mask(secret);
  const connection = connectArgocd({ server, token, trust }, { env, log: console, mask });
  return argocdSource({ connection, ...partsOf(inputs, dependencies) });
}

/** Argo CD shows what is in every cluster, the Kubernetes API what is in this one. */
async function inspectorBeside(
  source: Source,
  inputs: Inputs,
  dependencies: SourceDependencies,
): Promise<Inspector | undefined> {
  const connected = inputs.argocdServer !== '' && inputs.argocdToken !== '';
  const best = connected ? await argocdBy(inputs, dependencies) : source;
  return best.inspector?.();
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
  return {
    source,
    inspector: () => inspectorBeside(source, inputs, dependencies),
    credentials: () => oidc?.describe() ?? '',
  };
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
