import type { generate } from 'selfsigned';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** PEM of the authority that signed both. */
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

type Options = NonNullable<Parameters<typeof generate>[1]>;
type Extensions = NonNullable<Options['extensions']>;

/** Whom the client certificate of the shared ones names. */
export const DEFAULT_USER = 'github:acme/shop';

/** Those of the servers of a process, and of a run of Jest; and such as nobody here trusts. */
interface Shared {
  readonly own: Certificates;
  readonly foreign: Certificates;
}

/** Where the run of the tests has put what all its processes share. */
const VARIABLE = 'TEST_CERTIFICATES';
const made = JSON.parse(process.env[VARIABLE] ?? '{}') as Partial<Shared>;
let own: Promise<Certificates> | undefined;
let foreign: Promise<Certificates> | undefined;

/** The same for all servers of a process, and of a run of Jest. */
export function sharedCertificates(): Promise<Certificates> {
  own ??= made.own ? Promise.resolve(made.own) : createCertificates(DEFAULT_USER);
  return own;
}

/** Those of an authority that signed none of the shared ones. */
export function foreignCertificates(): Promise<Certificates> {
  foreign ??= made.foreign ? Promise.resolve(made.foreign) : createCertificates('another user');
  return foreign;
}

/** Makes what the processes to come share: each would take a quarter of a second for its own. */
export async function shareCertificates(): Promise<void> {
  const shared = { own: await sharedCertificates(), foreign: await foreignCertificates() };
  process.env[VARIABLE] = JSON.stringify(shared satisfies Shared);
}

const LIFE_MS = 24 * 60 * 60 * 1000;

/** A throw-away authority, a server certificate for the loopback, a client certificate of `user`. */
export async function createCertificates(user: string): Promise<Certificates> {
  const authority = await pair('post-sync-test-ca', [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]);
  const server = await pair(
    'kube-apiserver',
    [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
    authority,
  );
  const client = await pair(
    user,
    [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', clientAuth: true },
    ],
    authority,
  );
  return { ca: authority.cert, server, client };
}

/** @param ca signs it; by default it signs itself */
export async function pair(name: string, extensions: Extensions, ca?: KeyPair): Promise<KeyPair> {
  // Loaded where it is needed: most processes have what they share.
  const { generate } = await import('selfsigned');
  const now = Date.now();
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // Back-dated, so that a clock which is a little behind still accepts it.
    notBeforeDate: new Date(now - LIFE_MS),
    notAfterDate: new Date(now + LIFE_MS),
    extensions,
    ...(ca ? { ca } : {}),
  });
  return { cert: `${made.cert.trim()}\n`, key: `${made.private.trim()}\n` };
}
