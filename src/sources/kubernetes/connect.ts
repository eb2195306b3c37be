import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Connection, ConnectionDependencies } from '../../http/connection.js';
import {
  bearer,
  checkedServer,
  endpointFor,
  invalid,
  tokenIn,
  trustOf,
} from '../../http/endpoint.js';
import { maskProxies } from '../../http/proxy.js';
import type { Access } from '../../inputs/types.js';
import type { TerminalError } from '../../platform/errors.js';
import { readOthersFile } from '../../platform/files.js';
import { connectByKubeconfig } from './kubeconfig.js';
import { findKubeconfigs } from './kubeconfig-files.js';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds the way into the cluster: `server`, else `kubeconfig`, else `KUBECONFIG`, `~/.kube/config`,
 * else the service account of the pod that this runs in. Contacts nothing.
 * @throws TerminalError `invalid-input`
 */
export async function connect(
  access: Access,
  dependencies: ConnectionDependencies,
): Promise<Connection> {
  const told = { ...dependencies, mask: once(dependencies.mask) };
  maskProxies(dependencies.env, told.mask);
  const connection =
    byServer(access, told) ?? (await byKubeconfig(access, told)) ?? inCluster(access, told);
  if (!connection) throw noAccess(access);
  if (connection.trust.rejectUnauthorized === false) {
    dependencies.log.warning(
      `The certificate of ${connection.name} is not verified (insecure-skip-tls-verify): anyone between the runner and the server can read the credentials.`,
    );
  }
  return connection;
}

/** Credentials are read for every request, but each secret is told once. */
function once(mask: (secret: string) => void): (secret: string) => void {
  const told = new Set<string>();
  return (secret) => {
    if (secret === '' || told.has(secret)) return;
    told.add(secret);
    mask(secret);
  };
}

/** All of it was checked with the inputs. */
function byServer(
  access: Access,
  { mask, mintToken, env }: ConnectionDependencies,
): Connection | undefined {
  const { server, token } = access;
  if (server === '') return undefined;
  mask(token);
  return {
    ...endpointFor(server, env),
    trust: trustOf(access, {}),
    credentials: token === '' ? byMint(mintToken, mask) : () => bearer(token, mask),
  };
}

/** Without any token only a proxy that adds one can be meant. */
function byMint(
  mintToken: ConnectionDependencies['mintToken'],
  mask: ConnectionDependencies['mask'],
): Connection['credentials'] {
  if (!mintToken) return () => ({ headers: {} });
  return async (fresh, signal) => bearer(await mintToken(fresh, signal), mask);
}

async function byKubeconfig(
  access: Access,
  dependencies: ConnectionDependencies,
): Promise<Connection | undefined> {
  const files = await findKubeconfigs(access);
  if (files.length === 0) return undefined;
  return connectByKubeconfig(files, access, dependencies);
}

function inCluster(
  access: Access,
  { env, mask, serviceAccount = SERVICE_ACCOUNT }: ConnectionDependencies,
): Connection | undefined {
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  const tokenFile = join(serviceAccount, 'token');
  const ca = contentOf(join(serviceAccount, 'ca.crt'));
  if (host === '' || ca === '' || access.context !== '') return undefined;
  const address = isIP(host) === 6 ? `[${host}]` : host;
  const server = `https://${address}:${env.KUBERNETES_SERVICE_PORT ?? '443'}`;
  const base = checkedServer(server, 'KUBERNETES_SERVICE_HOST');
  return {
    ...endpointFor(base, env),
    trust: trustOf(access, { ca }),
    credentials: () => bearer(tokenIn(tokenFile), mask),
  };
}

/** Empty where there is no such file. */
function contentOf(path: string): string {
  try {
    return readOthersFile(path);
  } catch {
    return '';
  }
}

function noAccess(access: Access): TerminalError {
  const context = access.context === '' ? '' : ` \`context\` is ${access.context}, but`;
  return invalid(
    `No access to a cluster:${context} neither \`kubeconfig\` nor \`server\` is set, KUBECONFIG is not set, there is no ~/.kube/config, and this is not a pod with a service account. A secret that does not exist, or that this run may not read, is empty.`,
  );
}
