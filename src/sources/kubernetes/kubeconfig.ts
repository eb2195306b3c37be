import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { messageOf } from '../../errors.js';
import type { Access } from '../../inputs.js';
import type { Connection, Credentials, Surroundings } from './connection.js';
import { type Json, list, record, text } from './json.js';
import type { KubeconfigText } from './kubeconfig-files.js';
import { bearer, checkedServer, invalid, reach, tokenIn, trustOf } from './reach.js';

/** A named part of a kubeconfig; paths in it start at its file's directory. */
interface Entry {
  readonly name: string;
  readonly fields: Json;
  readonly directory: string;
}

interface Kubeconfig {
  readonly clusters: readonly Entry[];
  readonly users: readonly Entry[];
  readonly contexts: readonly Entry[];
  readonly currentContext: string;
}

/**
 * The connection that a context of kubeconfigs describes. Certificates, tokens and passwords are
 * read here; client-node is loaded for exec plugins, auth providers and proxies.
 * @throws FinalError `invalid-input`
 */
export async function connectByKubeconfig(
  files: readonly KubeconfigText[],
  access: Access,
  surroundings: Surroundings,
): Promise<Connection> {
  const config = merged(files.map(parsed));
  const context = chosen(config, access.context);
  const cluster = referred(config.clusters, context, 'cluster');
  const nobody = { name: '', fields: {}, directory: '' };
  const user = text(context.fields.user) === '' ? nobody : referred(config.users, context, 'user');
  const base = checkedServer(text(cluster.fields.server), `server of cluster ${cluster.name}`);
  const here = reach(base, surroundings.env);
  const proxy = text(cluster.fields['proxy-url']);
  return {
    ...here,
    name: `${here.name} (context ${context.name})`,
    trust: await trustIn(cluster, access),
    credentials: await credentialsOf(user, cluster, surroundings),
    ...(proxy === '' ? {} : await byProxy(base, proxy, surroundings.mask)),
  };
}

async function byProxy(base: string, proxy: string, mask: Surroundings['mask']) {
  const password = URL.canParse(proxy) ? new URL(proxy).password : '';
  if (password !== '') mask(decodeURIComponent(password));
  const { proxyAgents } = await import('./client-node.js');
  return { agent: await proxyAgents(base, proxy), proxied: true };
}

function parsed({ name, text: source, directory }: KubeconfigText): Kubeconfig {
  const lines = new LineCounter();
  // The parser's own messages quote the line, which may hold a secret.
  const document = parseDocument(source, { prettyErrors: false, lineCounter: lines });
  const fault = document.errors[0];
  if (fault) {
    const { line } = lines.linePos(fault.pos[0]);
    throw invalid(`${name} is not YAML: line ${line} (${fault.code}).`);
  }
  const root = record(document.toJS({ maxAliasCount: 100 }));
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

async function trustIn(cluster: Entry, access: Access) {
  const servername = text(cluster.fields['tls-server-name']);
  const ca = await pem(cluster, 'certificate-authority');
  return trustOf(access, {
    ...(ca === undefined ? {} : { ca }),
    ...(servername === '' ? {} : { servername }),
    ...(cluster.fields['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  });
}

/** The PEM of `FIELD-data`, else of the file that `FIELD` names. */
async function pem(entry: Entry, field: string): Promise<string | undefined> {
  const data = text(entry.fields[`${field}-data`]);
  if (data !== '') return Buffer.from(data, 'base64').toString();
  const file = text(entry.fields[field]);
  if (file === '') return undefined;
  try {
    return await readFile(resolved(file, entry.directory), 'utf8');
  } catch (thrown) {
    throw invalid(`The ${field} of ${entry.name} cannot be read: ${messageOf(thrown)}.`);
  }
}

function resolved(file: string, directory: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}

async function credentialsOf(
  user: Entry,
  cluster: Entry,
  { mask }: Surroundings,
): Promise<Connection['credentials']> {
  const cert = await pem(user, 'client-certificate');
  const key = await pem(user, 'client-key');
  if (key !== undefined) maskKey(key, mask);
  const own = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  const plugin = await pluginOf(user, cluster, mask);
  // Faults of the files, and the secrets, are known before the first request.
  await headersOf(user, mask);
  return async (fresh) => {
    const asked = await plugin?.(fresh);
    const said = await headersOf(user, mask);
    return { ...own, ...asked, headers: { ...asked?.headers, ...said } };
  };
}

async function pluginOf(user: Entry, cluster: Entry, mask: Surroundings['mask']) {
  const { exec, 'auth-provider': provider } = user.fields;
  if (!exec && !provider) return undefined;
  const { pluginCredentials } = await import('./client-node.js');
  const plugin = exec ? { exec: execOf(record(exec), user.directory, cluster.fields) } : {};
  const credentials = await pluginCredentials({ ...plugin, 'auth-provider': provider });
  return async (fresh: boolean) => masked(await credentials(fresh), mask);
}

function masked(credentials: Credentials, mask: Surroundings['mask']): Credentials {
  const { authorization } = credentials.headers;
  if (typeof authorization === 'string') mask(authorization.replace(/^\S+ /, ''));
  if (credentials.key !== undefined) maskKey(credentials.key, mask);
  return credentials;
}

/** What client-go does and client-node does not: relative commands, and news of the cluster. */
function execOf(exec: Json, directory: string, cluster: Json): Json {
  const command = text(exec.command);
  const info = {
    apiVersion: text(exec.apiVersion) || 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec.provideClusterInfo === true ? { cluster } : {}) },
  };
  const told = { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) };
  return {
    ...exec,
    command: /[/\\]/.test(command) ? resolved(command, directory) : command,
    env: [...list(exec.env), told],
  };
}

async function headersOf(user: Entry, mask: Surroundings['mask']): Promise<Credentials['headers']> {
  return { ...(await authorizationOf(user, mask)), ...impersonationOf(user.fields) };
}

/** In kubectl's order; client-node does not know `tokenFile`. */
async function authorizationOf({ fields, directory }: Entry, mask: Surroundings['mask']) {
  const file = text(fields.tokenFile);
  if (file !== '') return bearer(await tokenIn(resolved(file, directory)), mask).headers;
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
  return {
    ...(fields.as ? { 'impersonate-user': text(fields.as) } : {}),
    ...(fields['as-uid'] ? { 'impersonate-uid': text(fields['as-uid']) } : {}),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
  };
}

/** The forms in which a key could be printed: its lines, in one, and as a kubeconfig has it. */
function maskKey(key: string, mask: Surroundings['mask']): void {
  const lines = key.split(/\r?\n/).filter((line) => !line.startsWith('-----'));
  // The last line can be so short that it is part of many words.
  for (const line of lines) if (line.length >= 16) mask(line);
  mask(lines.join(''));
  mask(Buffer.from(key).toString('base64'));
}
