import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { accessTo, expectEnd, stepHere } from '../process/steps.ts';
import type { StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { B, manifest } from '../support/manifest.ts';
import { commandsOf, parseCommand } from '../support/workflow-commands.ts';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

/** What a hostile object could have in its texts. */
const HOSTILE = [
  'line one',
  '::error title=forged::forged error',
  '::set-output name=conclusion::forged',
  '  ::add-mask::a',
  '::stop-commands::forged',
  '##[error]forged',
  '::endgroup::',
  'EOF',
  'ghadelimiter_00000000-0000-4000-8000-000000000000',
  'conclusion=forged',
  'conclusion<<EOF',
  '\r::warning::forged',
  '\u001b[31mred\u001b[0m \u001b]0;title\u0007',
  '\u202egnp.exe\u202c \u200b \u2066x\u2069',
  '| a | b |\n|---|---|',
  '# heading',
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '[link](javascript:alert(1)) ![image](https://evil.example.com/x.png)',
  '@octocat #1 GH-1 https://evil.example.com `code` **bold** </pre></details>',
  '%0A::error::forged %25',
  '\u2028::error::forged\u2029::error::forged\u0085::error::forged',
].join('\n');

/** The kinds of commands that a run may use. */
const COMMANDS = new Set(['add-mask', 'debug', 'notice', 'warning', 'error', 'group', 'endgroup']);

function expectText(result: StepResult): void {
  const { stdout, outputs, summary, stderr } = result;
  expect(stderr).toBe('');
  const commands = commandsOf(stdout);
  expect(commands.filter(({ name }) => !COMMANDS.has(name))).toEqual([]);
  expect(commands.filter(({ properties }) => Object.keys(properties).length > 0)).toEqual([]);
  // A forged command would be one of its own, and not a part of another's text.
  expect(commands.filter(({ message }) => message.trim().startsWith('forged'))).toEqual([]);
  // The old form of commands counts in all lines that are none of the new form.
  const lines = stdout.split('\n').filter((line) => parseCommand(line) === undefined);
  expect(lines.filter((line) => line.includes('##['))).toEqual([]);
  expect(stdout).not.toMatch(/[\u001b\u202e\u2066\u200b\u2028\u2029\u0085\r]/);
  // Groups are opened and closed in pairs.
  const depth = commands.map(({ name }) => (name === 'group' ? 1 : name === 'endgroup' ? -1 : 0));
  expect(depth.reduce<number>((sum, step) => sum + step, 0)).toBe(0);
  expect(outputs['conclusion']).not.toBe('forged');
  expect(Object.keys(outputs)).not.toContain('forged');
  expect(summary).not.toMatch(/<script|<img|\]\(javascript|onerror=alert\(1\)>|\u001b|\u202e/);
  expect(summary.split('\n').filter((line) => line.startsWith('# heading'))).toEqual([]);
}

describe('hostile text stays text', () => {
  const WEB = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

  test('in messages of a sync that succeeds', async () => {
    const message = `deployment.apps/web created\n${HOSTILE}`;
    server.put(manifest('shop', { results: [{ ...WEB, status: 'Synced', message }] }));
    const result = await stepHere(server, { filters: 'web: Deployment/*' });
    expectEnd(result, 'success', 'synced');
    expectText(result);
    // The message itself comes through whole, as data.
    const [resource] = JSON.parse(result.outputs['resources'] ?? '') as { message: string }[];
    expect(resource?.message).toBe(message);
    expect(result.outputs['web-count']).toBe('1');
  });

  test('in names and kinds', async () => {
    const name = HOSTILE.replaceAll('\n', ' ');
    const hostile = { ...WEB, kind: `Kind ${HOSTILE}`, name, namespace: HOSTILE };
    const results = [{ ...hostile, status: 'Synced', message: 'created' }];
    server.put(manifest('shop', { results }));
    const result = await stepHere(server, { filters: "all: '*/*'" });
    expectEnd(result, 'success', 'synced');
    expectText(result);
  });

  test('in conditions, health and the operation of one that fails', async () => {
    const health = { status: 'Degraded', message: HOSTILE };
    server.put(
      manifest('shop', {
        revision: B,
        sync: 'OutOfSync',
        health: 'Degraded',
        phase: 'Failed',
        message: HOSTILE,
        results: [{ ...WEB, status: 'SyncFailed', message: HOSTILE }],
        resources: [{ ...WEB, status: 'OutOfSync', health }],
        conditions: [{ type: `SyncError ${HOSTILE}`, message: HOSTILE }],
      }),
    );
    const result = await stepHere(server, { revision: B });
    expectEnd(result, 'failure', 'sync-failed');
    expectText(result);
  });

  test('in the revision that is deployed', async () => {
    server.put(manifest('shop', { revision: `1.0\n${HOSTILE}` }));
    const result = await stepHere(server);
    expectEnd(result, 'success', 'synced');
    expectText(result);
    expect(result.outputs['revision']).toBe(`1.0\n${HOSTILE}`);
  });

  test("in the server's refusal", async () => {
    const body = JSON.stringify({ kind: 'Status', message: HOSTILE, code: 403 });
    server.intercept = () => ({ kind: 'status', code: 403, body });
    const result = await stepHere(server);
    expectEnd(result, 'failure', 'forbidden');
    expectText(result);
  });

  test('in inputs', async () => {
    const result = await stepHere(server, {
      revision: HOSTILE,
      filters: HOSTILE,
      timeout: HOSTILE,
    });
    expectEnd(result, 'failure', 'invalid-input');
    expectText(result);
  });
});

describe('no secret is written anywhere', () => {
  const TOKEN = 'unique-token-4f1c9a7e2b';
  const GITHUB = 'ghs_uniqueGithubToken8d3e';

  /** Everywhere that a run writes, but for the masks, which are there to hide. */
  function written({ stdout, stderr, summary, outputs, results, state, exported }: StepResult) {
    const log = stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'));
    return [
      ...log,
      stderr,
      summary,
      ...[outputs, results, state, exported].map((each) => JSON.stringify(each)),
    ].join('\n');
  }

  function expectSecret(result: StepResult, ...secrets: readonly string[]): void {
    for (const secret of secrets) {
      expect(written(result)).not.toContain(secret);
      expect(written(result)).not.toContain(
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      );
    }
  }

  const SECRETS = { token: TOKEN, 'github-token': GITHUB };
  const DEBUG = { env: { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' } };

  beforeEach(() => {
    server.tokens.set(TOKEN, 'github:acme/shop');
    server.put(manifest('shop', { revision: B }));
  });

  test('and the token is masked before anything is said', async () => {
    const result = await stepHere(server, SECRETS, DEBUG);
    expectEnd(result, 'success', 'synced');
    expectSecret(result, TOKEN, GITHUB);
    const [first] = commandsOf(result.stdout);
    expect(first).toMatchObject({ name: 'add-mask', message: TOKEN });
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test.each<[string, () => void]>([
    ['refused', () => server.tokens.delete(TOKEN)],
    [
      'forbidden',
      () => {
        server.authorize = () => false;
      },
    ],
    [
      'answered with nonsense',
      () => {
        server.intercept = () => ({ kind: 'garbage', text: '<html>' });
      },
    ],
    [
      'answered by a 500',
      () => {
        server.intercept = () => ({ kind: 'status', code: 500 });
      },
    ],
  ])('when it is %s', async (_, prepare) => {
    prepare();
    const result = await stepHere(server, { ...SECRETS, timeout: '1s' }, DEBUG);
    expect(result.exitCode).toBe(1);
    expectSecret(result, TOKEN, GITHUB);
  });

  test('when it is not valid', async () => {
    const broken = { token: `${TOKEN}\n${TOKEN}`, 'github-token': `${GITHUB} x` };
    const result = await stepHere(server, broken);
    expectEnd(result, 'failure', 'invalid-input');
    expectSecret(result, TOKEN, GITHUB);
  });

  test('of a kubeconfig, whole or broken', async () => {
    const kubeconfig = server.kubeconfig({ token: TOKEN });
    const none = { server: '', token: '', 'certificate-authority': '' };
    const whole = await stepHere(server, { ...none, kubeconfig }, DEBUG);
    expectEnd(whole, 'success', 'synced');
    const broken = await stepHere(server, { ...none, kubeconfig: `${kubeconfig}\n  - [` }, DEBUG);
    expectEnd(broken, 'failure', 'invalid-input');
    for (const result of [whole, broken]) expectSecret(result, TOKEN);
  });

  test('of a client certificate', async () => {
    await server.close();
    server = await startApiServer({ requestCert: true, objects: [manifest('shop')] });
    const kubeconfig = server.kubeconfig({ user: 'certificate' });
    const none = Object.fromEntries(Object.keys(accessTo(server)).map((name) => [name, '']));
    const result = await stepHere(server, { ...none, kubeconfig }, DEBUG);
    expectEnd(result, 'success', 'synced');
    const lines = server.client.key.split('\n').filter((line) => line.length > 30);
    expect(lines.length).toBeGreaterThan(1);
    expectSecret(result, ...lines);
  });
});
