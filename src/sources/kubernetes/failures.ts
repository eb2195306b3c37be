import { FinalError, messageOf, PassingError } from '../../errors.js';
import { type Json, record, text } from './json.js';
import { describeIntent, type Intent, ruleFor } from './rbac.js';

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  /** What the server calls the body; empty where it does not say. */
  readonly type: string;
  readonly retryAfter: string;
  readonly location: string;
  readonly body: string;
}

/** The server cannot be told from an impostor, whatever the wait. */
const CERTIFICATE_FAULTS: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export function isCertificateFault(thrown: unknown): boolean {
  return CERTIFICATE_FAULTS.has(codeOf(thrown));
}

/** @param shown the certificate that the server showed, in words; empty where it is not known */
export function certificateFailure(thrown: unknown, server: string, shown: string): FinalError {
  const seen = shown === '' ? '' : ` It showed ${shown}.`;
  return new FinalError(
    'unreachable',
    `The certificate of ${server} cannot be trusted: ${reasonOf(thrown)} (${codeOf(thrown)}).${seen}`,
    remedyFor(codeOf(thrown)),
  );
}

function remedyFor(code: string): string {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return "Renew the server's certificate, and check the clock of this runner.";
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return 'Name the server as its certificate does, in `server` or as `tls-server-name` in the kubeconfig.';
  }
  return `Give the authority that signed it:
with:
  certificate-authority: \${{ vars.CLUSTER_CA }}   # PEM or base64
A kubeconfig has it as certificate-authority-data.`;
}

/** What a request that got no answer means. */
export function connectionFailure(thrown: unknown, server: string): FinalError | PassingError {
  const code = codeOf(thrown);
  if (/^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|CERTIFICATE|UNKNOWN_CA)/.test(code)) {
    return new FinalError(
      'unauthorized',
      `${server} refused the client certificate (${code}).`,
      'Check client-certificate-data and client-key-data of the user in the kubeconfig.',
    );
  }
  if (code.startsWith('ERR_OSSL_') || code === 'ERR_TLS_INVALID_PROTOCOL_VERSION') {
    return new FinalError(
      'invalid-input',
      `The client certificate or its key cannot be used: ${reasonOf(thrown)}.`,
      'Check client-certificate-data and client-key-data of the user in the kubeconfig.',
    );
  }
  if (code === 'ERR_INVALID_CHAR') {
    return new FinalError(
      'invalid-input',
      'The credentials hold what no HTTP header can carry, a line break perhaps.',
      'Check the token or the user of the kubeconfig.',
    );
  }
  return new PassingError(`${server} cannot be reached: ${reasonOf(thrown)}.`);
}

/** What an answer that is not a success means. */
export function refusal(answer: Answer, intent: Intent, server: string): FinalError | PassingError {
  const said = sayingOf(answer);
  const where = `${server} answered ${answer.status} to ${describeIntent(intent)}`;
  switch (answer.status) {
    case 401:
      return new FinalError(
        'unauthorized',
        `${server} does not accept the credentials (401, also after they were read anew): ${said}`,
        'Check the token or the user of the kubeconfig: expired, of another cluster, or with another audience than the API server expects.',
      );
    case 403:
      return new FinalError(
        'forbidden',
        `${server} does not allow to ${describeIntent(intent)}: ${said}`,
        ruleFor(intent, said),
      );
    case 404:
      return notFound(intent, server, said);
    case 400:
    case 422:
      return new FinalError('invalid-input', `${where}: ${said}`, selectorHint(intent));
  }
  if (answer.status >= 300 && answer.status < 400) {
    return new FinalError(
      'unreachable',
      `${where}: it sends elsewhere (${withoutQuery(answer.location)}), which a Kubernetes API does not.`,
      'Check `server`: it must be the URL of the API server itself, with no login page before it.',
    );
  }
  return new PassingError(`${where}: ${said}`, retryAfterMs(answer.retryAfter));
}

function selectorHint(intent: Intent): string {
  return intent.verb === 'list' ? 'Check the input `selector`.' : '';
}

function notFound(intent: Intent, server: string, said: string): FinalError {
  if (intent.name !== undefined) {
    const object = `${intent.resource} "${intent.name}" in namespace "${intent.namespace}"`;
    return new FinalError('missing', `${server} has no ${object}: ${said}`);
  }
  return new FinalError(
    'missing',
    `${server} knows no ${intent.resource}.${intent.group}: ${said}`,
    'Check that this is the cluster that Argo CD itself runs in (`server`, or `context` of the kubeconfig).',
  );
}

/** `Retry-After` as Kubernetes sends it, in seconds; in milliseconds. */
export function retryAfterMs(header: string): number | undefined {
  return /^\d+$/.test(header.trim()) ? Number(header) * 1000 : undefined;
}

/**
 * What an answer says, or the beginning of whatever else was answered, in one line.
 * @param messageIn where the message is; by default the `message` of a Status
 */
export function sayingOf(answer: Answer, messageIn = (body: Json) => text(body.message)): string {
  const said = messageIn(record(parsed(answer.body))) || answer.body;
  const line = said.replace(/\s+/g, ' ').trim();
  if (line === '') return 'no explanation';
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Login pages carry state in the query that is nobody's business. */
export function withoutQuery(location: string): string {
  return location.split(/[?#]/, 1)[0] || 'nowhere';
}

function codeOf(thrown: unknown): string {
  return text(record(thrown).code);
}

/** Of several addresses tried, Node's error has no message but one error for each. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) {
    return [...new Set(thrown.errors.map(messageOf))].join(', ');
  }
  // Node appends advice about its own command line, which a user of an action cannot follow.
  return messageOf(thrown).split('; if the root CA')[0] ?? '';
}
