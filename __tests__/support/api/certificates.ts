import { generate } from 'selfsigned';

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

async function pair(name: string, extensions: Extensions, ca?: KeyPair): Promise<KeyPair> {
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
