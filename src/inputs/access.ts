import { X509Certificate } from 'node:crypto';
import { bad, good, type Parsed, quoted } from '../core/filters/parsed.js';
import { HIDDEN, messageOf } from '../platform/errors.js';
import { isLoopback, withoutTrailingSlashes } from '../platform/urls.js';
import type { InputName } from './defaults.js';
import { parseBoolean, parseContext } from './parse.js';
import type { Environment, Reader } from './reader.js';
import type { Access } from './types.js';

/** Reads how to get into the cluster, and that the inputs for it belong together. */
export async function readAccess(reader: Reader, env: Environment): Promise<Access> {
  const kubeconfig = await parseKubeconfig(reader.text('kubeconfig'));
  const content = reader.take('kubeconfig', () => kubeconfig, undefined);
  const access: Access = {
    kubeconfig: content,
    context: reader.take('context', parseContext, ''),
    server: reader.take('server', parseServer, ''),
    token: reader.take('token', parseToken, ''),
    oidcAudience: reader.take('oidc-audience', parseAudience, ''),
    certificateAuthority: reader.take('certificate-authority', parseCertificateAuthority, ''),
    insecureSkipTlsVerify: reader.take('insecure-skip-tls-verify', parseBoolean, false),
    kubeconfigEnv: env['KUBECONFIG'] ?? '',
    home: env['HOME'] ?? env['USERPROFILE'] ?? '',
  };
  checkTogether(reader, access);
  checkContext(reader, access.context, contextsOf(content));
  return access;
}

/** Presence is asked of the texts: a value that could not be read was given all the same. */
function checkTogether(reader: Reader, access: Access): void {
  const given = (name: InputName) => reader.text(name) !== '';
  const source = reader.text('source').trim();
  const useless = access.insecureSkipTlsVerify && given('certificate-authority');
  if (useless) reader.refuse('insecure-skip-tls-verify', `"true" ${USELESS_CA}`);
  // Argo CD is reached by its own inputs: access to a cluster is refused beside them.
  if (source === 'argocd') return;
  // Without access to a cluster, the bundle is that of the Argo CD server.
  const toArgocd = given('argocd-token') || given('argocd-connector');
  const ofArgocd = source === 'event' && toArgocd && !given('kubeconfig');
  const server = serverShown(reader.text('server').trim());
  const audience = quoted(access.oidcAudience);
  // Plain http is accepted of this machine only: a proxy, which adds credentials of its own.
  const remote = access.server.startsWith('https:');
  const needsToken = remote && !given('token') && !given('oidc-audience');
  const needsServer = (name: InputName) => given(name) && !given('server');
  const rules: readonly (readonly [boolean, InputName, string])[] = [
    [given('server') && given('kubeconfig'), 'server', `${server} ${WITH_KUBECONFIG}`],
    [given('server') && given('context'), 'context', `${quoted(access.context)} ${WITH_SERVER}`],
    [needsServer('token'), 'token', `${HIDDEN} ${NO_SERVER}`],
    [
      needsServer('certificate-authority') && !ofArgocd,
      'certificate-authority',
      `the bundle ${NO_SERVER}`,
    ],
    [needsServer('oidc-audience'), 'oidc-audience', `${audience} ${NO_SERVER}`],
    [given('oidc-audience') && given('token'), 'oidc-audience', `${audience} ${WITH_TOKEN}`],
    [needsToken, 'server', `${server} ${NO_TOKEN}`],
  ];
  for (const [broken, name, problem] of rules) if (broken) reader.refuse(name, problem);
}

const WITH_KUBECONFIG =
  'is given together with kubeconfig: accepted is one of the two, remove the other';
const WITH_SERVER =
  'is given together with server, but belongs to a kubeconfig: remove one of the two';
const NO_SERVER =
  "is given without server: add the API server's URL (is its variable set in this repository?), or use kubeconfig alone";
const WITH_TOKEN = 'is given together with token: accepted is one of the two, remove the other';
const NO_TOKEN =
  'is given without token: add token (is its secret set in this repository?) or oidc-audience';
const USELESS_CA = 'makes certificate-authority useless: remove one of the two';

/** Any text that can stand in a token; a forgotten expression is told by its braces. */
function parseAudience(value: string): Parsed<string> {
  if (/^[^\s{}]{0,255}$/.test(value)) return good(value);
  return bad(
    `${quoted(value)} cannot be an audience: accepted is the one that the API server trusts, without spaces`,
  );
}

/** The id of a Dex connector; a forgotten expression is told by its braces. */
export function parseConnector(value: string): Parsed<string> {
  if (/^[^\s{}]{0,255}$/.test(value)) return good(value);
  return bad(
    `${quoted(value)} cannot be the id of a connector: accepted is an id of dex.config, without spaces`,
  );
}

/** A URL as messages show it. */
export function serverShown(server: string): string {
  return server.includes('@') ? HIDDEN : quoted(server);
}

function checkContext(reader: Reader, context: string, names?: readonly string[]): void {
  if (context === '' || names === undefined || names.includes(context)) return;
  reader.refuse(
    'context',
    `${quoted(context)} is not in the kubeconfig: accepted are ${names.join(', ') || '(it has none)'}`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Kubeconfig = NonNullable<Access['kubeconfig']>;

/** As YAML or base64; empty: undefined. */
async function parseKubeconfig(value: string): Promise<Parsed<Kubeconfig | undefined>> {
  if (value.trim() === '') return good(undefined);
  const decoded = decodeBase64(value);
  const { readData } = await import('../yaml/read.js');
  const read = readData(decoded ?? value);
  const content = read.ok ? read.value : undefined;
  if (isRecord(content) && Array.isArray(content['clusters'])) return good(content);
  // The parser's message quotes the text, which holds credentials.
  const problem = read.ok ? kubeconfigProblem(content) : 'cannot be read as YAML';
  const form = decoded === undefined ? '' : ' after decoding base64';
  return bad(
    `${HIDDEN} ${problem}${form}: accepted is the content of a kubeconfig, as YAML or base64`,
  );
}

function kubeconfigProblem(content: unknown): string {
  if (isRecord(content)) return 'has no list of clusters';
  const isPath = typeof content === 'string' && /^[~./\w-]+$/.test(content);
  return isPath ? 'looks like a path or a word, not a kubeconfig' : 'is not a mapping';
}

/** @returns their names; undefined: it has no list of them */
function contextsOf(content: Kubeconfig | undefined): readonly string[] | undefined {
  const contexts = content?.['contexts'];
  if (!Array.isArray(contexts)) return undefined;
  const names = contexts.map((each: unknown) => (isRecord(each) ? each['name'] : undefined));
  return names.filter((name) => typeof name === 'string');
}

/** The text that a base64 value stands for; undefined: it is no base64 of a text. */
function decodeBase64(value: string): string | undefined {
  const compact = value.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(compact)) return undefined;
  const bytes = Buffer.from(compact, 'base64');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') || text.includes('\0') ? undefined : text;
}

/** URL of the API server without a slash at its end; plain http only to this machine. */
function parseServer(value: string): Parsed<string> {
  if (value === '') return good('');
  const accepted = 'accepted is a URL such as https://kubernetes.example.com:6443';
  if (value.includes('@')) {
    return bad(`${HIDDEN} contains credentials: ${accepted}, give them as token`);
  }
  const url = URL.parse(value);
  if (url === null || !/^https?:\/\/\S+$/i.test(value)) {
    return bad(`${quoted(value)} is not an https:// URL: ${accepted}`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return bad(`${quoted(value)} is plain http, refused but for this machine: ${accepted}`);
  }
  if (/[?#]/.test(value)) return bad(`${quoted(value)} has a query or fragment: ${accepted}`);
  return good(withoutTrailingSlashes(url.href));
}

/** URL of the Argo CD server without a slash at its end, made from a URL or a host. */
export function parseArgocdServer(value: string): Parsed<string> {
  if (value === '') return good('');
  const accepted = 'accepted is a URL (https://argocd.example.com) or a host';
  if (value.includes('@')) return bad(`${HIDDEN} contains credentials: ${accepted}`);
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`);
  const web = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || !web || /[\s?#]/.test(value)) {
    return bad(`${quoted(value)} is neither a URL nor a host: ${accepted}`);
  }
  return good(withoutTrailingSlashes(url.href));
}

/** A bearer token, which becomes a part of an HTTP header. */
export function parseToken(value: string): Parsed<string> {
  return /^[\x21-\x7e]*$/.test(value)
    ? good(value)
    : bad(
        `${HIDDEN} contains spaces, line breaks or other characters that no token has: accepted is one bearer token`,
      );
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** A bundle of certificates as PEM, from PEM or base64 of it; every certificate is read once. */
function parseCertificateAuthority(value: string): Parsed<string> {
  if (value === '') return good('');
  const text = value.includes('-----BEGIN') ? value : (decodeBase64(value) ?? value);
  const accepted = 'accepted are certificates as PEM, or base64 of that';
  const blocks = [...text.matchAll(PEM_BLOCK)];
  // A block that does not end must not be dropped silently beside whole ones.
  const begun = text.split('-----BEGIN ').length - 1;
  if (blocks.length === 0 || blocks.length < begun) {
    return bad(`${describe(value, text)}: ${accepted}`);
  }
  const problems = blocks.flatMap((block, index) => {
    const problem = certificateProblem(block[0], block[1] ?? '');
    return problem === undefined
      ? []
      : [`block ${index + 1} of ${blocks.length} ${problem}: ${accepted}`];
  });
  return problems.length > 0
    ? bad(...problems)
    : good(`${blocks.map((block) => block[0]).join('\n')}\n`);
}

function describe(value: string, text: string): string {
  if (text.includes('PRIVATE KEY')) return `${HIDDEN} is a broken private key, not a certificate`;
  if (text.includes('-----BEGIN')) return `${quoted(value)} has a PEM block that does not end`;
  return `${quoted(value)} has no PEM block`;
}

function certificateProblem(block: string, label: string): string | undefined {
  if (label !== 'CERTIFICATE') return `is a ${label}, not a CERTIFICATE`;
  try {
    new X509Certificate(block);
    return undefined;
  } catch (thrown) {
    return `is no certificate that can be read (${messageOf(thrown)}); keep its line breaks`;
  }
}
