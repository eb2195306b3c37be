import { isIP } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { messageOf, TerminalError, TransientError } from '../platform/errors.js';
import { inShort } from './answers.js';
import type { Connection } from './connection.js';
import { record, text } from './json.js';

/** Loaded where a connection fails: most runs never need it. */

/** What a request that got no answer means. */
export async function connectionFailure(
  thrown: unknown,
  connection: Connection,
  signal: AbortSignal,
): Promise<TerminalError | TransientError> {
  const { name: server } = connection;
  const code = codeOf(thrown);
  if (CERTIFICATE_FAULTS.has(code)) {
    return certificateFailure(thrown, connection, await shownBy(connection, signal));
  }
  if (/^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|CERTIFICATE|UNKNOWN_CA)/.test(code)) {
    return new TerminalError(
      'unauthorized',
      `${server} refused the client certificate (${code}).`,
      'Check client-certificate-data and client-key-data of the user in the kubeconfig.',
    );
  }
  if (code.startsWith('ERR_OSSL_') || code === 'ERR_TLS_INVALID_PROTOCOL_VERSION') {
    return new TerminalError(
      'invalid-input',
      `The client certificate or its key cannot be used: ${reasonOf(thrown)}.`,
      'Check client-certificate-data and client-key-data of the user in the kubeconfig.',
    );
  }
  if (code === 'ERR_INVALID_CHAR') {
    return new TerminalError(
      'invalid-input',
      'The credentials hold what no HTTP header can carry, a line break perhaps.',
      'Check the token or the user of the kubeconfig.',
    );
  }
  return new TransientError(`${server} cannot be reached: ${reasonOf(thrown)}.`);
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

/** @param shown the certificate that the server showed, in words; empty where it is not known */
function certificateFailure(
  thrown: unknown,
  { name: server, takesAuthority }: Connection,
  shown: string,
): TerminalError {
  const seen = shown === '' ? '' : ` It showed ${shown}.`;
  return new TerminalError(
    'unreachable',
    `The certificate of ${server} cannot be trusted: ${reasonOf(thrown)} (${codeOf(thrown)}).${seen}`,
    remedyFor(codeOf(thrown), takesAuthority),
  );
}

function remedyFor(code: string, takesAuthority = true): string {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return "Renew the server's certificate, and check the clock of this runner.";
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return 'Name the server as its certificate does, in `server` or `argocd-server`, or as `tls-server-name` in the kubeconfig.';
  }
  if (!takesAuthority) return IN_NODE;
  return `Give the authority that signed it:
with:
  certificate-authority: \${{ vars.CLUSTER_CA }}   # PEM or base64
A kubeconfig has it as certificate-authority-data.`;
}

const IN_NODE = `If that is the server, or a proxy of yours that inspects TLS, have Node.js trust the authority that signed it, by a file on the runner; beside the step's \`with\`:
env:
  NODE_EXTRA_CA_CERTS: /etc/ssl/certs/our-authority.pem`;

const LOOK_MS = 3_000;

/**
 * The certificate that a server shows, in words, for the message that it cannot be trusted. The
 * failed request does not have it any more; this connection sends nothing.
 * @returns empty where it cannot be told
 */
function shownBy({ base, trust, proxy }: Connection, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(base);
  const host = hostname.replace(/^\[|\]$/g, '');
  const servername = trust.servername ?? (isIP(host) ? undefined : host);
  // A direct connection would be another way than the requests take.
  if (proxy) return Promise.resolve('');
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      rejectUnauthorized: false,
      timeout: LOOK_MS,
      ...(servername === undefined ? {} : { servername }),
    });
    const done = (shown: string) => {
      signal.removeEventListener('abort', onEnd);
      socket.destroy();
      resolve(shown);
    };
    const onEnd = () => done('');
    signal.addEventListener('abort', onEnd, { once: true });
    socket.once('secureConnect', () => done(describeCertificate(socket.getPeerCertificate())));
    socket.once('timeout', onEnd).once('error', onEnd).once('close', onEnd);
  });
}

function describeCertificate(certificate: PeerCertificate): string {
  const { subject, issuer, subjectaltname, valid_from, valid_to } = certificate;
  if (!subject) return '';
  const names = subjectaltname ? ` (${inShort(subjectaltname)})` : '';
  return `a certificate of "${distinguished(subject)}"${names}, issued by "${distinguished(issuer)}", valid from ${valid_from} to ${valid_to}`;
}

function distinguished(name: PeerCertificate['subject']): string {
  const parts = Object.entries(name).map(([type, value]) => `${type}=${value}`);
  return inShort(parts.join(', '));
}

function codeOf(thrown: unknown): string {
  return text(record(thrown).code);
}

/**
 * In short: Node's message of a wrong name has all names of the certificate. Of several addresses
 * tried, its error has no message but one error for each.
 */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) {
    return inShort([...new Set(thrown.errors.map(messageOf))].join(', '));
  }
  // Node appends advice about its own command line, which a user of an action cannot follow.
  return inShort(messageOf(thrown).split('; if the root CA')[0] ?? '');
}
