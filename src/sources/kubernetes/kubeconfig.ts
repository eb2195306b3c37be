import type { Connection, ConnectionDependencies, Credentials } from '../../http/connection.js';
import {
  bearer,
  checkedServer,
  endpointFor,
  invalid,
  needsCredentials,
  tokenIn,
  trustOf,
} from '../../http/endpoint.js';
import { maskLogin, proxyOfKubeconfig } from '../../http/proxy.js';
import type { Access } from '../../inputs/types.js';
import {
  flagIn,
  isMapping,
  type KubeconfigEntry,
  listIn,
  maskKey,
  objectIn,
  pem,
  resolved,
  textIn,
  textsIn,
} from './kubeconfig-entry.js';
import type { KubeconfigFile } from './kubeconfig-files.js';
import { checkNames } from './kubeconfig-names.js';

interface Kubeconfig {
  readonly clusters: readonly KubeconfigEntry[];
  readonly users: readonly KubeconfigEntry[];
  readonly contexts: readonly KubeconfigEntry[];
  readonly currentContext: string;
}

/**
 * The connection that a context of kubeconfigs describes. Certificates, tokens and passwords are
 * read here; what runs exec plugins is loaded for those who have them.
 * @throws TerminalError `invalid-input`
 */
export async function connectByKubeconfig(
  files: readonly KubeconfigFile[],
  access: Access,
  dependencies: ConnectionDependencies,
): Promise<Connection> {
  const config = merged(files.map(parsed));
  const context = chosen(config, access.context);
  const cluster = referred(config.clusters, context, 'cluster');
  const user =
    textIn(context, 'user') === ''
      ? { ...context, name: '', fields: {} }
      : referred(config.users, context, 'user');
  checkNames(cluster, user);
  const base = checkedServer(textIn(cluster, 'server'), `server of cluster ${cluster.name}`);
  const here = endpointFor(base, dependencies.env, undefined, proxyIn(cluster, dependencies.mask));
  const trust = trustIn(cluster, access);
  const credentials = await credentialsOf(user, cluster, dependencies);
  if (!credentials && needsCredentials(base)) throw nobody(context, user);
  return {
    ...here,
    name: `${here.name} (context ${context.name})`,
    trust,
    credentials: credentials ?? (() => ({ headers: {} })),
  };
}

function nobody(context: KubeconfigEntry, user: KubeconfigEntry): Error {
  const who =
    user.name === '' ? `${context.place} names no user` : `${user.place} has no credentials`;
  return invalid(
    `${who}: add a token, a client certificate with its key, or an exec plugin (is the secret set that it was made from?).`,
  );
}

/** @returns undefined: the environment decides */
function proxyIn(cluster: KubeconfigEntry, mask: ConnectionDependencies['mask']): URL | undefined {
  const value = textIn(cluster, 'proxy-url');
  if (value === '') return undefined;
  const proxy = proxyOfKubeconfig(value);
  maskLogin(proxy, mask);
  return proxy;
}

function parsed({ name, content, directory }: KubeconfigFile): Kubeconfig {
  if (!isMapping(content)) throw invalid(`${name} is not a kubeconfig: it is no mapping.`);
  const root = { name: '', place: name, fields: content, directory };
  if (listIn(root, 'clusters').length === 0 && listIn(root, 'contexts').length === 0) {
    throw invalid(`${name} is not a kubeconfig: it has neither clusters nor contexts.`);
  }
  return {
    clusters: entries(root, 'cluster'),
    users: entries(root, 'user'),
    contexts: entries(root, 'context'),
    currentContext: textIn(root, 'current-context'),
  };
}

function entries(
  root: KubeconfigEntry,
  kind: 'cluster' | 'user' | 'context',
): readonly KubeconfigEntry[] {
  return listIn(root, `${kind}s`).map((each, i) => {
    const place = `${kind}s[${i}]`;
    const entry = objectIn({ ...root, fields: { [place]: each } }, place);
    if (!entry) throw invalid(`${place} of ${root.place} is empty.`);
    const name = textIn(entry, 'name');
    const called = { name, place: `${kind} ${name} of ${root.place}` };
    const fields = objectIn({ ...entry, ...called }, kind)?.fields ?? {};
    return { ...called, fields, directory: root.directory };
  });
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

function chosen(config: Kubeconfig, asked: string): KubeconfigEntry {
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

function referred(
  entries: readonly KubeconfigEntry[],
  context: KubeconfigEntry,
  kind: 'cluster' | 'user',
): KubeconfigEntry {
  const name = textIn(context, kind);
  if (name === '') throw invalid(`${context.place} names no ${kind}.`);
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  throw invalid(`Context ${context.name} refers to the ${kind} ${name}, which is not there.`);
}

function trustIn(cluster: KubeconfigEntry, access: Access) {
  const servername = textIn(cluster, 'tls-server-name');
  const ca = pem(cluster, 'certificate-authority');
  return trustOf(access, {
    ...(ca === undefined ? {} : { ca }),
    ...(servername === '' ? {} : { servername }),
    ...(flagIn(cluster, 'insecure-skip-tls-verify') ? { rejectUnauthorized: false } : {}),
  });
}

/** @returns undefined for a user without any */
async function credentialsOf(
  user: KubeconfigEntry,
  cluster: KubeconfigEntry,
  dependencies: ConnectionDependencies,
): Promise<Connection['credentials'] | undefined> {
  const { mask } = dependencies;
  const identity = clientIdentityOf(user, mask);
  const plugin = await pluginOf(user, cluster, dependencies);
  // Faults of the files, and the secrets, are known before the first request.
  const authorized = authorizationOf(user, mask) !== undefined;
  const impersonation = impersonationOf(user);
  if (!identity && !plugin && !authorized) return undefined;
  const complete = (asked?: Credentials): Credentials => ({
    ...identity,
    ...asked,
    headers: { ...asked?.headers, ...authorizationOf(user, mask), ...impersonation },
  });
  return plugin ? async (fresh, signal) => complete(await plugin(fresh, signal)) : () => complete();
}

function clientIdentityOf(user: KubeconfigEntry, mask: ConnectionDependencies['mask']) {
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  if (key !== undefined) maskKey(key, mask);
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  const [there, missing] = cert === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
  throw invalid(`${user.place} has a client-${there} and no client-${missing}.`);
}

/** Of an exec plugin, which is loaded for those who have one. */
async function pluginOf(
  user: KubeconfigEntry,
  cluster: KubeconfigEntry,
  dependencies: ConnectionDependencies,
) {
  if (!objectIn(user, 'exec') && !objectIn(user, 'auth-provider')) return undefined;
  const { execPlugin } = await import('./exec-plugin.js');
  return execPlugin(user, cluster, dependencies);
}

/** In kubectl's order. */
function authorizationOf(user: KubeconfigEntry, mask: ConnectionDependencies['mask']) {
  const file = textIn(user, 'tokenFile');
  const token = textIn(user, 'token');
  if (file !== '') return bearer(tokenIn(resolved(file, user.directory)), mask).headers;
  if (token !== '') return bearer(token, mask).headers;
  const [username, password] = [textIn(user, 'username'), textIn(user, 'password')];
  if (username === '' && password !== '')
    throw invalid(`${user.place} has a password and no username.`);
  if (username === '') return undefined;
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  // A shorter one protects nothing, and would black out its letters in the whole log.
  if (password.length >= 4) mask(password);
  mask(basic);
  return { authorization: `Basic ${basic}` };
}

/** @throws TerminalError where it says more about nobody, as in kubectl */
function impersonationOf(user: KubeconfigEntry): Credentials['headers'] {
  const [as, uid] = [textIn(user, 'as'), textIn(user, 'as-uid')];
  const groups = textsIn(user, 'as-groups');
  const extra = extraOf(user);
  if (as === '' && (uid !== '' || groups.length > 0 || extra.length > 0)) {
    throw invalid(`${user.place} has as-uid, as-groups or as-user-extra and no \`as\`.`);
  }
  return {
    ...(as === '' ? {} : { 'impersonate-user': as }),
    ...(uid === '' ? {} : { 'impersonate-uid': uid }),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
    ...Object.fromEntries(extra),
  };
}

function extraOf(user: KubeconfigEntry): readonly (readonly [string, string[]])[] {
  const extra = objectIn(user, 'as-user-extra');
  if (!extra) return [];
  return Object.keys(extra.fields).map((key) => {
    return [`impersonate-extra-${inHeader(key)}`, textsIn(extra, key)] as const;
  });
}

/** Keys are URLs in part; the server decodes what a header's name cannot have. */
function inHeader(key: string): string {
  return encodeURIComponent(key).replace(/[()]/g, (c) => (c === '(' ? '%28' : '%29'));
}
