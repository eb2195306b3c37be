import { type Claims, timeShown } from '../../github/oidc.js';
import { type Answer, jsonOf, retryAfterMs, sayingOf } from '../../http/answers.js';
import { type Json, list, record, text } from '../../http/json.js';
import { TerminalError, TransientError } from '../../platform/errors.js';
import { isRedirect, NOT_API_HINT, PATH_HINT, redirected } from './refusals.js';

/** What a server tells of the ways to log in to it. */
export interface LoginSettings {
  /** Of its Dex. */
  readonly connectors: readonly Connector[];
  /** The name of the provider in `oidc.config`; empty: not configured. */
  readonly oidcConfig: string;
}

export interface Connector {
  /** Empty: older versions of Argo CD do not tell it. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

const MOST_CONNECTORS = 50;
const LONGEST_NAME = 100;

/** @throws TransientError where it is no JSON */
export function settingsIn(answer: Answer, server: string): LoginSettings {
  const { dexConfig, oidcConfig } = record(jsonOf(answer, server, NOT_API_HINT));
  const connectors = list(record(dexConfig).connectors).slice(0, MOST_CONNECTORS).map(record);
  const short = (value: unknown) => text(value).slice(0, LONGEST_NAME);
  const oidc = record(oidcConfig);
  return {
    connectors: connectors.map(({ id, name, type }) => {
      return { id: short(id), name: short(name), type: short(type) };
    }),
    oidcConfig: short(oidc.name) || short(oidc.issuer),
  };
}

/** The settings need no login: whoever refuses them is not Argo CD, or not at this path. */
export function settingsRefusal(answer: Answer, server: string): TerminalError | TransientError {
  const where = `${server} answered ${answer.status} when asked for its settings`;
  if (isRedirect(answer)) return redirected(answer, where);
  const said = sayingOf(answer);
  if (answer.status === 404) {
    return new TerminalError('invalid-input', `${where}: ${said}`, PATH_HINT);
  }
  if (answer.status === 401 || answer.status === 403) {
    const remedy = `Argo CD tells its settings to everyone. Check \`argocd-server\`: there must be no login page or proxy with credentials of its own in front of it. Or name the connector, and the settings are not asked for:
with:
  source: argocd
  argocd-server: https://argocd.example.com
  argocd-connector: github-actions`;
    return new TerminalError('unauthorized', `${where}: ${said}`, remedy);
  }
  return new TransientError(`${where}: ${said}`, retryAfterMs(answer.retryAfter));
}

const USUAL = 'github-actions';

/**
 * The id of the connector that trusts GitHub: the one called `github-actions`, or the only one of
 * type `oidc`.
 * @param issuer of GitHub's token, for what to paste
 * @throws TerminalError that names those there are
 */
export function chooseConnector(settings: LoginSettings, server: string, issuer: string): string {
  const { connectors } = settings;
  if (connectors.length === 0) throw noDex(settings, server, issuer);
  const usual = connectors.find(({ id, name }) => (id || name) === USUAL);
  if (usual) return USUAL;
  const oidc = connectors.filter(({ type }) => type === 'oidc');
  const [only] = oidc;
  if (!only) {
    throw new TerminalError(
      'invalid-input',
      `argocd-token is not given, and ${server} has no Dex connector of type oidc to exchange GitHub's token: it has ${namesOf(connectors)}.`,
      addConnector(USUAL, issuer),
    );
  }
  if (oidc.length === 1 && only.id !== '') return only.id;
  const why =
    oidc.length === 1
      ? 'does not tell the id of its Dex connector of type oidc'
      : `has ${oidc.length} Dex connectors of type oidc, and none is called ${USUAL}`;
  throw new TerminalError(
    'invalid-input',
    `argocd-token is not given, and ${server} ${why}: ${namesOf(oidc)}.`,
    `Name the one that trusts GitHub by its id, as in dex.config:\n${withConnector(oidc[0]?.id || USUAL)}`,
  );
}

/** Nothing that exchanges tokens: no SSO at all, or a provider without Dex. */
export function noDex(
  { oidcConfig }: LoginSettings,
  server: string,
  issuer: string,
): TerminalError {
  const instead =
    oidcConfig === ''
      ? 'it has no `dex.config`'
      : `it logs people in by \`oidc.config\` (${oidcConfig}), where nothing exchanges GitHub's tokens`;
  return new TerminalError(
    'invalid-input',
    `argocd-token is not given, and ${server} has no Dex to exchange GitHub's token: ${instead}.`,
    oidcConfig === ''
      ? addConnector(USUAL, issuer)
      : `Argo CD uses either \`oidc.config\` or Dex. Give a token:
with:
  source: argocd
  argocd-server: https://argocd.example.com
  argocd-token: \${{ secrets.ARGOCD_TOKEN }}
or move the provider of \`oidc.config\` into \`dex.config\`, beside a connector for GitHub. ${addConnector(USUAL, issuer)}`,
  );
}

/** What is known of a refused exchange. */
export interface ExchangeContext {
  readonly server: string;
  readonly connector: string;
  /** Of GitHub's token. */
  readonly claims: Claims | undefined;
  readonly settings?: LoginSettings | undefined;
}

/** Whether the settings of the server may explain a refused exchange. */
export function isAboutConnector(answer: Answer): boolean {
  return NO_CONNECTOR.test(said(answer)) || answer.status === 404 || answer.status === 502;
}

const NO_CONNECTOR = /connector does not exist/i;

export function exchangeRefusal(
  answer: Answer,
  context: ExchangeContext,
): TerminalError | TransientError {
  const { status } = answer;
  const where = `${context.server} answered ${status} when asked to exchange GitHub's OIDC token`;
  if (isRedirect(answer)) return redirected(answer, where);
  if (status === 401) return tokenRefused(answer, context);
  if (status === 400) return badRequest(answer, context);
  if (status === 404) {
    return new TerminalError('invalid-input', `${where}: ${said(answer)}`, PATH_HINT);
  }
  if (status === 403) {
    const remedy =
      'Something in front of Argo CD refuses `/api/dex/token`: let it pass, or give `argocd-token`.';
    return new TerminalError('forbidden', `${where}: ${said(answer)}`, remedy);
  }
  const dex = status === 502 ? 'its Dex (argocd-dex-server) does not answer' : said(answer);
  return new TransientError(`${where}: ${dex}.`, retryAfterMs(answer.retryAfter));
}

function badRequest(answer: Answer, context: ExchangeContext): TerminalError {
  const { server, connector, claims, settings } = context;
  const told = said(answer);
  if (NO_CONNECTOR.test(told)) {
    const others = settings ? `: it has ${namesOf(settings.connectors)}` : '';
    return new TerminalError(
      'invalid-input',
      `${server} has no Dex connector ${connector} that can exchange GitHub's token${others}.`,
      `Check \`argocd-connector\`, the id of a connector of type oidc. ${addConnector(connector, claims?.iss ?? '')}`,
    );
  }
  if (/grant/i.test(told) || /does not support token exchange/i.test(told)) {
    return new TerminalError(
      'unauthorized',
      `${server} refuses to exchange GitHub's OIDC token: ${told}`,
      GRANT_REMEDY,
    );
  }
  return new TerminalError(
    'unauthorized',
    `${server} refuses to exchange GitHub's OIDC token: ${told}`,
    `The log of argocd-dex-server has the cause. ${addConnector(connector, claims?.iss ?? '')}`,
  );
}

const GRANT_REMEDY = `Its Dex does not exchange tokens. That needs Dex 2.37 or later (Argo CD 3.0 or later for policies by subject), and where \`dex.config\` limits the grants, this one among them:
dex.config: |
  oauth2:
    grantTypes:
      - authorization_code
      - refresh_token
      - urn:ietf:params:oauth:grant-type:token-exchange
The connector's own \`grantTypes\`, if it has any, needs it too. Otherwise give \`argocd-token\`.`;

function tokenRefused(answer: Answer, context: ExchangeContext): TerminalError {
  const { server, connector, claims } = context;
  const issuer = claims?.iss ?? '';
  const times = claims ? ` (valid from ${timeShown(claims.iat)} to ${timeShown(claims.exp)})` : '';
  return new TerminalError(
    'unauthorized',
    `${server} refuses GitHub's OIDC token (401): its Dex connector ${connector} does not accept a token of ${issuer || 'this issuer'}, or the clock of Dex is wrong (${said(answer)})`,
    `Compare \`issuer\` of the connector with that of the token, letter by letter: it has no slash at its end, and on GitHub Enterprise Server it is https://HOST/_services/token. Dex must reach that address, and its time must be within that of the token${times}. The log of argocd-dex-server has the cause. ${addConnector(connector, issuer)}`,
  );
}

function said(answer: Answer): string {
  const ofOauth = (body: Json) => {
    const [error, description] = [text(body['error']), text(body['error_description'])];
    return [error, description].filter((part) => part !== '').join(': ');
  };
  return sayingOf(answer, ofOauth);
}

function namesOf(connectors: readonly Connector[]): string {
  const names = connectors.map(({ id, name, type }) => `${id || name} (${type || 'no type'})`);
  return names.join(', ') || 'none';
}

function withConnector(id: string): string {
  return `with:
  source: argocd
  argocd-server: https://argocd.example.com
  argocd-connector: ${id}`;
}

const GITHUB = 'https://token.actions.githubusercontent.com';

/** The connector, to paste. */
function addConnector(id: string, issuer: string): string {
  return `A connector that trusts GitHub, in argocd-cm:
dex.config: |
  connectors:
    - type: oidc
      id: ${id}
      name: GitHub Actions
      config:
        issuer: ${issuer || GITHUB}
        scopes: [openid]
        userNameKey: sub
        insecureSkipEmailVerified: true
        insecureEnableGroups: true
        claimMapping: { groups: repository_id }`;
}
