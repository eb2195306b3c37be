/** What is waited on: a real kube-apiserver where there is one, else that of the tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createCertificates } from '../../__tests__/support/api/certificates.ts';
import { type KubeObject, startApiServer } from '../../__tests__/support/api-server.ts';
import { APPLICATIONS_PATH, ask } from '../../__tests__/support/client.ts';
import { type Api, apiOf, DEFINITIONS, definitionOf, kindOf, pathOf } from '../kubernetes.ts';
import { until } from '../script.ts';
import { SETTINGS } from './objects.ts';
import { type Access, onPath, versionOf, WORK } from './programs.ts';

export interface Cluster extends Access, AsyncDisposable {
  /** As it is to be named beside the figures. */
  readonly about: string;
  readonly real: boolean;
  /** Creates an Application or changes it; resolves when the server has it. */
  put(object: KubeObject): Promise<void>;
}

/** The ConfigMaps of `SETTINGS` are there. */
export async function openCluster(): Promise<Cluster> {
  const isReal = ['etcd', 'kube-apiserver', 'kubectl'].every((name) => onPath(name));
  if (isReal) return realCluster();
  const server = await startApiServer({ live: SETTINGS });
  const put = async (object: KubeObject) => void server.put(object);
  return { ...server, about: "the tests' API server", real: false, put };
}

async function realCluster(): Promise<Cluster> {
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of children.reverse()) {
      if (child.exitCode === null && child.kill()) await once(child, 'exit');
    }
  };
  try {
    const access = await startControlPlane(children);
    const api = apiOf(access);
    await furnish(api);
    await ready(access, APPLICATIONS_PATH);
    return {
      ...access,
      about: `kube-apiserver ${versionOf('kube-apiserver', ['--version'])} on etcd, on the loopback`,
      real: true,
      async put({ metadata: { uid: _, ...metadata }, ...rest }) {
        const path = `${APPLICATIONS_PATH}/${metadata.name}?fieldManager=bench&force=true`;
        await api('PATCH', path, { ...rest, metadata });
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startControlPlane(children: ChildProcess[]): Promise<Access> {
  const directory = join(WORK, 'cluster');
  mkdirSync(directory);
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
  const { ca, server } = await createCertificates('admin');
  const begin = (name: string, options: Readonly<Record<string, string>>): void => {
    const args = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
    const child = spawn(name, args, { cwd: directory, stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    children.push(child);
  };
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const token = 'bench-token';
  const [cert, key] = [file('server.crt', server.cert), file('server.key', server.key)];
  const etcd = `http://127.0.0.1:${clients}`;
  begin('etcd', {
    ...{ 'data-dir': join(directory, 'etcd'), 'unsafe-no-fsync': 'true' },
    ...{ 'listen-client-urls': etcd, 'advertise-client-urls': etcd },
    'listen-peer-urls': `http://127.0.0.1:${peers}`,
  });
  begin('kube-apiserver', {
    ...{ 'etcd-servers': etcd, 'bind-address': '127.0.0.1', 'secure-port': String(port) },
    ...{ 'advertise-address': '127.0.0.1', 'service-cluster-ip-range': '10.0.0.0/24' },
    ...{ 'authorization-mode': 'RBAC', 'disable-admission-plugins': 'ServiceAccount' },
    ...{ 'tls-cert-file': cert, 'tls-private-key-file': key },
    'token-auth-file': file('tokens.csv', `${token},bench,bench,"system:masters"\n`),
    ...{ 'service-account-key-file': cert, 'service-account-signing-key-file': key },
    ...{ 'service-account-issuer': 'https://kubernetes.default.svc', 'cert-dir': directory },
  });
  const access = { url: `https://127.0.0.1:${port}`, token, ca };
  await ready(access, '/readyz');
  return access;
}

/** The definition of Applications, the namespaces, and what the Applications' syncs have applied. */
async function furnish(api: Api): Promise<void> {
  await api('POST', DEFINITIONS, definitionOf(kindOf('Application')));
  for (const name of ['argocd', 'shop'])
    await api('POST', '/api/v1/namespaces', { metadata: { name } });
  for (const { metadata, ...rest } of SETTINGS) {
    const body = { ...rest, metadata: { name: metadata.name } };
    await api('POST', pathOf(kindOf('ConfigMap'), 'shop'), body);
  }
}

async function ready(access: Access, path: string): Promise<void> {
  const answers = async () => (await ask(access, path).catch(() => undefined))?.code === 200;
  await until(answers, `${path} answers`, { withinMs: 120_000, everyMs: 100 });
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
