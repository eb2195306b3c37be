import { describe, expect, test } from '@jest/globals';
import { withHints } from '../../src/conclude/hints.js';
import type { Inputs } from '../../src/inputs/types.js';
import type { Report } from '../../src/report/report.js';
import type { Source } from '../../src/sources/source.js';
import { fakeClock } from '../support/fake-clock.ts';

const ACCESS: Inputs['access'] = {
  kubeconfig: undefined,
  context: '',
  server: '',
  token: '',
  oidcAudience: '',
  certificateAuthority: '',
  insecureSkipTlsVerify: false,
  kubeconfigEnv: '',
  home: '/home/runner',
};

const REFUSED: Report = {
  conclusion: 'failure',
  reason: 'unauthorized',
  message: 'It does not accept the credentials (401): Unauthorized',
  remedy: 'Check the token.',
  applications: [],
  filters: [],
  matched: new Map(),
  changes: [],
  fieldValues: false,
  waitedMs: 0,
};

/** Nothing is asked of it where credentials are refused. */
const SOURCE = {} as Source;

function hinted(
  access: Partial<Inputs['access']>,
  source: Inputs['source'] = 'cluster',
  claims = '',
) {
  const inputs = {
    source,
    access: { ...ACCESS, ...access },
    applicationNamespace: 'argocd',
    argocdServer: '',
  };
  const dependencies = { clock: fakeClock(), cancelled: new AbortController().signal };
  return withHints(REFUSED, { ends: new Map() }, inputs, SOURCE, claims, dependencies);
}

describe('credentials that were refused', () => {
  test.each<[Partial<Inputs['access']>, string]>([
    [{ server: 'https://k', token: 'word' }, 'the input `token`'],
    [{ server: 'https://k', oidcAudience: 'k' }, 'an OIDC token of GitHub (oidc-audience: k)'],
    [{ kubeconfig: {} }, 'the current user of the input `kubeconfig`'],
    [{ kubeconfig: {}, context: 'prod' }, 'the user of context prod of the input `kubeconfig`'],
    [{ kubeconfigEnv: '/x' }, 'the current user of the file that KUBECONFIG names'],
    [{}, 'the service account of the runner, or the kubeconfig in its home directory'],
  ])('%j are named', async (access, name) => {
    const { message } = await hinted(access);
    expect(message).toBe(`${REFUSED.message}. Used: ${name}`);
  });

  test('say what they are for, where they can', async () => {
    const { remedy } = await hinted({ oidcAudience: 'k' }, 'cluster', 'Its claims: aud k');
    expect(remedy).toBe('Check the token.\nIts claims: aud k');
  });

  test('of Argo CD are named by the message already', async () => {
    expect((await hinted({ token: 'of the cluster' }, 'argocd')).message).toBe(REFUSED.message);
  });
});
