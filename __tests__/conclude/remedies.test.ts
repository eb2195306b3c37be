import { describe, expect, test } from '@jest/globals';
import { generate } from 'selfsigned';
import { parse } from 'yaml';
import { remedyFor } from '../../src/conclude/remedies.js';
import { noReport } from '../../src/conclude/report.js';
import type { Conclusion, Reason } from '../../src/core/result/vocabulary.js';
import { answerEvent } from '../../src/event/answer.js';
import { readInputs } from '../../src/inputs/index.js';
import { systemClock } from '../../src/platform/clock.js';
import { TerminalError } from '../../src/platform/errors.js';
import { LIST_ACTION, refusal } from '../../src/sources/argocd/refusals.js';
import { type ApiServerOptions, startApiServer } from '../support/api-server.ts';
import { eventOf, goldenPayloads, type Payload } from '../support/payloads.ts';
import { recordingLog } from '../support/recording-log.ts';

type End = readonly [conclusion: Conclusion, reason: Reason];

/** How the wait for an Application can end but well; what ends a run from outside brings its own. */
const BAD: readonly End[] = [
  ['failure', 'sync-failed'],
  ['failure', 'degraded'],
  ['failure', 'suspended'],
  ['failure', 'sync-window'],
  ['failure', 'auto-sync-refused'],
  ['failure', 'deleted'],
  ['timeout', 'timeout'],
  ['timeout', 'unreachable'],
  ['timeout', 'missing'],
  ['timeout', 'suspended'],
  ['timeout', 'sync-window'],
  ['timeout', 'degraded'],
  ['timeout', 'comparison-error'],
];

const PEMS = await generate([{ name: 'commonName', value: 'remedies-ca' }]);
const ACCESS = { server: 'https://kubernetes.example.com', token: 'word', application: 'shop' };

type Texts = Readonly<Record<string, string>>;

/** What expressions of workflows stand for here. */
const STAND_INS: Texts = {
  '${{ github.sha }}': 'a'.repeat(40),
  '${{ vars.CLUSTER_CA }}': PEMS.cert,
};

function envOf(given: Readonly<Record<string, unknown>>): Texts {
  const env = Object.entries(given).map(([name, value]) => {
    return [`INPUT_${name.toUpperCase()}`, STAND_INS[String(value)] ?? String(value)];
  });
  return Object.fromEntries(env) as Texts;
}

async function inputsOf(given: Readonly<Record<string, unknown>> = {}) {
  return await readInputs(envOf({ ...ACCESS, ...given }), () => '');
}

/** The YAML to paste: `with:` and what is indented under it. */
function blocksIn(remedy: string): readonly Readonly<Record<string, unknown>>[] {
  return [...remedy.matchAll(/^with:\n(?: {2}.*(?:\n|$))+/gm)].map(([block]) => {
    return (parse(block) as { readonly with: Readonly<Record<string, unknown>> }).with;
  });
}

test.each(BAD)('%s %s', async (conclusion, reason) => {
  const remedy = remedyFor({ conclusion, reason }, await inputsOf());
  expect(remedy).toMatch(/^[A-Z].*[.:`]/s);
  if (remedy.includes('with:')) expect(blocksIn(remedy)).not.toHaveLength(0);
  for (const block of blocksIn(remedy)) expect(await inputsOf(block)).toBeDefined();
});

/** Each is another input, whatever else is given. */
test.each([
  ['out-of-sight', { 'application-namespace': '*', application: 'argocd/root' }],
  ['no-such-resource', { 'wait-resources': 'apps/Deployment/shop/web' }],
  ['ambiguous-name', { revision: `\${{ github.sha }}` }],
] as const)('an input that the rule %s refuses', async (rule, block) => {
  const end = { conclusion: 'failure', reason: 'invalid-input', rule } as const;
  for (const patterns of ['', 'Deployment/web']) {
    const inputs = await inputsOf({ 'wait-resources': patterns });
    expect(blocksIn(remedyFor(end, inputs))).toEqual([block]);
  }
  expect(await inputsOf({ ...block, children: 'true' })).toBeDefined();
});

test.each<End>([
  ['success', 'synced'],
  ['skipped', 'missing'],
  ['cancelled', 'cancelled'],
  // Near names and the inputs to look at are hints of their own.
  ['failure', 'missing'],
])('%s %s needs none', async (conclusion, reason) => {
  expect(remedyFor({ conclusion, reason }, await inputsOf())).toBe('');
});

test('after an event there is nothing to begin', async () => {
  const end = { conclusion: 'failure', reason: 'sync-failed' } as const;
  expect(remedyFor(end, { ...(await inputsOf()), source: 'event' })).not.toContain('trigger');
  expect(remedyFor(end, await inputsOf())).toContain('trigger: sync');
});

describe('an event that cannot be answered', () => {
  const GOLDEN = goldenPayloads().get('update-client-side-2') as Payload;
  const TRUNCATED = { ...GOLDEN, truncated: true, resources: [] };

  /** @param given access to a cluster, or none */
  async function answer(payload: Payload, given: Texts, event: unknown = eventOf(payload)) {
    const env = {
      ...{ GITHUB_EVENT_NAME: 'repository_dispatch', GITHUB_EVENT_PATH: '/event.json' },
      ...envOf({ source: 'event', ...given }),
    };
    const log = recordingLog();
    const console = { ...log, mask: () => undefined };
    const readFile = () => (typeof event === 'string' ? event : JSON.stringify(event));
    const cancelled = new AbortController().signal;
    const world = { env, console, clock: systemClock(), random: () => 0.5, readFile, cancelled };
    const report = await Promise.resolve(readInputs(env, readFile))
      .then((inputs) => answerEvent(inputs, world))
      .catch((thrown) => noReport(thrown));
    return { ...report, notices: log.of('notice') };
  }

  async function answerOf(options: ApiServerOptions, payload: Payload) {
    const server = await startApiServer(options);
    const { url, token, ca } = server;
    try {
      return await answer(payload, { server: url, token, 'certificate-authority': ca });
    } finally {
      await server.close();
    }
  }

  async function expectPastable(remedy: string) {
    expect(blocksIn(remedy)).toHaveLength(1);
    for (const block of blocksIn(remedy)) {
      const access = block['source'] === 'event' ? {} : ACCESS;
      expect(await readInputs(envOf({ ...access, ...block }), () => '')).toBeDefined();
    }
  }

  test('too large, without access', async () => {
    const { reason, remedy } = await answer(TRUNCATED, {});
    expect(reason).toBe('truncated');
    await expectPastable(remedy);
  });

  test('too large, and the cluster has no such Application', async () => {
    const { reason, message, remedy } = await answerOf({ objects: [] }, TRUNCATED);
    expect([reason, message]).toEqual(['missing', expect.stringContaining('has no Application')]);
    expect(remedy).toContain('the cluster that Argo CD itself runs in');
    await expectPastable(remedy);
  });

  test('too large, and the cluster does not answer', async () => {
    const given = { server: 'https://127.0.0.1:1', token: 'word' };
    const { reason, remedy } = await answer(TRUNCATED, given);
    expect(reason).toBe('unreachable');
    expect(remedy).toMatch(/again.* runner in its network/);
    expect(remedy).toMatch(/^env:\n {2}HTTPS_PROXY: http:/m);
  });

  test('not ended', async () => {
    const running = { ...(GOLDEN['operation'] as Payload), phase: 'Running', finishedAt: '' };
    const { reason, remedy } = await answer({ ...GOLDEN, operation: running }, {});
    expect(reason).toBe('operation-running');
    expect(remedy).toMatch(/^when: app\.status\?\.operationState\?\.phase in \[.*\]$/m);
  });

  test.each([
    ['no JSON', '{'],
    ['a flood', `"${'x'.repeat(2_000_000)}"`],
  ])('%s: the file is none of GitHub', async (_, event) => {
    expect((await answer(GOLDEN, {}, event)).remedy).toContain('GITHUB_EVENT_PATH');
  });

  test('not wholly: the notice says what would help', async () => {
    const refused = await answerOf({ authorize: () => false }, GOLDEN);
    expect(refused.conclusion).toBe('success');
    expect(refused.notices.join()).toMatch(/could not be asked[\s\S]*^kind: Role$/m);
    const missing = await answerOf({ objects: [] }, GOLDEN);
    expect(missing.notices.join()).toMatch(/has no Application[\s\S]*^with:$/m);
  });
});

describe('what Argo CD refuses with 400', () => {
  const SYNC = { action: 'sync', what: 'argocd/shop', object: 'default/shop' } as const;

  test.each([
    [LIST_ACTION, 'unable to parse requirement', 'selector'],
    [SYNC, 'Cannot sync to 1234567: auto-sync currently set to main', 'trigger'],
  ])('%j', async (action, message, input) => {
    const answer = { status: 400, type: 'application/json', retryAfter: '', location: '' };
    const body = JSON.stringify({ message, code: 9 });
    const fault = refusal({ ...answer, body }, action, 'https://argocd.example.com');
    expect(fault).toBeInstanceOf(TerminalError);
    expect(fault.message).toContain(message);
    const { remedy } = fault as TerminalError;
    const [block = {}] = blocksIn(remedy);
    expect(Object.keys(block)).toEqual([input]);
    const source = { source: 'argocd', 'argocd-server': 'argocd.example.com' };
    const inputs = { application: 'shop', 'argocd-token': 'word', ...source, ...block };
    expect(await readInputs(envOf(inputs), () => '')).toBeDefined();
  });
});
