import type { Credentials, Surroundings } from '../../http/connection.js';
import { type Json, list, record, text } from '../../http/json.js';
import { TerminalError } from '../../platform/errors.js';
import { type Entry, maskKey, pem, resolved } from './kubeconfig-entry.js';

/**
 * Credentials by the exec plugin of a user, asked anew when they expire or are refused.
 * @throws TerminalError for an auth-provider, and where client-node takes the plugin for none
 */
export async function execPlugin(user: Entry, cluster: Entry, mask: Surroundings['mask']) {
  const { exec, 'auth-provider': provider } = user.fields;
  if (provider) throw authProvider(user.name, text(record(provider).name));
  const { pluginCredentials } = await import('./client-node.js');
  const plugin = execOf(record(exec), user.directory, clusterInfo(cluster));
  maskSettings(plugin, mask);
  const credentials = await pluginCredentials(plugin);
  return async (fresh: boolean, signal: AbortSignal) =>
    masked(await credentials(fresh, signal), mask);
}

/** Gone from kubectl since 1.26: whoever still has one has a plugin to put in its place. */
function authProvider(user: string, provider: string): TerminalError {
  return new TerminalError(
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
function clusterInfo(cluster: Entry): Json {
  const { extensions, 'certificate-authority': _file, ...fields } = cluster.fields;
  const ca = pem(cluster, 'certificate-authority');
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
