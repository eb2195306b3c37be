/** What is waited on: a real kube-apiserver where there is one, else that of the tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCertificates } from '../../__tests__/support/api/certificates.ts';
import { type KubeObject, startApiServer } from '../../__tests__/support/api-server.ts';
import { APPLICATIONS_PATH, ask } from '../../__tests__/support/client.ts';
import { SETTINGS } from './objects.ts';
import { type Access, onPath, versionOf, WORK } from './programs.ts';

export interface Cluster extends Access {
  /** As it is to be named beside the figures. */
  readonly about: string;
  readonly real: boolean;
  /** Creates an Application or changes it; resolves when the server has it. */
  put(object: KubeObject): Promise<void>;
  close(): Promise<void>;
}

/** The ConfigMaps of `SETTINGS` are there. */
export async function testCluster(): Promise<Cluster> {
  const server = await startApiServer({ live: SETTINGS });
  const { url, token, ca, close } = server;
  const about = "the tests' API server";
  return { about, real: false, url, token, ca, close, put: async (each) => void server.put(each) };
}

const PATIENCE_MS = 120_000;
const PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl'] as const;

/** @returns undefined where it or what it needs is not on the PATH */
export async function realCluster(): Promise<Cluster | undefined> {
  if (PROGRAMS.some((name) => onPath(name) === undefined)) return undefined;
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null || !child.kill()) continue;
      await once(child, 'exit');
    }
  };
  try {
    return { ...(await startCluster(children)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startCluster(children: ChildProcess[]): Promise<Omit<Cluster, 'close'>> {
  const directory = join(WORK, 'cluster');
  mkdirSync(directory);
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
  const etcd = `http://127.0.0.1:${clients}`;
  const { ca, args } = identity(directory, await createCertificates('admin'));
  const begin = (name: string, more: readonly string[]): void => {
    const child = spawn(name, more, { cwd: directory, stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    children.push(child);
  };
  begin('etcd', [
    ...['--data-dir', join(directory, 'etcd'), '--unsafe-no-fsync'],
    ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
    ...['--listen-peer-urls', `http://127.0.0.1:${peers}`],
  ]);
  begin('kube-apiserver', [
    ...['--etcd-servers', etcd, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
    ...['--advertise-address', '127.0.0.1', '--service-cluster-ip-range', '10.0.0.0/24'],
    ...['--authorization-mode', 'RBAC', '--disable-admission-plugins', 'ServiceAccount'],
    ...args,
  ]);
  const access = { url: `https://127.0.0.1:${port}`, token: TOKEN, ca };
  await until(async () => (await ask(access, '/readyz')).code === 200);
  await furnish(access);
  return {
    ...access,
    about: `kube-apiserver ${versionOf('kube-apiserver', ['--version'])} on etcd, on the loopback`,
    real: true,
    async put({ metadata: { uid: _, ...metadata }, ...rest }) {
      const body = { ...APPLICATION, ...rest, metadata };
      const path = `${APPLICATIONS_PATH}/${metadata.name}`;
      const changed = await ask(access, path, { method: 'PATCH', body });
      if (changed.code === 404) await create(access, APPLICATIONS_PATH, body);
      else if (changed.code !== 200) throw new Error(`${path}: ${changed.text}`);
    },
  };
}

const TOKEN = 'bench-token';
const APPLICATION = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' };

/** Writes keys, certificates and tokens. @returns the authority and the options that name them */
function identity(
  directory: string,
  { ca, server }: Awaited<ReturnType<typeof createCertificates>>,
): { readonly ca: string; readonly args: readonly string[] } {
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const accounts = file('accounts.key', privateKey);
  return {
    ca,
    args: [
      ...['--tls-cert-file', file('server.crt', server.cert)],
      ...['--tls-private-key-file', file('server.key', server.key)],
      ...['--token-auth-file', file('tokens.csv', `${TOKEN},bench,bench,"system:masters"\n`)],
      ...['--service-account-key-file', accounts, '--service-account-signing-key-file', accounts],
      ...['--service-account-issuer', 'https://kubernetes.default.svc', '--cert-dir', directory],
    ],
  };
}

/** The definition of Applications, the namespaces, and what the Applications' syncs have applied. */
async function furnish(access: Access): Promise<void> {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const names = { plural: 'applications', singular: 'application', kind: 'Application' };
  await create(access, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'applications.argoproj.io' },
    spec: {
      group: 'argoproj.io',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1alpha1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  });
  for (const name of ['argocd', 'shop']) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await create(access, '/api/v1/namespaces', body);
  }
  for (const { metadata, ...rest } of SETTINGS) {
    const body = { ...rest, metadata: { name: metadata.name } };
    await create(access, '/api/v1/namespaces/shop/configmaps', body);
  }
  await until(async () => (await ask(access, APPLICATIONS_PATH)).code === 200);
}

async function create(access: Access, path: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { code, text } = await ask(access, path, { method: 'POST', headers, body });
  if (code !== 201) throw new Error(`${path}: ${code} ${text}`);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error('kube-apiserver is not ready in time');
    await sleep(100);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
