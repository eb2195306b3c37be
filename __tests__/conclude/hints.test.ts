import { describe, expect, test } from '@jest/globals';
import { withHints } from '../../src/conclude/hints.js';
import type { ApplicationResult } from '../../src/core/result/vocabulary.js';
import type { Inputs } from '../../src/inputs/types.js';
import type { Report } from '../../src/report/report.js';
import type { Source } from '../../src/sources/source.js';
import { result } from '../report/reports.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { scriptedSource } from '../support/scripted-source.ts';

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
    applications: ['shop'],
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

describe('an Application that does not exist', () => {
  const MISSING: Partial<ApplicationResult> = {
    application: 'shop',
    conclusion: 'failure',
    reason: 'missing',
    rule: 'missing',
    message: 'shop: it does not exist',
  };

  /** @param names those that exist */
  async function messageFor(
    end: Partial<ApplicationResult>,
    names: readonly string[],
    applications: readonly string[] = ['shop'],
  ) {
    const missing = result({ ...MISSING, ...end });
    const { conclusion, reason, message } = missing;
    const asked: string[] = [];
    const source: Source = {
      ...scriptedSource(),
      names: async (namespace) => {
        asked.push(namespace);
        return names;
      },
    };
    const report = { ...REFUSED, conclusion, reason, message, applications: [missing] };
    const inputs = {
      source: 'cluster',
      access: ACCESS,
      applications,
      applicationNamespace: 'argocd',
      argocdServer: '',
    } as const;
    const dependencies = { clock: fakeClock(), cancelled: new AbortController().signal };
    const hinted = await withHints(report, { ends: new Map() }, inputs, source, '', dependencies);
    return { asked, hint: hinted.message.replace(message, ''), remedy: hinted.remedy };
  }

  test('may be one whose name is much the same', async () => {
    expect(await messageFor({}, ['shop-api'])).toMatchObject({
      asked: ['argocd'],
      hint: '. Did you mean shop-api?',
    });
  });

  test('may be another, or still to come', async () => {
    const { hint } = await messageFor({}, ['web']);
    expect(hint).toMatch(
      /^\. Check `application`.*; with `if-missing: wait` the step waits for it\.$/,
    );
  });

  test('was waited for', async () => {
    const { hint } = await messageFor({ conclusion: 'timeout' }, ['web']);
    expect(hint).toBe('. Check `application`, `application-namespace` and `selector`.');
  });

  test('has no name where a selector found none', async () => {
    const application = 'app.kubernetes.io/name=shop';
    const { asked, hint } = await messageFor({ application }, ['name=shop'], []);
    expect(asked).toEqual([]);
    expect(hint).toMatch(/^\. Check .*`selector`/);
  });

  test('of an ApplicationSet is waited for, or was', async () => {
    const rule = 'applicationset-absent';
    const { remedy } = await messageFor({ rule }, []);
    expect(remedy).toMatch(/^Check `applicationset`[\s\S]*\nwith:\n {2}if-missing: wait$/);
    const late = await messageFor({ rule, conclusion: 'timeout' }, []);
    expect(late.remedy).toMatch(/^Check `applicationset`.*\nCheck the token\.$/);
  });

  test('was named by the one that manages it, and by no input', async () => {
    const managed = { conclusion: 'timeout', parent: 'root' } as const;
    expect(await messageFor(managed, ['shop-api'])).toMatchObject({ asked: [], hint: '' });
  });
});
