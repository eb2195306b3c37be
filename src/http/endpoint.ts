import { X509Certificate } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { Access } from '../inputs/types.js';
import { messageOf, TerminalError } from '../platform/errors.js';
import { readOthersFile } from '../platform/files.js';
import { isLoopback, withoutTrailingSlashes } from '../platform/urls.js';
import type { Connection, ConnectionDependencies, Credentials, Trust } from './connection.js';
import { proxyFromEnvironment } from './proxy.js';

const ACCESS_YAML = `with:
  kubeconfig: \${{ secrets.KUBECONFIG }}
or
with:
  server: https://kubernetes.example.com
  certificate-authority: \${{ vars.CLUSTER_CA }}
  token: \${{ secrets.CLUSTER_TOKEN }}   # or oidc-audience, and no stored secret`;

/** Service account tokens rotate: the file is read for every request. */
export function tokenIn(file: string): string {
  try {
    return readOthersFile(file).trim();
  } catch (thrown) {
    throw invalid(`The token file ${file} cannot be read: ${messageOf(thrown)}.`);
  }
}

export function bearer(token: string, mask: (secret: string) => void): Credentials {
  mask(token);
  return { headers: { authorization: `Bearer ${token}` } };
}

/**
 * The name, base and agents of a server.
 * @param proxy by which it is reached; by default as the environment says
 * @throws TerminalError `invalid-input` for a proxy that the environment names and that is not one
 */
export function endpointFor(
  base: string,
  env: ConnectionDependencies['env'],
  what = 'the Kubernetes API',
  proxy = proxyFromEnvironment(new URL(base), env),
): Pick<Connection, 'name' | 'base' | 'agent' | 'proxy'> {
  const { host, protocol } = new URL(base);
  const secure = protocol === 'https:';
  return {
    name: `${what} at ${host}`,
    base,
    ...(proxy === undefined ? {} : { proxy }),
    async agent() {
      if (proxy !== undefined) return (await import('./tunnel.js')).tunnelAgent(proxy, secure);
      return secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
    },
  };
}

/**
 * @param what the input or field, as messages call it
 * @returns the URL without a slash at the end
 * @throws TerminalError for what is no URL, has credentials in it, or is plain http to another machine
 */
export function checkedServer(server: string, what: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw invalid(`${what} must be a URL like https://kubernetes.example.com.`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw invalid(`${what} must be a bare URL, without credentials, query or fragment.`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw invalid(`${what} is plain http to ${url.host}: credentials would travel in the clear.`);
  }
  return withoutTrailingSlashes(url.href);
}

/** All but a proxy on this machine that adds them, as `kubectl proxy` does: it speaks plain http. */
export function needsCredentials(base: string): boolean {
  return !base.startsWith('http:');
}

/** The inputs go before what a kubeconfig or a pod says, as kubectl's flags do. */
export function trustOf(
  access: Pick<Access, 'certificateAuthority' | 'insecureSkipTlsVerify'>,
  otherwise: Trust,
): Trust {
  const { ca: given, ...rest } = otherwise;
  if (access.insecureSkipTlsVerify) return { ...rest, rejectUnauthorized: false };
  if (access.certificateAuthority !== '') {
    const servername = otherwise.servername ? { servername: otherwise.servername } : {};
    // Checked with the inputs.
    return { ...servername, ca: access.certificateAuthority };
  }
  if (otherwise.rejectUnauthorized === false) return rest;
  return given === undefined ? rest : { ...rest, ca: checkedAuthority(given) };
}

/** Node takes what is no certificate for "no authority at all", and says nothing. */
function checkedAuthority(pem: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch (thrown) {
    throw invalid(
      `The certificate-authority of the kubeconfig (or of the pod) is not a PEM certificate: ${messageOf(thrown)}.`,
    );
  }
}

export function invalid(message: string): TerminalError {
  return new TerminalError('invalid-input', message, ACCESS_YAML);
}
