import { ALIASES } from '../../core/filters/yaml-nodes.js';
import type { Connection, Credentials, Surroundings } from '../../http/connection.js';
import { bearer, checkedServer, invalid, reach, tokenIn, trustOf } from '../../http/endpoint.js';
import { type Json, list, record, text } from '../../http/json.js';
import { maskLogin, proxyOfKubeconfig } from '../../http/proxy.js';
import type { Access } from '../../inputs/types.js';
import { type Entry, maskKey, pem, resolved } from './kubeconfig-entry.js';
import type { KubeconfigText } from './kubeconfig-files.js';

interface Kubeconfig {
  readonly clusters: readonly Entry[];
  readonly users: readonly Entry[];
  readonly contexts: readonly Entry[];
  readonly currentContext: string;
}

/**
 * The connection that a context of kubeconfigs describes. Certificates, tokens and passwords are
 * read here; client-node is loaded for exec plugins.
 * @throws TerminalError `invalid-input`
 */
export async function connectByKubeconfig(
  files: readonly KubeconfigText[],
  access: Access,
  surroundings: Surroundings,
): Promise<Connection> {
  const config = merged(await Promise.all(files.map(parsed)));
  const context = chosen(config, access.context);
  const cluster = referred(config.clusters, context, 'cluster');
  const nobody = { name: '', fields: {}, directory: '' };
  const user = text(context.fields.user) === '' ? nobody : referred(config.users, context, 'user');
  const base = checkedServer(text(cluster.fields.server), `server of cluster ${cluster.name}`);
  const here = reach(base, surroundings.env, undefined, proxyIn(cluster, surroundings.mask));
  return {
    ...here,
    name: `${here.name} (context ${context.name})`,
    trust: trustIn(cluster, access),
    credentials: await credentialsOf(user, cluster, surroundings),
  };
}

/** @returns undefined: the environment decides */
function proxyIn(cluster: Entry, mask: Surroundings['mask']): URL | undefined {
  const value = text(cluster.fields['proxy-url']);
  if (value === '') return undefined;
  const proxy = proxyOfKubeconfig(value);
  maskLogin(proxy, mask);
  return proxy;
}

async function parsed({ name, text: source, directory }: KubeconfigText): Promise<Kubeconfig> {
  const { readData } = await import('../../yaml/read.js');
  const read = readData(source);
  if (!read.ok) {
    const { line, code, message } = read.fault;
    if (code === ALIASES) throw invalid(`${name} is not a kubeconfig: ${message}.`);
    // The library's message quotes the line, which may hold a secret.
    throw invalid(`${name} is not YAML: line ${line} (${code}).`);
  }
  const root = record(read.value);
  if (list(root.clusters).length === 0 && list(root.contexts).length === 0) {
    throw invalid(`${name} is not a kubeconfig: it has neither clusters nor contexts.`);
  }
  return {
    clusters: entries(root.clusters, 'cluster', directory),
    users: entries(root.users, 'user', directory),
    contexts: entries(root.contexts, 'context', directory),
    currentContext: text(root['current-context']),
  };
}

function entries(value: unknown, field: string, directory: string): readonly Entry[] {
  return list(value)
    .map(record)
    .map((each) => ({ name: text(each.name), fields: record(each[field]), directory }));
}

/** As kubectl merges: of two entries with one name, the first counts. */
function merged(configs: readonly Kubeconfig[]): Kubeconfig {
  return {
    clusters: configs.flatMap((config) => config.clusters),
    users: configs.flatMap((config) => config.users),
    contexts: configs.flatMap((config) => config.contexts),
    currentContext: configs.find((config) => config.currentContext !== '')?.currentContext ?? '',
  };
}

function chosen(config: Kubeconfig, asked: string): Entry {
  const wanted = asked || config.currentContext;
  const found = config.contexts.find((context) => context.name === wanted);
  if (found) return found;
  const names = [...new Set(config.contexts.map((context) => context.name))].join(', ') || 'none';
  throw invalid(
    wanted === ''
      ? `The kubeconfig has no current-context: set \`context\` to one of ${names}.`
      : `The kubeconfig has no context ${wanted}; it has ${names}.`,
  );
}

function referred(entries: readonly Entry[], context: Entry, kind: 'cluster' | 'user'): Entry {
  const name = text(context.fields[kind]);
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  throw invalid(`Context ${context.name} refers to the ${kind} ${name}, which is not there.`);
}

function trustIn(cluster: Entry, access: Access) {
  const servername = text(cluster.fields['tls-server-name']);
  const ca = pem(cluster, 'certificate-authority');
  return trustOf(access, {
    ...(ca === undefined ? {} : { ca }),
    ...(servername === '' ? {} : { servername }),
    ...(cluster.fields['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  });
}

async function credentialsOf(
  user: Entry,
  cluster: Entry,
  { mask }: Surroundings,
): Promise<Connection['credentials']> {
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  if (key !== undefined) maskKey(key, mask);
  const own = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  const plugin = await pluginOf(user, cluster, mask);
  // Faults of the files, and the secrets, are known before the first request.
  headersOf(user, mask);
  const complete = (asked?: Credentials): Credentials => ({
    ...own,
    ...asked,
    headers: { ...asked?.headers, ...headersOf(user, mask) },
  });
  return plugin ? async (fresh, signal) => complete(await plugin(fresh, signal)) : () => complete();
}

/** Of an exec plugin, which is loaded for those who have one. */
async function pluginOf(user: Entry, cluster: Entry, mask: Surroundings['mask']) {
  if (!user.fields.exec && !user.fields['auth-provider']) return undefined;
  const { execPlugin } = await import('./exec-plugin.js');
  return execPlugin(user, cluster, mask);
}

function headersOf(user: Entry, mask: Surroundings['mask']): Credentials['headers'] {
  return { ...authorizationOf(user, mask), ...impersonationOf(user.fields) };
}

/** In kubectl's order; client-node does not know `tokenFile`. */
function authorizationOf({ fields, directory }: Entry, mask: Surroundings['mask']) {
  const file = text(fields.tokenFile);
  if (file !== '') return bearer(tokenIn(resolved(file, directory)), mask).headers;
  const token = text(fields.token);
  if (token !== '') return bearer(token, mask).headers;
  const [username, password] = [text(fields.username), text(fields.password)];
  if (username === '') return {};
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  // A shorter one protects nothing, and would black out its letters in the whole log.
  if (password.length >= 4) mask(password);
  mask(basic);
  return { authorization: `Basic ${basic}` };
}

function impersonationOf(fields: Json): Credentials['headers'] {
  const groups = list(fields['as-groups']).map(text);
  const extra = Object.entries(record(fields['as-user-extra'])).map(
    ([key, values]) => [`impersonate-extra-${inHeader(key)}`, list(values).map(text)] as const,
  );
  return {
    ...(fields.as ? { 'impersonate-user': text(fields.as) } : {}),
    ...(fields['as-uid'] ? { 'impersonate-uid': text(fields['as-uid']) } : {}),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
    ...Object.fromEntries(extra),
  };
}

/** Keys are URLs in part; the server decodes what a header's name cannot have. */
function inHeader(key: string): string {
  return encodeURIComponent(key).replace(/[()]/g, (c) => (c === '(' ? '%28' : '%29'));
}
