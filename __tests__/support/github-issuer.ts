import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type TokenClaims = Readonly<Record<string, unknown>>;

/** A stand-in for GitHub's token service: mints tokens with GitHub's claims, and can tell its own. */
export interface GithubIssuer {
  /** What a runner gives to a job with `id-token: write`. */
  readonly env: Readonly<Record<string, string>>;
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** Audiences that were asked for, in order. */
  readonly audiences: readonly string[];
  /** Every token so far. */
  readonly minted: readonly string[];
  /** Beside the usual claims, or in their place; may be replaced while it runs. */
  claims: TokenClaims;
  /** Of its clock, in milliseconds; may be replaced while it runs. */
  now: () => number;
  /** The claims of a token of its own that is valid at a time; undefined: any other. */
  accepts(token: string, now: number): TokenClaims | undefined;
  close(): Promise<void>;
}

/** GitHub's tokens are valid so long, in seconds. */
const LIFE = 300;
/** go-oidc lets a token in so long before its `nbf`, in seconds. */
const LEEWAY = 300;
const REQUEST_TOKEN = 'github-request-token-77c1';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Of a push to main of acme/shop, in the immutable form of subjects. */
const CLAIMS: TokenClaims = {
  sub: 'repo:acme@123456/shop@456789:ref:refs/heads/main',
  repository: 'acme/shop',
  repository_id: '456789',
  repository_owner: 'acme',
  repository_owner_id: '123456',
  ref: 'refs/heads/main',
};

export async function startGithubIssuer(
  issuer = 'https://token.actions.githubusercontent.com',
): Promise<GithubIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const audiences: string[] = [];
  const minted: string[] = [];
  const github = { claims: {} as TokenClaims, now: Date.now as () => number };
  const mint = (aud: string): string => {
    const iat = Math.floor(github.now() / 1000);
    const times = { iat, nbf: iat - LEEWAY, exp: iat + LIFE };
    const claims = { ...CLAIMS, iss: issuer, aud, ...times, jti: minted.length, ...github.claims };
    const signed = `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part(claims)}`;
    const token = `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
    minted.push(token);
    return token;
  };
  const server = createServer((request, response) => {
    const allowed = request.headers.authorization === `Bearer ${REQUEST_TOKEN}`;
    const aud = new URL(request.url ?? '/', 'http://github').searchParams.get('audience') ?? '';
    if (allowed) audiences.push(aud);
    response.writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(allowed ? { value: mint(aud) } : { message: 'no' }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return Object.assign(github, {
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/idtoken/1?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    },
    ...{ issuer, audiences, minted },
    accepts(token: string, now: number): TokenClaims | undefined {
      const [head = '', payload = '', signature = ''] = token.split('.');
      const genuine = verify(
        null,
        Buffer.from(`${head}.${payload}`),
        publicKey,
        Buffer.from(signature, 'base64url'),
      );
      if (!genuine) return undefined;
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as TokenClaims;
      const seconds = now / 1000;
      const inTime = seconds < Number(claims['exp']) && seconds >= Number(claims['nbf']) - LEEWAY;
      return inTime ? claims : undefined;
    },
    close: () =>
      new Promise<void>((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  });
}
