import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { connect } from '../../../src/sources/kubernetes/index.js';
import { KUBECONFIGS } from '../../support/kubeconfigs.ts';
import { NO_ACCESS, surroundings } from './harness.js';

/**
 * Kubeconfigs without a plugin or proxy are read without client-node, for the start's sake: both
 * must come to the same server, trust and credentials.
 */
interface Way {
  readonly server: string;
  readonly ca: string;
  readonly servername: string;
  readonly verified: boolean;
  readonly cert: string;
  readonly key: string;
  readonly authorization: string;
}

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function ours(access: Partial<typeof NO_ACCESS>): Promise<Way> {
  const { base, trust, credentials } = await connect({ ...NO_ACCESS, ...access }, surroundings());
  const { headers, cert, key } = await credentials(false, new AbortController().signal);
  return {
    server: base,
    ca: trust.ca ?? '',
    servername: trust.servername ?? '',
    verified: trust.rejectUnauthorized !== false,
    cert: cert ?? '',
    key: key ?? '',
    authorization: String(headers['authorization'] ?? ''),
  };
}

async function theirs(load: (config: KubeConfig) => void): Promise<Way> {
  const config = new KubeConfig();
  load(config);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { Authorization = '' } = (options.headers ?? {}) as Record<string, string>;
  // It hands these over as Basic credentials, which only its own requests encode.
  const { auth } = options;
  const basic = auth ? `Basic ${Buffer.from(auth).toString('base64')}` : '';
  return {
    // Names of hosts are the same in any case.
    server: new URL(config.getCurrentCluster()?.server ?? '').href.replace(/\/+$/, ''),
    ca: String(options.ca ?? ''),
    servername: options.servername ?? '',
    verified: options.rejectUnauthorized !== false,
    cert: String(options.cert ?? ''),
    key: String(options.key ?? ''),
    authorization: Authorization || basic,
  };
}

// Plain http is refused here, and client-node forgets the authority of a context without a user.
const OURS = ['an address without a scheme of TLS', 'no user'];
const REACHABLE = KUBECONFIGS.filter(({ name }) => !OURS.includes(name));

test.each(REACHABLE)('$name', async ({ text }) => {
  expect(await ours({ kubeconfig: text })).toEqual(
    await theirs((config) => config.loadFromString(text)),
  );
});

test.each(REACHABLE)('$name, from the file that KUBECONFIG names', async ({ text }) => {
  const path = join(directory, 'config');
  await writeFile(path, text);
  expect(await ours({ kubeconfigEnv: path })).toEqual(
    await theirs((config) => config.loadFromFile(path)),
  );
});

test('files beside the kubeconfig', async () => {
  const [{ text = '' } = {}] = KUBECONFIGS;
  const fields = ['certificate-authority', 'client-certificate', 'client-key'];
  await mkdir(join(directory, 'pki'), { recursive: true });
  let named = text;
  for (const field of fields) {
    const [line = '', data = ''] = new RegExp(`${field}-data: (.*)`).exec(text) ?? [];
    await writeFile(join(directory, 'pki', field), Buffer.from(data, 'base64'));
    named = named.replace(line, `${field}: pki/${field}`);
  }
  const path = join(directory, 'named');
  await writeFile(path, named);
  const way = await ours({ kubeconfigEnv: path });
  expect(way).toEqual(await theirs((config) => config.loadFromFile(path)));
  expect(way).toEqual(await ours({ kubeconfig: text }));
});
