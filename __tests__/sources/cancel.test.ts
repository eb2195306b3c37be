import { afterEach, describe, expect, test } from '@jest/globals';
import { parseApplication } from '../../src/core/application/parse.js';
import { githubOidc } from '../../src/github/oidc.js';
import type { Connection } from '../../src/http/connection.js';
import { systemClock } from '../../src/platform/clock.js';
import { argocdEndpoint, argocdSource, connectArgocd } from '../../src/sources/argocd/index.js';
import { argocdLogin } from '../../src/sources/argocd/login.js';
import { connect } from '../../src/sources/kubernetes/connect.js';
import { kubernetesSource } from '../../src/sources/kubernetes/index.js';
import type { Source, SourceOptions } from '../../src/sources/source.js';
import { startApiServer } from '../support/api-server.ts';
import { startArgocdServer } from '../support/argocd-server.ts';
import { recordingLog } from '../support/recording-log.ts';
import { accessTo, dependencies } from './kubernetes/harness.js';

/** No wait of a source outlives the run's signal: nothing else ends one within a test's time. */

const LONG_MS = 20_000;
const TIMING = {
  connectMs: LONG_MS,
  idleMs: LONG_MS,
  credentialsMs: LONG_MS,
  idleTimeoutMs: LONG_MS,
  silenceTimeoutMs: LONG_MS,
};
const HANG = { kind: 'hang' } as const;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Server {
  readonly requests: { readonly length: number };
  readonly close: () => Promise<unknown>;
}

interface Reached {
  readonly server: Server;
  readonly connection: Connection;
  readonly make: (options: SourceOptions) => Source;
}

const KINDS: Readonly<Record<string, () => Promise<Reached>>> = {
  kubernetes: async () => {
    const server = await startApiServer({ intercept: () => HANG });
    const connection = await connect(accessTo(server), dependencies());
    return { server, connection, make: kubernetesSource };
  },
  argocd: async () => {
    const server = await startArgocdServer({ intercept: () => HANG });
    const trust = { certificateAuthority: server.ca, insecureSkipTlsVerify: false };
    const access = { server: server.url, token: server.token, trust };
    return { server, connection: connectArgocd(access, dependencies()), make: argocdSource };
  },
  'argocd, logging in': async () => {
    const server = await startArgocdServer({ intercept: () => HANG });
    const trust = { certificateAuthority: server.ca, insecureSkipTlsVerify: false };
    const endpoint = argocdEndpoint({ server: server.url, trust }, dependencies());
    const oidc = githubOidc('audience', systemClock(), async () => 'a-token');
    const options = { endpoint, oidc, connector: '', clock: systemClock() };
    const { credentials } = argocdLogin({ ...options, mask: () => undefined });
    return { server, connection: { ...endpoint, credentials }, make: argocdSource };
  },
};

const QUERY = {
  application: { namespace: 'argocd', name: 'shop' },
  ...{ group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' },
  defaultNamespace: '',
};
const PATCH = { namespace: 'argocd', name: 'shop', body: { metadata: { annotations: {} } } };

const CALLS: Readonly<Record<string, (source: Source, signal: AbortSignal) => Promise<unknown>>> = {
  watch: (source, signal) => source.watch(() => undefined, signal),
  relist: (source, signal) => source.relist(signal),
  live: (source, signal) => source.live([QUERY, QUERY], signal),
  names: (source, signal) => source.names('argocd', signal),
  uiAddress: (source, signal) => source.uiAddress('argocd', signal),
  patch: (source, signal) => source.patch(PATCH, signal),
};

/** The address of Argo CD's own UI is known without a request. */
const asks = (kind: string, name: string) => !(kind.startsWith('argocd') && name === 'uiAddress');

describe.each(Object.keys(KINDS))('%s', (kind) => {
  const calls = Object.entries(CALLS).filter(([name]) => asks(kind, name));

  async function reached(): Promise<Reached> {
    const all = await KINDS[kind]?.();
    if (!all) throw new Error(kind);
    closing.push(() => all.server.close());
    return all;
  }

  function sourceBy({ make }: Reached, connection: Connection): Source {
    return make({
      connection,
      selection: { namespace: 'argocd' },
      clock: systemClock(),
      log: recordingLog(),
      parse: parseApplication,
      pollIntervalMs: LONG_MS,
      random: () => 0,
      timing: TIMING,
    });
  }

  test.each(calls)('%s ends while the server does not answer', async (_, call) => {
    const there = await reached();
    const run = new AbortController();
    const settled = Promise.allSettled([call(sourceBy(there, there.connection), run.signal)]);
    while (there.server.requests.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    run.abort();
    await settled;
  });

  test.each(calls)('%s ends while there are no credentials', async (_, call) => {
    const there = await reached();
    const run = new AbortController();
    const asked = Promise.withResolvers<void>();
    const credentials = () => {
      asked.resolve();
      return new Promise<never>(() => undefined);
    };
    const settled = Promise.allSettled([
      call(sourceBy(there, { ...there.connection, credentials }), run.signal),
    ]);
    await asked.promise;
    run.abort();
    await settled;
    expect(there.server.requests).toHaveLength(0);
  });
});
