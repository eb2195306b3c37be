import type { Connection, Surroundings } from '../../http/connection.js';
import { bearer, reach, trustOf } from '../../http/endpoint.js';
import { maskProxies } from '../../http/proxy.js';
import type { Access } from '../../inputs/types.js';

export interface ArgocdAccess {
  /** URL of the Argo CD server, possibly with a path (`--rootpath`); no slash at the end. */
  readonly server: string;
  readonly token: string;
  readonly trust: Pick<Access, 'certificateAuthority' | 'insecureSkipTlsVerify'>;
}

/** The way to an Argo CD API server; contacts nothing. */
export function connectArgocd(
  { server, token, trust }: ArgocdAccess,
  { env, log, mask }: Pick<Surroundings, 'env' | 'log' | 'mask'>,
): Connection {
  maskProxies(env, mask);
  const credentials = bearer(token, mask);
  const here = reach(server, env, 'the Argo CD server');
  if (trust.insecureSkipTlsVerify) {
    log.warning(
      `The certificate of ${here.name} is not verified (insecure-skip-tls-verify): anyone between the runner and the server can read the token.`,
    );
  }
  return {
    ...here,
    trust: trustOf(trust, {}),
    credentials: async () => credentials,
  };
}

/** Beside a cluster, the given bundle is that of the cluster: the system's authorities count too. */
export async function besideCluster(trust: ArgocdAccess['trust']): Promise<ArgocdAccess['trust']> {
  const { certificateAuthority: given } = trust;
  if (given === '') return trust;
  const { getCACertificates } = await import('node:tls');
  return { ...trust, certificateAuthority: [given, ...getCACertificates('default')].join('\n') };
}
