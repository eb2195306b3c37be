import { parseApplication } from '../../src/core/application/parse.js';
import type { Application } from '../../src/core/application/types.js';
import { isInCluster } from '../../src/core/application/types.js';
import { causesOf } from '../../src/core/result/causes.js';
import { hooksOf } from '../../src/core/within/hooks.js';
import type { Connection } from '../../src/http/connection.js';
import { TIMEOUTS, type Transport, transport } from '../../src/http/transport.js';
import type { Clock } from '../../src/platform/clock.js';
import { connectArgocd } from '../../src/sources/argocd/index.js';
import { argocdInspector } from '../../src/sources/argocd/inspector.js';
import type { Inspection, Inspector } from '../../src/sources/inspector.js';
import { connect } from '../../src/sources/kubernetes/connect.js';
import { kubernetesInspector } from '../../src/sources/kubernetes/inspector.js';
import {
  type ApiServer,
  type ApiServerOptions,
  type KubeObject,
  startApiServer,
} from '../support/api-server.ts';
import {
  type ArgocdServer,
  type ArgocdServerOptions,
  startArgocdServer,
} from '../support/argocd-server.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { accessTo, dependencies } from './kubernetes/harness.js';

/** Inspectors in front of test servers. Time stands still unless a test moves it: no deadline is a race. */
export const NEVER = new AbortController().signal;

export interface Inspecting<Server> {
  readonly server: Server;
  readonly inspector: Inspector;
  close(): Promise<void>;
}

export async function overArgocd(
  options: ArgocdServerOptions,
  clock: Clock = fakeClock(),
): Promise<Inspecting<ArgocdServer>> {
  const server = await startArgocdServer(options);
  const trust = { certificateAuthority: server.ca, insecureSkipTlsVerify: false };
  const connection = connectArgocd(
    { server: server.url, token: server.token, trust },
    { env: {}, log: recordingLog(), mask: () => undefined },
  );
  const { pool, close } = pooled(connection, server, clock);
  const action = (key: string) => {
    const [, name = ''] = key.split('/');
    return { action: 'get', what: key, object: `default/${name}` } as const;
  };
  const parts = { transport: pool, server: connection.name, clock, action };
  return { server, inspector: argocdInspector(parts), close };
}

export async function overKubernetes(
  options: ApiServerOptions,
  clock: Clock = fakeClock(),
): Promise<Inspecting<ApiServer>> {
  const server = await startApiServer(options);
  const connection = await connect(accessTo(server), dependencies());
  const { pool, close } = pooled(connection, server, clock);
  const inspector = kubernetesInspector({
    transport: pool,
    server: connection.name,
    clock,
    reaches: ({ destination }) => isInCluster(destination),
  });
  return { server, inspector, close };
}

function pooled(
  connection: Connection,
  server: { close(): Promise<void> },
  clock: Clock,
): { readonly pool: Transport; close(): Promise<void> } {
  const pool = transport(connection, clock, TIMEOUTS);
  return {
    pool,
    async close() {
      pool.close();
      await server.close();
    },
  };
}

/** An Application that deploys into the cluster of its Argo CD, and what it manages. */
export function managing(
  resources: readonly object[],
  over: { readonly name?: string; readonly status?: object; readonly server?: string } = {},
): KubeObject {
  const { name = 'shop', status = {}, server = 'https://kubernetes.default.svc' } = over;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { namespace: 'argocd', name },
    spec: { destination: { server, namespace: 'shop' } },
    status: { resources, ...status },
  };
}

/** What causes a look leads to; what could not be seen as `unavailable: …`. */
export function told(object: KubeObject, inspection: Inspection): readonly string[] {
  if (inspection.kind === 'unavailable') return [`unavailable: ${inspection.message}`];
  const application = read(object);
  return causesOf(inspection.tree, {
    application: application.name,
    namespace: application.destination.namespace,
    hooks: hooksOf(application),
  }).map(({ message }) => message);
}

export function read(object: KubeObject): Application {
  return parseApplication(object);
}
