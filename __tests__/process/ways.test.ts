import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../support/api-server.ts';
import type { DexOptions } from '../support/argocd/dex.ts';
import { startArgocdServer } from '../support/argocd-server.ts';
import { atATime } from '../support/at-a-time.ts';
import { type GithubIssuer, startGithubIssuer } from '../support/github-issuer.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { flowStyle } from '../support/readme-kubeconfig.ts';
import { loadTrace, replay } from '../support/replay.ts';
import { expectEnd, said, stepOn } from './steps.ts';

/**
 * Every way in and through the built action, once: what is loaded only where it is needed is in the
 * bundle, and works there. What each of them does is tested in `run/`.
 */

type Inputs = Readonly<Record<string, string>>;

interface Way {
  readonly name: string;
  readonly serve?: ApiServerOptions;
  readonly step: (server: ApiServer) => Promise<StepResult>;
  /** `CONCLUSION/REASON`; default: success, synced. */
  readonly ends?: string;
  readonly check?: (result: StepResult, server: ApiServer) => void;
}

/** Whenever the test runs. */
const FREEZE = {
  ...{ kind: 'deny', schedule: '* * * * *', duration: '1h', timeZone: 'Europe/Berlin' },
  clusters: ['https://kubernetes.*'],
};

const NO_SERVER: Inputs = { server: '', token: '', 'certificate-authority': '' };

/** A step without a token for Argo CD, which trusts GitHub by a Dex of its own. */
async function loggedIn(dexOf: (github: GithubIssuer) => DexOptions): Promise<StepResult> {
  const github = await startGithubIssuer();
  const argocd = await startArgocdServer({ objects: [manifest('shop')], dex: dexOf(github) });
  const { url, ca } = argocd;
  const inputs = { source: 'argocd', 'argocd-server': url, 'certificate-authority': ca };
  try {
    return await runAction({ inputs: { ...inputs, application: 'shop' }, env: github.env });
  } finally {
    await argocd.close();
    await github.close();
  }
}

const WAYS: readonly Way[] = [
  { name: 'server and token', step: (server) => stepOn(server) },
  {
    name: 'the kubeconfig of the README',
    step: (server) => stepOn(server, { ...NO_SERVER, kubeconfig: flowStyle(server) }),
  },
  {
    name: 'a kubeconfig with a client certificate',
    serve: { requestCert: true },
    step(server) {
      const kubeconfig = server.kubeconfig({ user: 'certificate' });
      return stepOn(server, { ...NO_SERVER, kubeconfig });
    },
  },
  {
    name: 'KUBECONFIG, below the working directory',
    step(server) {
      const files = { 'kube/config': server.kubeconfig() };
      return stepOn(server, NO_SERVER, { files, env: { KUBECONFIG: 'kube/config' } });
    },
  },
  {
    name: 'many Applications, and filters from a file',
    serve: { objects: [manifest('shop'), manifest('shop-eu')] },
    step(server) {
      const files = { 'ci/filters.yml': "all: '*/*'\n" };
      return stepOn(server, { application: 'shop*', filters: 'ci/filters.yml' }, { files });
    },
    check: ({ outputs }) => expect(outputs['all']).toBe('false'),
  },
  {
    name: 'a late start: the live objects are asked',
    serve: { objects: [] },
    async step(server) {
      const trace = loadTrace('started-late');
      const playing = replay(server, trace);
      const { application, revision } = trace;
      return stepOn(server, { application, revision }).finally(playing.stop);
    },
    check(_, { requests }) {
      expect(requests.filter(({ verb }) => verb === 'get')).not.toEqual([]);
    },
  },
  {
    name: 'a trigger',
    step(server) {
      server.onPatch = () => void server.put(manifest('shop', { revision: B }));
      return stepOn(server, { trigger: 'refresh', revision: B });
    },
  },
  {
    name: 'a sync window that does not open before the timeout',
    serve: {
      objects: [manifest('shop', { revision: B, sync: 'OutOfSync', synced: A })],
      live: [
        {
          ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject' },
          metadata: { namespace: 'argocd', name: 'default' },
          spec: { syncWindows: [FREEZE] },
        },
      ],
    },
    step: (server) => stepOn(server, { revision: B }),
    ends: 'failure/sync-window',
    check: (result) => expect(said(result, 'error')[0]).toContain('* * * * *, 1h, Europe/Berlin'),
  },
  {
    name: 'a name that GitHub is asked about, in vain',
    step: (server) => stepOn(server, { revision: B, timeout: '1s' }, { githubToken: 'ghs_token' }),
    ends: 'timeout/timeout',
  },
  {
    name: 'a name that is not there',
    step: (server) => stepOn(server, { application: 'shopp' }),
    ends: 'failure/missing',
    check: (result) => expect(said(result, 'error')[0]).toContain('Did you mean shop?'),
  },
  {
    name: 'a server that allows nothing',
    serve: { objects: [], authorize: () => false },
    step: (server) => stepOn(server),
    ends: 'failure/forbidden',
    check: (result) => expect(said(result, 'error')[0]).toContain('kind: RoleBinding\n'),
  },
  {
    name: 'a server of another authority',
    step: (server) => stepOn(server, { 'certificate-authority': server.client.cert }),
    ends: 'failure/unreachable',
    check: (result) => expect(said(result, 'error')[0]).toContain('certificate-authority'),
  },
  {
    name: 'a login to Argo CD without a stored token, which may not see the Application',
    step: () =>
      loggedIn(({ accepts }) => ({
        connectors: [{ id: 'github-actions', name: 'GitHub', type: 'oidc', accepts }],
      })),
    ends: 'failure/missing',
    check(result) {
      const [error] = said(result, 'error');
      expect(error).toMatch(
        /^p, repo:acme@123456\/shop@456789:ref:refs\/heads\/main, applications/m,
      );
    },
  },
  {
    name: 'a login to Argo CD that is refused',
    step: () => loggedIn(() => ({})),
    ends: 'failure/invalid-input',
    check: (result) => expect(said(result, 'error')[0]).toContain('has no Dex to exchange'),
  },
  {
    name: 'inputs that are not valid',
    step: (server) => stepOn(server, { timeout: 'soon', filters: 'web: [' }),
    ends: 'failure/invalid-input',
    check: (_, { requests }) => expect(requests).toEqual([]),
  },
];

async function runWay({ serve, step, ends = 'success/synced', check }: Way): Promise<void> {
  const server = await startApiServer({ objects: [manifest('shop')], ...serve });
  try {
    const result = await step(server);
    const [conclusion = '', reason = ''] = ends.split('/');
    expectEnd(result, conclusion, reason);
    check?.(result, server);
  } finally {
    await server.close();
  }
}

let runs: ReadonlyMap<Way, Promise<void>>;
beforeAll(() => {
  runs = atATime(3, WAYS, runWay);
});
afterAll(() => Promise.allSettled(runs.values()));

test.each(WAYS.map((way) => [way.name, way] as const))('%s', async (_, way) => runs.get(way));
