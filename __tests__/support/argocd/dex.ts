import { randomUUID } from 'node:crypto';
import type { Reply } from '../api/exchange.ts';
import type { TokenClaims } from '../github-issuer.ts';

/** How one logs in to a server without a token of its own; may be changed while it runs. */
export interface DexOptions {
  /** In `dex.config`; default: none, so there is no Dex. */
  readonly connectors?: readonly DexConnector[];
  /** The provider in `oidc.config`. */
  readonly oidcConfig?: { readonly name: string; readonly issuer: string };
  /** `oauth2.grantTypes` leaves out the exchange, or Dex is too old for it. */
  readonly noExchange?: boolean;
  /** argocd-dex-server is not there. */
  readonly down?: boolean;
  /** Of Argo CD's tokens, in seconds; default a day. */
  readonly expiresIn?: number;
  /** Dex's clock against the server's, in milliseconds. */
  readonly skewMs?: number;
  /** `policy.csv`; default: a login may do nothing. */
  readonly policy?: string;
}

export interface DexConnector {
  /** Absent: the server does not tell it, as older versions do not. */
  readonly id?: string;
  readonly name: string;
  readonly type: string;
  /** The claims of a token that the issuer of the connector has minted and that is valid. */
  readonly accepts?: (token: string, now: number) => TokenClaims | undefined;
  /** `claimMapping: { groups: … }` */
  readonly groups?: string;
}

/** Whoever has logged in. */
export interface Session {
  readonly subject: string;
  readonly groups: readonly string[];
  /** In milliseconds since the epoch. */
  readonly until: number;
}

/** Dex and the part of Argo CD that knows of it. */
export class Dex {
  readonly #sessions = new Map<string, Session>();
  options: DexOptions;

  constructor(options: DexOptions) {
    this.options = options;
  }

  /** Tokens that were given, oldest first. */
  get given(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  session(token: string, now: number): Session | undefined {
    const session = this.#sessions.get(token);
    return session && now < session.until ? session : undefined;
  }

  /** As when Argo CD's signing key was changed: what was given is worth nothing. */
  revoke(): void {
    for (const [token, session] of this.#sessions) {
      this.#sessions.set(token, { ...session, until: 0 });
    }
  }

  settings(url: string): object {
    const { connectors, oidcConfig } = this.options;
    const shown = connectors?.map(({ id, name, type }) => ({ ...(id ? { id } : {}), name, type }));
    return {
      url,
      ...(shown ? { dexConfig: { connectors: shown } } : {}),
      ...(oidcConfig ? { oidcConfig } : {}),
    };
  }

  /** `POST /api/dex/token`, as of Dex 2.45 behind Argo CD 3.6. */
  exchange(authorization: string, body: string, now: number): Reply {
    const { connectors, down, noExchange, expiresIn = 86_399, skewMs = 0 } = this.options;
    if (!connectors) return { code: 404, text: '404 page not found\n', type: 'text/plain' };
    if (down) return { code: 502, text: '' };
    const form = new URLSearchParams(body);
    if (authorization !== `Basic ${Buffer.from('argo-cd-cli:').toString('base64')}`) {
      return refuse(401, 'invalid_client', 'Invalid client credentials.');
    }
    if (noExchange || form.get('grant_type') !== `${OAUTH}:grant-type:token-exchange`) {
      return refuse(400, 'unsupported_grant_type', '');
    }
    if (form.get('subject_token_type') !== `${OAUTH}:token-type:id_token`) {
      return refuse(400, 'request_not_supported', 'Invalid subject_token_type.');
    }
    const connector = connectors.find(({ id, name }) => (id ?? name) === form.get('connector_id'));
    if (!connector?.accepts) {
      return refuse(400, 'invalid_request', 'Requested connector does not exist.');
    }
    // The audience is not looked at.
    const claims = connector.accepts(form.get('subject_token') ?? '', now + skewMs);
    if (!claims) return refuse(401, 'access_denied', '');
    const groups = connector.groups ? [String(claims[connector.groups])] : [];
    const session = { subject: String(claims['sub']), groups, until: now + expiresIn * 1000 };
    const token = jwt(session, form.get('connector_id') ?? '', now);
    this.#sessions.set(token, session);
    const answer = {
      access_token: token,
      issued_token_type: `${OAUTH}:token-type:access_token`,
      token_type: 'bearer',
      expires_in: expiresIn,
    };
    return { code: 200, text: JSON.stringify(answer) };
  }

  /** By subject exactly, or by a group that has a role: a group in place of a role does nothing. */
  allows({ subject, groups }: Session, action: string, object: string): boolean {
    const rules = (this.options.policy ?? '').split('\n').map(fieldsOf);
    const roles = rules
      .filter(([kind, who = '']) => kind === 'g' && [subject, ...groups].includes(who))
      .map(([, , role = '']) => role);
    return rules.some(([kind, who = '', resource, act, pattern = '', effect]) => {
      const meant = kind === 'p' && resource === 'applications' && effect === 'allow';
      const matches = act === action && glob(pattern).test(object);
      return meant && matches && [subject, ...roles].includes(who);
    });
  }
}

const OAUTH = 'urn:ietf:params:oauth';

function refuse(code: number, error: string, description: string): Reply {
  const more = description === '' ? {} : { error_description: description };
  return { code, text: JSON.stringify({ error, ...more }) };
}

function jwt({ subject, groups, until }: Session, connector: string, now: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    sub: Buffer.from(`${subject} ${connector}`).toString('base64url'),
    aud: 'argo-cd-cli',
    iat: Math.floor(now / 1000),
    exp: Math.floor(until / 1000),
    ...(groups.length > 0 ? { groups } : {}),
    federated_claims: { connector_id: connector, user_id: subject },
  };
  return `${part({ alg: 'RS256' })}.${part(claims)}.${randomUUID().replaceAll('-', '')}`;
}

/** The fields of a line of CSV, as Go reads them. */
function fieldsOf(line: string): readonly string[] {
  return [...line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)].map(
    ([, quoted, bare = '']) => quoted?.replaceAll('""', '"') ?? bare,
  );
}

function glob(pattern: string): RegExp {
  const literal = pattern.split('*').map((each) => each.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`);
}
