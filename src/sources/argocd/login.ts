import { type Claims, claimsOf, type OidcTokens } from '../../github/oidc.js';
import { type Answer, isSuccess } from '../../http/answers.js';
import type { Connection, Credentials } from '../../http/connection.js';
import { bearer } from '../../http/endpoint.js';
import { record, text } from '../../http/json.js';
import { hider } from '../../http/secrets.js';
import { shared } from '../../http/shared.js';
import { type Request, transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { type TerminalError, TransientError } from '../../platform/errors.js';
import type { ArgocdEndpoint } from './connect.js';
import { type ArgocdIdentity, identityFrom } from './identity.js';
import {
  chooseConnector,
  exchangeRefusal,
  isAboutConnector,
  type LoginSettings,
  noDex,
  settingsIn,
  settingsRefusal,
} from './login-refusals.js';

/** A login to Argo CD by GitHub's OIDC tokens, without a stored secret. */
export interface ArgocdLogin {
  readonly credentials: Connection['credentials'];
  /** As whom; undefined before the first login. */
  identity(): ArgocdIdentity | undefined;
}

export interface ArgocdLoginOptions {
  readonly endpoint: ArgocdEndpoint;
  /** Mints GitHub's tokens. */
  readonly oidc: OidcTokens;
  /** Id of the Dex connector; empty: the server is asked for it, once. */
  readonly connector: string;
  readonly clock: Clock;
  /** Is told each token before anything can print it. */
  readonly mask: (secret: string) => void;
}

interface Session {
  readonly credentials: Credentials;
  readonly identity: ArgocdIdentity;
  /** In milliseconds of the clock's elapsed time. */
  readonly until: number;
}

/** Renewed so long before the end: a request must not arrive with a token that has just expired. */
const MARGIN_MS = 60_000;

/**
 * Exchanges a token of GitHub's at the Dex of an Argo CD server for one of its API (RFC 8693), and
 * again before that expires or when it is refused. Contacts nothing before it is asked.
 */
export function argocdLogin(options: ArgocdLoginOptions): ArgocdLogin {
  let session: Session | undefined;
  let found = options.connector;
  const now = () => options.clock.now().elapsed;

  const login = shared(async (signal, fresh: boolean): Promise<Credentials> => {
    const asked = now();
    // Before anything is asked of Argo CD: a job that may not have a token is told so first.
    const minted = await options.oidc.mint(fresh, signal);
    if (found === '') found = await connectorOf(options, signal);
    const token = await exchange(options, { token: minted, connector: found, fresh }, signal);
    session = sessionOf(token, options, asked);
    return session.credentials;
  });

  return {
    async credentials(fresh, signal) {
      // Refused for one request, it would be refused for the others too.
      if (fresh && session) session = { ...session, until: Number.NEGATIVE_INFINITY };
      return session && now() < session.until ? session.credentials : login(signal, fresh);
    },
    identity: () => session?.identity,
  };
}

/** A token as Dex has given it, and how long it is valid, in milliseconds. */
interface Exchanged {
  readonly token: string;
  readonly lifeMs: number;
}

function sessionOf(
  { token, lifeMs }: Exchanged,
  { oidc, mask }: ArgocdLoginOptions,
  asked: number,
): Session {
  const { sub = '', repositoryId = '' } = oidc.claims() ?? {};
  return {
    credentials: bearer(token, mask),
    identity: identityFrom(claimsOf(token), { sub, repositoryId }),
    // By durations, never by dates: the clocks of Argo CD and of the runner need not agree.
    until: asked + lifeMs - Math.min(MARGIN_MS, lifeMs / 2),
  };
}

async function connectorOf(options: ArgocdLoginOptions, signal: AbortSignal): Promise<string> {
  const { endpoint } = options;
  return chooseConnector(await settingsOf(options, signal), endpoint.name, issuerOf(options));
}

const ANONYMOUS: Credentials = { headers: {} };

async function settingsOf(
  options: ArgocdLoginOptions,
  signal: AbortSignal,
): Promise<LoginSettings> {
  const answer = await ask(options, ANONYMOUS, { path: '/api/v1/settings' }, signal);
  if (!isSuccess(answer)) throw settingsRefusal(answer, options.endpoint.name);
  return settingsIn(answer, options.endpoint.name);
}

/** A public client that Argo CD registers with its Dex, without a secret. */
const CLIENT: Credentials = {
  headers: { authorization: `Basic ${Buffer.from('argo-cd-cli:').toString('base64')}` },
};

const TYPES = 'urn:ietf:params:oauth:token-type';

interface Subject {
  readonly token: string;
  readonly connector: string;
  /** It was minted for this exchange. */
  readonly fresh: boolean;
}

async function exchange(
  options: ArgocdLoginOptions,
  subject: Subject,
  signal: AbortSignal,
): Promise<Exchanged> {
  const { token, connector, fresh } = subject;
  const answer = await ask(options, CLIENT, exchangeRequest(token, connector), signal);
  if (isSuccess(answer)) return exchangedIn(answer, options);
  // A token that was still valid when it was minted may have expired since.
  if (answer.status === 401 && !fresh) {
    const again = await options.oidc.mint(true, signal);
    return exchange(options, { ...subject, token: again, fresh: true }, signal);
  }
  throw await refused(options, answer, subject, signal);
}

function exchangeRequest(token: string, connector: string): Request {
  const form = new URLSearchParams({
    connector_id: connector,
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    scope: 'openid email profile groups federated:id',
    requested_token_type: `${TYPES}:access_token`,
    subject_token: token,
    subject_token_type: `${TYPES}:id_token`,
  });
  return {
    method: 'POST',
    path: '/api/dex/token',
    body: { type: 'application/x-www-form-urlencoded', text: form.toString() },
    retryUnauthorized: false,
  };
}

/** @throws TransientError where the answer has no token; its message quotes nothing of the answer */
function exchangedIn(answer: Answer, { endpoint }: ArgocdLoginOptions): Exchanged {
  const body = record(parsed(answer.body));
  const token = text(body['access_token']);
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new TransientError(
      `${endpoint.name} answered the exchange of GitHub's token without a token: is it Argo CD that answers?`,
    );
  }
  const seconds = Number(body['expires_in'] ?? Number.NaN);
  // One that does not say how long it is valid is used until it is refused.
  return { token, lifeMs: seconds > 0 ? seconds * 1000 : Number.POSITIVE_INFINITY };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What a refused exchange means. The server is asked for its connectors where that may explain it. */
async function refused(
  options: ArgocdLoginOptions,
  answer: Answer,
  { token, connector }: Subject,
  signal: AbortSignal,
): Promise<TerminalError | TransientError> {
  const { name } = options.endpoint;
  // It was sent in the body, of which the transport knows nothing.
  const hide = hider({ tokens: [token], passwords: [] });
  const told = { ...answer, body: hide.inProse(answer.body) };
  const context = { server: name, connector, claims: options.oidc.claims() };
  if (!isAboutConnector(told)) return exchangeRefusal(told, context);
  const settings = await settingsOf(options, signal).catch(() => undefined);
  if (settings && settings.connectors.length === 0) {
    return noDex(settings, name, issuerOf(options));
  }
  return exchangeRefusal(told, { ...context, settings });
}

function issuerOf({ oidc }: ArgocdLoginOptions): Claims['iss'] {
  return oidc.claims()?.iss ?? '';
}

/** One request on a connection of its own: the pools of a source have other credentials. */
async function ask(
  { endpoint, clock }: ArgocdLoginOptions,
  credentials: Credentials,
  request: Request,
  signal: AbortSignal,
): Promise<Answer> {
  const pool = transport({ ...endpoint, credentials: () => credentials }, clock);
  try {
    return await pool.send(request, signal);
  } finally {
    pool.close();
  }
}
