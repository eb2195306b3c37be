import { BlockList, isIP } from 'node:net';
import { TerminalError } from '../platform/errors.js';
import { isLoopback } from '../platform/urls.js';
import type { ConnectionDependencies } from './connection.js';

/** Decides, in one place, by which proxy a server is reached; see `tunnel.ts` for the way through it. */

type Environment = ConnectionDependencies['env'];

/** As Go's net/http takes them, and kubectl with it. */
const SCHEMES = /^(https?|socks[45]?[ah]?):$/;

/**
 * The proxy that the environment names for a server, as kubectl decides it: HTTPS_PROXY for https,
 * HTTP_PROXY for http, unless NO_PROXY lists the server or it is this machine.
 * @throws TerminalError `invalid-input` where what the environment names is not a proxy's URL
 */
export function proxyFromEnvironment(server: URL, env: Environment): URL | undefined {
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = variable(env, name);
  if (value === '' || isLoopback(server.hostname)) return undefined;
  if (isExcluded(server, variable(env, 'NO_PROXY'))) return undefined;
  return parseProxy(value) ?? refuse(name, `env:\n  ${name}: ${EXAMPLE}`);
}

/**
 * The proxy that a kubeconfig names for a cluster.
 * @throws TerminalError `invalid-input` where it is not a URL with the scheme of a proxy
 */
export function proxyOfKubeconfig(value: string): URL {
  const proxy = /^[a-z0-9]+:\/\//i.test(value) ? parseProxy(value) : undefined;
  return proxy ?? refuse('proxy-url of the kubeconfig', `proxy-url: ${EXAMPLE}`);
}

const EXAMPLE = 'http://proxy.example.com:3128';

/** The value is not quoted, as it may contain a password. */
function refuse(what: string, remedy: string): never {
  throw new TerminalError('invalid-input', `${what} must be a URL like ${EXAMPLE}.`, remedy);
}

/** The upper-case name goes first, as in Go. */
function variable(env: Environment, name: string): string {
  return (env[name] || env[name.toLowerCase()] || '').trim();
}

/** A proxy without a scheme is an http one. */
function parseProxy(value: string): URL | undefined {
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  return url !== null && SCHEMES.test(url.protocol) && url.hostname !== '' ? url : undefined;
}

/** Tells what proxies of the environment have for a login. */
export function maskProxies(env: Environment, mask: (secret: string) => void): void {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    const proxy = parseProxy(env[name] ?? '');
    if (proxy) maskLogin(proxy, mask);
  }
}

/** A proxy's URL may contain a password. */
export function maskLogin(proxy: URL, mask: (secret: string) => void): void {
  if (proxy.password === '') return;
  const login = loginOf(proxy);
  const secrets = [proxy.password, decoded(proxy.password), login, base64(login)];
  for (const secret of new Set(secrets)) mask(secret);
}

/** `USER:PASSWORD`; empty where the proxy asks for none. */
export function loginOf({ username, password }: URL): string {
  return username === '' && password === '' ? '' : `${decoded(username)}:${decoded(password)}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address as NO_PROXY is compared with it. */
interface Address {
  /** In lower case, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: string;
  /** 0: a name. */
  readonly family: number;
}

/**
 * Whether NO_PROXY lists a server, by the rules of golang.org/x/net/http/httpproxy: `*`, addresses
 * and networks (`10.0.0.0/8`), `example.com` with its subdomains, `.example.com` or
 * `*.example.com` for the subdomains alone, each but a network with a port or without.
 */
function isExcluded({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = withoutBrackets(hostname.toLowerCase());
  const defaultPort = protocol === 'https:' ? '443' : '80';
  const address = { host, port: port || defaultPort, family: isIP(host) };
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, address));
}

function matches(entry: string, address: Address): boolean {
  if (entry === '*') return true;
  const [network = '', prefix] = entry.split('/', 2);
  if (prefix !== undefined && isIP(network)) return isWithin(network, prefix, address);
  const { host, port } = splitPort(entry);
  if (host === '' || (port !== '' && port !== address.port)) return false;
  if (isIP(host)) return isWithin(host, isIP(host) === 4 ? '32' : '128', address);
  if (address.family !== 0) return false;
  const suffix = host.startsWith('*.') ? host.slice(1) : host;
  if (suffix.startsWith('.')) return address.host.endsWith(suffix);
  return address.host === suffix || address.host.endsWith(`.${suffix}`);
}

function isWithin(network: string, prefix: string, { host, family }: Address): boolean {
  const bits = isIP(network) === 4 ? 32 : 128;
  if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), bits === 32 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** `host:port` or `[address]:port`; an IPv6 address by itself has colons of its own. */
function splitPort(entry: string): { readonly host: string; readonly port: string } {
  if (isIP(entry)) return { host: entry, port: '' };
  const colon = entry.lastIndexOf(':');
  if (colon < 0 || entry.endsWith(']')) return { host: withoutBrackets(entry), port: '' };
  return { host: withoutBrackets(entry.slice(0, colon)), port: entry.slice(colon + 1) };
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
