import { parseApplication } from '../core/application/parse.js';
import type { OidcTokens } from '../github/oidc.js';
import type { Connection } from '../http/connection.js';
import type { Inputs } from '../inputs/types.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { TerminalError } from '../platform/errors.js';
import { applicationSetNames, selectionOf } from '../wait/selection.js';
import type { ArgocdIdentity } from './argocd/identity.js';
import type { Inspector } from './inspector.js';
import { connect } from './kubernetes/connect.js';
import { kubernetesSource } from './kubernetes/index.js';
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
  /** To the Argo CD API, for what the source does not tell; absent: not connected. */
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
  const api = await openArgocdApi(inputs, dependencies);
  // Checked with the inputs.
  if (!api) throw new TerminalError('invalid-input', 'source: argocd needs argocd-server.');
  const { argocdSource } = await import('./argocd/index.js');
  const source = argocdSource({ ...api, ...partsOf(inputs, dependencies) });
  return {
    source,
    inspector: async () => source.inspector?.(),
    credentials: () => '',
    argocd: api.connection,
  };
}

/**
 * The source for a wait: with `applicationset` it also follows the ApplicationSets. What does so is
 * loaded only then.
 */
export async function sourceToFollow(
  source: Source,
  inputs: Pick<Inputs, 'applicationSets' | 'applicationNamespace' | 'trigger'>,
  { clock, random, console: log }: SourceDependencies,
): Promise<Source> {
  const names = applicationSetNames(inputs);
  if (names.length === 0) return source;
  const { refreshedFirst, withApplicationSets } = await import('./applicationsets.js');
  const { refreshApplicationSet: refresh } = source;
  const isAsked = inputs.trigger === 'refresh' || inputs.trigger === 'hard-refresh';
  if (isAsked && !refresh) log.info(NO_REFRESH);
  const open = async () => {
    const followed = await source.applicationSets(names);
    if (!isAsked || !refresh) return followed;
    return refreshedFirst(followed, { names, refresh, clock, random, log });
  };
  return { ...source, ...withApplicationSets(source, open) };
}

const NO_REFRESH =
  'The API of Argo CD has no request for the generators of an ApplicationSet to run again: only its Applications are refreshed.';

/** Argo CD shows what is in every cluster, the Kubernetes API what is in this one. */
async function inspectorBeside(
  source: Source,
  api: ArgocdApi | undefined,
  inputs: Inputs,
  dependencies: SourceDependencies,
): Promise<Inspector | undefined> {
  if (!api) return source.inspector?.();
  const { argocdSource } = await import('./argocd/index.js');
  return argocdSource({ ...api, ...partsOf(inputs, dependencies) }).inspector?.();
}

/** A way to the API of Argo CD. */
export interface ArgocdApi {
  readonly connection: Connection;
  /** As whom a login without a stored token is known, once it has happened; absent: by a token. */
  readonly identity?: () => ArgocdIdentity | undefined;
}

/**
 * The connection to the API of Argo CD: by `argocd-token`, or by a login with GitHub's OIDC token.
 * Contacts nothing yet.
 * @returns undefined where there is no server, or where it is for links only: with a cluster as
 *   source, neither a token nor a connector is given
 */
export async function openArgocdApi(
  inputs: Pick<Inputs, 'source' | 'access' | 'argocdServer' | 'argocdToken' | 'argocdConnector'>,
  dependencies: Pick<SourceDependencies, 'env' | 'console' | 'clock'>,
): Promise<ArgocdApi | undefined> {
  const { source, argocdServer: server, argocdToken: token, argocdConnector: connector } = inputs;
  const keyless = token === '' && (source === 'argocd' || connector !== '');
  if (server === '' || (token === '' && !keyless)) return undefined;
  const { clock, env, console } = dependencies;
  const mask = (secret: string) => console.mask(secret);
  const connecting = { env, log: console, mask };
  const trust = source === 'argocd' ? inputs.access : besideCluster(inputs.access);
  const { argocdEndpoint, connectArgocd } = await import('./argocd/index.js');
  const authority = takesAuthority(inputs) ? {} : { takesAuthority: false as const };
  if (!keyless) {
    const connection = connectArgocd({ server, token, trust }, connecting);
    return { connection: { ...connection, ...authority } };
  }
  const { argocdLogin } = await import('./argocd/login.js');
  // The audience of a cluster's token is for that cluster: Argo CD must not be able to use it there.
  const given = source === 'argocd' ? inputs.access.oidcAudience : '';
  const oidc = await oidcFor(given || server, dependencies, NO_ARGOCD_TOKEN);
  const endpoint = { ...argocdEndpoint({ server, trust }, connecting), ...authority };
  const login = argocdLogin({ endpoint, oidc, connector, clock, mask });
  return { connection: { ...endpoint, credentials: login.credentials }, identity: login.identity };
}

/** Beside a kubeconfig, or the access of the runner, `certificate-authority` is refused. */
function takesAuthority({ source, access }: Pick<Inputs, 'source' | 'access'>): boolean {
  if (source === 'argocd' || access.server !== '') return true;
  return source === 'event' && !access.kubeconfig;
}

const NO_ARGOCD_TOKEN = 'argocd-token is not given (is its secret set in this repository?)';

/** `certificate-authority` is the cluster's then; Argo CD has that one, or a public one. */
function besideCluster(access: Inputs['access']): Inputs['access'] {
  if (access.certificateAuthority === '') return access;
  const { getCACertificates } = process.getBuiltinModule('node:tls');
  const known = getCACertificates('default').join('\n');
  return { ...access, certificateAuthority: `${access.certificateAuthority}\n${known}` };
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
  const api = await openArgocdApi(inputs, dependencies);
  return {
    source,
    inspector: () => inspectorBeside(source, api, inputs, dependencies),
    credentials: () => oidc?.describe() ?? '',
    ...(api ? { argocd: api.connection } : {}),
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
  dependencies: SourceDependencies,
): Promise<OidcTokens | undefined> {
  return access.oidcAudience === '' ? undefined : oidcFor(access.oidcAudience, dependencies);
}

async function oidcFor(
  audience: string,
  { env, clock, console }: Pick<SourceDependencies, 'env' | 'console' | 'clock'>,
  why?: string,
): Promise<OidcTokens> {
  const { githubOidc } = await import('../github/oidc.js');
  const { tokenEndpoint } = await import('../github/token-endpoint.js');
  const mask = (secret: string) => console.mask(secret);
  return githubOidc(audience, clock, tokenEndpoint({ env, clock, mask }), why);
}
