import type { Connection, ConnectionDependencies, Credentials } from '../../http/connection.js';
import { invalid } from '../../http/endpoint.js';
import { type Json, record, text } from '../../http/json.js';
import { formsOf } from '../../http/secrets.js';
import { shared } from '../../http/shared.js';
import { messageOf, TerminalError, TransientError } from '../../platform/errors.js';
import {
  flagIn,
  type KubeconfigEntry,
  listIn,
  maskKey,
  objectIn,
  partOf,
  pem,
  resolved,
  textIn,
  textsIn,
} from './kubeconfig-entry.js';
import { checkPluginNames } from './kubeconfig-names.js';
import { MAX_STDOUT_MIB, type PluginCommand, PluginError, runPlugin } from './plugin-process.js';
import { secretArguments, secretSettings, withoutSecrets } from './plugin-secrets.js';

/** A cloud is asked in seconds; whoever takes longer waits for a person who is not there. */
const TIMEOUT_MS = 30_000;

/** Credentials are renewed so long before they expire: requests take time, and clocks differ. */
const RENEWAL_MS = 20_000;

/** An exec plugin of a kubeconfig, and what is secret about it. */
interface Plugin extends PluginCommand {
  readonly installHint: string;
  /** Grows by the credentials that it gives. */
  readonly secrets: Set<string>;
}

/**
 * Credentials by the exec plugin of a user, by the rules of client-go: remembered until they
 * expire or are refused.
 * @throws TerminalError `invalid-input` for an auth-provider, and for a plugin that is not set up
 */
export function execPlugin(
  user: KubeconfigEntry,
  cluster: KubeconfigEntry,
  dependencies: ConnectionDependencies,
): Connection['credentials'] {
  const provider = objectIn(user, 'auth-provider');
  if (provider) throw authProvider(user.name, text(provider.fields.name));
  const plugin = pluginOf(user, cluster, dependencies);
  for (const secret of plugin.secrets) formsOf(secret).forEach(dependencies.mask);
  // Not to be masked for all the log: the job has them anyway.
  for (const secret of secretSettings(dependencies.env)) plugin.secrets.add(secret);
  return remembered(plugin, dependencies.mask);
}

function remembered(
  plugin: Plugin,
  mask: ConnectionDependencies['mask'],
): Connection['credentials'] {
  let last: Issued | undefined;
  const ask = shared(async (signal) => {
    try {
      last = issued(await runPlugin(plugin, signal));
    } catch (thrown) {
      throw failureOf(thrown, plugin, last !== undefined);
    }
    maskIssued(last.credentials, plugin, mask);
    return last.credentials;
  });
  return (fresh, signal) => {
    const kept = !fresh && last && Date.now() < last.expires - RENEWAL_MS;
    return kept && last ? last.credentials : ask(signal);
  };
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

const V1 = 'client.authentication.k8s.io/v1';
const VERSIONS: readonly string[] = [V1, 'client.authentication.k8s.io/v1beta1'];
const MODES: readonly string[] = ['', 'Never', 'IfAvailable', 'Always'];

function pluginOf(
  user: KubeconfigEntry,
  cluster: KubeconfigEntry,
  dependencies: ConnectionDependencies,
): Plugin {
  const exec = objectIn(user, 'exec') ?? partOf(user, 'exec', {});
  checkPluginNames(exec);
  const command = textIn(exec, 'command');
  const version = textIn(exec, 'apiVersion') || V1;
  const mode = textIn(exec, 'interactiveMode');
  if (command === '') throw invalid(`${exec.place} names no command.`);
  if (!VERSIONS.includes(version)) {
    throw invalid(
      `${exec.place} has the apiVersion ${version}: known are ${VERSIONS.join(' and ')}. Have the tool of your cloud write the kubeconfig again.`,
    );
  }
  if (!MODES.includes(mode)) {
    throw invalid(
      `${exec.place} has the interactiveMode ${mode}: known are Never, IfAvailable and Always.`,
    );
  }
  if (mode === 'Always') throw interactive(exec, command);
  const args = textsIn(exec, 'args');
  const settings = settingsIn(exec);
  return {
    // As client-go does: relative to the kubeconfig, but for what is on the PATH.
    command: /[/\\]/.test(command) ? resolved(command, user.directory) : command,
    args,
    env: {
      ...dependencies.env,
      ...settings,
      KUBERNETES_EXEC_INFO: execInfo(exec, version, cluster),
    },
    timeoutMs: dependencies.pluginTimeoutMs ?? TIMEOUT_MS,
    installHint: textIn(exec, 'installHint').trim(),
    secrets: new Set([...secretSettings(settings), ...secretArguments(args)]),
  };
}

function interactive(exec: KubeconfigEntry, command: string): TerminalError {
  return new TerminalError(
    'invalid-input',
    `${exec.place} (${command}) has interactiveMode: Always, and a step has no terminal to answer in.`,
    `Log in to the cloud in a step before this one, and set in the kubeconfig:
    exec:
      interactiveMode: Never`,
  );
}

function settingsIn(exec: KubeconfigEntry): Readonly<Record<string, string>> {
  const settings = listIn(exec, 'env').map((each, i) => {
    const place = `env[${i}]`;
    const fields =
      objectIn({ ...exec, fields: { [place]: each } }, place) ?? partOf(exec, place, {});
    const name = textIn(fields, 'name');
    if (name === '') throw invalid(`${fields.place} has no name.`);
    return [name, textIn(fields, 'value')] as const;
  });
  return Object.fromEntries(settings);
}

function execInfo(exec: KubeconfigEntry, apiVersion: string, cluster: KubeconfigEntry): string {
  const told = flagIn(exec, 'provideClusterInfo') ? { cluster: clusterInfo(cluster) } : {};
  return JSON.stringify({
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...told },
  });
}

/** What a plugin may be told of the cluster: as client-go does, with the authority in it. */
function clusterInfo(cluster: KubeconfigEntry): Json {
  const ca = pem(cluster, 'certificate-authority');
  const config = listIn(cluster, 'extensions')
    .map(record)
    .find(({ name }) => name === 'client.authentication.k8s.io/exec');
  const told = TOLD.filter((field) => cluster.fields[field] !== undefined);
  return {
    ...Object.fromEntries(told.map((field) => [field, cluster.fields[field]])),
    ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
    ...(config ? { config: config.extension } : {}),
  };
}

const TOLD = [
  'server',
  'tls-server-name',
  'insecure-skip-tls-verify',
  'proxy-url',
  'disable-compression',
] as const;

/** What a plugin gave. */
interface Issued {
  readonly credentials: Credentials;
  /** Milliseconds since 1970; Infinity: never. */
  readonly expires: number;
}

/** Its answer cannot be used. The message says nothing of what is in it: it is all secret. */
class BadAnswer extends Error {}

/** @throws BadAnswer */
function issued(stdout: string): Issued {
  const answer = answerIn(stdout);
  const { kind, apiVersion, status } = answer;
  if (kind !== 'ExecCredential') throw new BadAnswer('it printed no ExecCredential');
  if (apiVersion !== undefined && !VERSIONS.includes(text(apiVersion))) {
    throw new BadAnswer(`its ExecCredential is not of ${VERSIONS.join(' or ')}`);
  }
  const { token, clientCertificateData: cert, clientKeyData: key } = record(status);
  const given = [token, cert, key].filter((each) => each !== undefined && each !== null);
  if (given.some((each) => typeof each !== 'string')) {
    throw new BadAnswer('its ExecCredential has a token, certificate or key that is not text');
  }
  if (given.every((each) => each === '')) {
    throw new BadAnswer('its ExecCredential has neither a token nor a certificate with its key');
  }
  if (Boolean(cert) !== Boolean(key)) {
    throw new BadAnswer('its ExecCredential has only one of a certificate and its key');
  }
  const headers = token ? { authorization: `Bearer ${text(token)}` } : {};
  const identity = cert ? { cert: text(cert), key: text(key) } : {};
  return { credentials: { headers, ...identity }, expires: expiryIn(record(status)) };
}

function answerIn(stdout: string): Json {
  try {
    return record(JSON.parse(stdout));
  } catch {
    throw new BadAnswer('it printed no ExecCredential');
  }
}

function expiryIn({ expirationTimestamp: expiry }: Json): number {
  if (expiry === undefined || expiry === null) return Number.POSITIVE_INFINITY;
  const expires = Date.parse(text(expiry));
  if (Number.isNaN(expires)) {
    throw new BadAnswer('the expirationTimestamp of its ExecCredential is no time');
  }
  return expires;
}

function maskIssued(
  { headers, key }: Credentials,
  plugin: Plugin,
  mask: ConnectionDependencies['mask'],
) {
  const token = text(headers.authorization).replace(/^Bearer /, '');
  if (token !== '') plugin.secrets.add(token);
  mask(token);
  if (key !== undefined) maskKey(key, mask);
}

/** A plugin that worked before may work again; one that never did is not set up. */
function failureOf(
  thrown: unknown,
  plugin: Plugin,
  worked: boolean,
): TerminalError | TransientError {
  const { command, installHint } = plugin;
  const fault = thrown instanceof PluginError ? thrown.fault : 'failed';
  const message = `The kubeconfig's credentials come from ${command}${whatHappened(thrown, plugin)}`;
  if (fault === 'missing') {
    const install = `Install ${command} in a step before this one.`;
    return new TerminalError('invalid-input', message, `${install}\n${installHint}`.trim());
  }
  if (worked || fault === 'aborted') return new TransientError(message);
  return new TerminalError('unauthorized', message, remedyOf(fault, command));
}

function remedyOf(fault: PluginError['fault'], command: string): string {
  if (fault !== 'late') {
    return `Log in to the cloud in a step before this one; there \`${command}\` must work without a prompt.`;
  }
  return `Nobody can sign in during a step. Log in to the cloud in a step before this one, as a workload or by a service principal, so that \`${command}\` answers without a prompt.`;
}

function whatHappened(thrown: unknown, plugin: Plugin): string {
  if (thrown instanceof BadAnswer) return `, which failed: ${thrown.message}`;
  if (!(thrown instanceof PluginError))
    return `, which failed: ${shown(messageOf(thrown), plugin)}`;
  const said = shown(thrown.stderr, plugin);
  switch (thrown.fault) {
    case 'late': {
      const waitsFor = said === '' ? 'It did not say what it waits for.' : `It says: ${said}`;
      return `, which gave no answer within ${plugin.timeoutMs / 1000} s. ${waitsFor}`;
    }
    case 'flooded':
      return `, which failed: it printed more than ${MAX_STDOUT_MIB} MiB, which is no ExecCredential`;
    case 'aborted':
      return ', which was ended with the run';
    default:
      return `, which failed: ${said || 'it did not say why'}`;
  }
}

const MAX_SHOWN = 500;

/** The end of what a plugin wrote to stderr: there it says what it waits for, or why it failed. */
function shown(stderr: string, { secrets }: Plugin): string {
  const said = withoutSecrets(stderr, secrets).replace(/\s+/g, ' ').trim();
  return said.length <= MAX_SHOWN ? said : `…${said.slice(1 - MAX_SHOWN)}`;
}
