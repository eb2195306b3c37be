import type { Connection, ConnectionDependencies } from '../../http/connection.js';
import { bearer, endpointFor, trustOf } from '../../http/endpoint.js';
import { maskProxies } from '../../http/proxy.js';
import type { Access } from '../../inputs/types.js';

/** A connection to an Argo CD API server, but for its credentials. */
export type ArgocdEndpoint = Omit<Connection, 'credentials'>;

export interface ArgocdAccess {
  /** URL of the Argo CD server, possibly with a path (`--rootpath`); no slash at the end. */
  readonly server: string;
  readonly token: string;
  readonly trust: Pick<Access, 'certificateAuthority' | 'insecureSkipTlsVerify'>;
}

/** The way to an Argo CD API server, by a token that is given; contacts nothing. */
export function connectArgocd(
  { token, ...access }: ArgocdAccess,
  dependencies: Pick<ConnectionDependencies, 'env' | 'log' | 'mask'>,
): Connection {
  const endpoint = argocdEndpoint(access, dependencies);
  const credentials = bearer(token, dependencies.mask);
  return { ...endpoint, credentials: async () => credentials };
}

/** The way to an Argo CD API server, without saying as whom; contacts nothing. */
export function argocdEndpoint(
  { server, trust }: Pick<ArgocdAccess, 'server' | 'trust'>,
  { env, log, mask }: Pick<ConnectionDependencies, 'env' | 'log' | 'mask'>,
): ArgocdEndpoint {
  maskProxies(env, mask);
  const here = endpointFor(server, env, 'the Argo CD server');
  if (trust.insecureSkipTlsVerify) {
    log.warning(
      `The certificate of ${here.name} is not verified (insecure-skip-tls-verify): anyone between the runner and the server can read the token.`,
    );
  }
  return { ...here, trust: trustOf(trust, {}) };
}
