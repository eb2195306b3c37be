import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { FinalError, messageOf } from '../../errors.js';
import type { Access } from '../../inputs.js';
import type { Connection, Credentials, Surroundings } from './connection.js';
import { type Json, list, record, text } from './json.js';
import type { KubeconfigText } from './kubeconfig-files.js';
import { bearer, checkedServer, invalid, maskPassword, reach, tokenIn, trustOf } from './reach.js';

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
 * read here; client-node is loaded for exec plugins and proxies.
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
  maskPassword(proxy, mask);
  if (!/^(https?|socks[45]?[ah]?):$/.test(URL.parse(proxy)?.protocol ?? '')) {
    throw invalid('proxy-url of the kubeconfig must be a URL like http://proxy.example.com:3128.');
  }
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
  const root = record(contentOf(document, name));
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

function contentOf(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw invalid(`${name} is not a kubeconfig: its aliases stand for far too much.`);
  }
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
  if (provider) throw authProvider(user.name, text(record(provider).name));
  if (!exec) return undefined;
  const { pluginCredentials } = await import('./client-node.js');
  const plugin = execOf(record(exec), user.directory, await clusterInfo(cluster));
  maskSettings(plugin, mask);
  const credentials = await pluginCredentials(plugin);
  return async (fresh: boolean) => masked(await credentials(fresh), mask);
}

/** Gone from kubectl since 1.26: whoever still has one has a plugin to put in its place. */
function authProvider(user: string, provider: string): FinalError {
  return new FinalError(
    'invalid-input',
    `User ${user} of the kubeconfig logs in by the auth-provider ${provider || '(no name)'}, which Kubernetes has given up.`,
    `Put an exec plugin in its place, or use \`server\` with \`token\` or \`oidc-audience\`:
users:
- name: ${user}
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ${PLUGINS.get(provider) ?? 'THE-PLUGIN-OF-YOUR-CLOUD'}
      interactiveMode: Never`,
  );
}

const PLUGINS: ReadonlyMap<string, string> = new Map([
  ['gcp', 'gke-gcloud-auth-plugin'],
  ['azure', 'kubelogin   # written by: kubelogin convert-kubeconfig'],
  ['oidc', 'kubelogin'],
]);

/** Settings of a plugin whose names say that they are secret. */
function maskSettings(exec: Json, mask: Surroundings['mask']): void {
  for (const { name, value } of list(exec.env).map(record)) {
    if (/token|secret|passw|key$/i.test(text(name))) mask(text(value));
  }
}

/** What a plugin may be told of the cluster: as client-go does, with the authority in it. */
async function clusterInfo(cluster: Entry): Promise<Json> {
  const { extensions, 'certificate-authority': _file, ...fields } = cluster.fields;
  const ca = await pem(cluster, 'certificate-authority');
  const config = list(extensions)
    .map(record)
    .find(({ name }) => name === 'client.authentication.k8s.io/exec');
  return {
    ...fields,
    ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
    ...(config ? { config: config.extension } : {}),
  };
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

/** The forms in which a key could be printed: its lines, in one, and as a kubeconfig has it. */
function maskKey(key: string, mask: Surroundings['mask']): void {
  const lines = key.split(/\r?\n/).filter((line) => !line.startsWith('-----'));
  // The last line can be so short that it is part of many words.
  for (const line of lines) if (line.length >= 16) mask(line);
  mask(lines.join(''));
  mask(Buffer.from(key).toString('base64'));
}
