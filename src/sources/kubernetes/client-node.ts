import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Connection, Credentials } from '../../http/connection.js';
import { type Json, record, text } from '../../http/json.js';
import { messageOf, TerminalError, TransientError } from '../../platform/errors.js';

/** Loaded only for the kubeconfigs that need it: it is most of a start's time. */

const NAME = 'post-sync';

function kubeConfig(user: Json): KubeConfig {
  const config = new KubeConfig();
  const text = JSON.stringify({
    clusters: [],
    users: [{ name: NAME, user }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
    'current-context': NAME,
  });
  config.loadFromString(text);
  return config;
}

/**
 * Credentials of an exec plugin, remembered until they expire.
 * @param exec the field of a user
 */
export async function pluginCredentials(exec: Json): Promise<Connection['credentials']> {
  const user = { exec };
  let config = kubeConfig(user);
  let pending: Promise<Credentials> | undefined;
  let worked = false;
  const ask = async (): Promise<Credentials> => {
    try {
      const credentials = await applied(config);
      worked = true;
      return credentials;
    } catch (thrown) {
      throw pluginFailure(thrown, exec, worked);
    }
  };
  // Requests at one time share one run of the plugin.
  return (fresh) => {
    if (fresh && !pending) config = kubeConfig(user);
    pending ??= ask().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

async function applied(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers = record(options.headers);
  const authorization = text(headers.Authorization);
  return {
    headers: authorization === '' ? {} : { authorization },
    ...(options.cert ? { cert: String(options.cert) } : {}),
    ...(options.key ? { key: String(options.key) } : {}),
  };
}

/** A plugin that worked before may work again; one that never did is not set up. */
function pluginFailure(
  thrown: unknown,
  exec: Json,
  worked: boolean,
): TerminalError | TransientError {
  const command = text(exec.command);
  const said = saidBy(thrown);
  const message = `The kubeconfig's credentials come from ${command}, which failed: ${said}`;
  if (record(thrown).code === 'ENOENT') {
    return new TerminalError(
      'invalid-input',
      message,
      [`Install ${command} in a step before this one.`, text(exec.installHint).trim()]
        .filter((line) => line !== '')
        .join('\n'),
    );
  }
  if (worked) return new TransientError(message);
  return new TerminalError(
    'unauthorized',
    message,
    `Log in to the cloud in a step before this one; there \`${command}\` must work without a prompt.`,
  );
}

/** What a plugin wrote to stderr helps, but it may have written a secret. */
function saidBy(thrown: unknown): string {
  // Its answer, which the parser's message quotes, is nothing but secret.
  if (/^(Syntax|Type)Error$/.test(text(record(thrown).name))) return 'it printed no ExecCredential';
  const said = withoutSecrets(messageOf(thrown)).replace(/\s+/g, ' ').trim().slice(0, 500);
  return said === '' ? 'it did not say why' : said;
}

/** Blots out whatever looks like a credential: tokens are long and mixed, or come after their name. */
function withoutSecrets(text: string): string {
  return text
    .slice(0, 20_000)
    .replace(/-----BEGIN [^-]*-----[^-]*(-----END [^-]*-----)?/g, HIDDEN)
    .replace(/:\/\/[^\s/@]*@/g, `://${HIDDEN}@`)
    .replace(/\b(bearer|basic)\s+[^\s"']+/gi, `$1 ${HIDDEN}`)
    .replace(
      /((?:token|secret|passw(?:or)?d|key|credential)s?["']?\s*[:=]\s*["']?)[^\s"']+/gi,
      `$1${HIDDEN}`,
    )
    .replace(/\beyJ[\w-]+(\.[\w-]*){0,4}/g, HIDDEN)
    .replace(/[\w+/=-]{32,}/g, (run) => (/\d/.test(run) && /[a-z]/i.test(run) ? HIDDEN : run));
}

const HIDDEN = '«(hidden)»';
