import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Connection } from '../../../src/http/connection.js';
import { TerminalError, TransientError } from '../../../src/platform/errors.js';
import { connect } from '../../../src/sources/kubernetes/connect.js';
import { withoutSecrets } from '../../../src/sources/kubernetes/plugin-secrets.js';
import { costOf } from '../../support/cost.ts';
import { gone, isAlive, until } from '../../support/processes.ts';
import { accessBy, dependencies } from './harness.js';

/** Exec plugins as real processes: what they are given, how they end, what is shown of them. */

// Processes take their time on a busy machine.
jest.setTimeout(60_000);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plugin-'));
});
afterEach(async () => {
  // Whatever a test that failed has left.
  for (const pid of (await pids()).filter(isAlive)) process.kill(pid, 'SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

const NEVER = new AbortController().signal;
const V1 = 'client.authentication.k8s.io/v1';
const PATH = process.env['PATH'];

/** A kubeconfig, as JSON, of a user with this plugin. */
function kubeconfig(exec: unknown, user: object = {}): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://k.example.com' } }],
    users: [{ name: 'u', user: { exec, ...user } }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'k',
  });
}

interface Setting {
  readonly exec?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly masked?: string[];
}

async function script(text: string): Promise<string> {
  const path = join(directory, 'plugin');
  await writeFile(path, `#!/bin/sh\necho $$ >> '${directory}/pids'\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

async function connection(text: string, setting: Setting = {}): Promise<Connection> {
  const { exec, env, timeoutMs = 300_000, masked = [] } = setting;
  const command = await script(text);
  return connect(
    accessBy({ kubeconfig: kubeconfig({ command, ...exec }) }),
    dependencies({
      env: { PATH, ...env },
      pluginTimeoutMs: timeoutMs,
      mask: (secret) => masked.push(secret),
    }),
  );
}

function credential(status: unknown, over: object = {}): string {
  const answer = { apiVersion: V1, kind: 'ExecCredential', status, ...over };
  return `printf '%s' '${JSON.stringify(answer)}'`;
}

const GOOD = credential({ token: 'token-of-a-plugin' });
const GIVEN = { headers: { authorization: 'Bearer token-of-a-plugin' } };

async function failure(text: string, setting: Setting = {}): Promise<TerminalError> {
  const asked = connection(text, setting).then((way) => way.credentials(false, NEVER));
  const thrown = await asked.catch((fault: unknown) => fault);
  expect(thrown).toBeInstanceOf(TerminalError);
  return thrown as TerminalError;
}

/** The processes that noted themselves. */
async function pids(): Promise<readonly number[]> {
  const text = await readFile(join(directory, 'pids'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

/** Waits for as many processes as a script makes. */
function started(count: number): Promise<readonly number[]> {
  return until(async () => {
    const all = await pids();
    return all.length >= count ? all : undefined;
  });
}

/** With a child of its own, which nobody waits for. */
const WAITING = `echo 'To sign in, use a web browser to open https://login.example.com/device and' >&2
echo 'enter the code ABCD-1234 to authenticate.' >&2
sh -c 'echo $$ >> "${'$'}0/pids"; exec sleep 600' "$DIR" &
sleep 600`;

describe('a plugin that waits for a person', () => {
  test('is ended with all that it started, and what it says is shown', async () => {
    const error = await failure(WAITING, { env: { DIR: directory }, timeoutMs: 4_000 });
    expect(error.reason).toBe('unauthorized');
    expect(error.message).toContain(join(directory, 'plugin'));
    expect(error.message).toContain('gave no answer within 4 s');
    expect(error.message).toContain(
      'https://login.example.com/device and enter the code ABCD-1234',
    );
    expect(error.remedy).toContain('Nobody can sign in during a step');
    await gone(await started(2));
  });

  test('is told by SIGTERM, and may tidy up', async () => {
    const tidied = join(directory, 'tidied');
    const way = await connection(
      `trap ': > ${tidied}; exit' TERM\necho $$ >> '${directory}/pids'\nwhile :; do sleep 0.1; done`,
    );
    const stop = new AbortController();
    const asked = way.credentials(false, stop.signal);
    await started(2);
    stop.abort();
    await expect(asked).rejects.toBeInstanceOf(TransientError);
    await until(async () => (existsSync(tidied) ? true : undefined));
  });

  test('is killed where it does not listen to SIGTERM', async () => {
    const way = await connection(
      `trap '' TERM\necho $$ >> '${directory}/pids'\nwhile :; do sleep 0.1; done`,
    );
    const stop = new AbortController();
    const asked = way.credentials(false, stop.signal);
    const all = await started(2);
    stop.abort();
    await expect(asked).rejects.toBeInstanceOf(TransientError);
    await gone(all);
  });

  test('is ended when the request that needs it is given up', async () => {
    const way = await connection(WAITING, { env: { DIR: directory } });
    const stop = new AbortController();
    const asked = way.credentials(false, stop.signal);
    const all = await started(2);
    stop.abort();
    await expect(asked).rejects.toBeInstanceOf(TransientError);
    await gone(all);
  });

  test('is not started for a request that was given up before', async () => {
    const way = await connection(GOOD);
    await expect(way.credentials(false, AbortSignal.abort())).rejects.toBeInstanceOf(
      TransientError,
    );
    expect(await pids()).toEqual([]);
  });

  test('goes on for another request that needs it', async () => {
    const way = await connection(`while [ ! -e '${directory}/go' ]; do sleep 0.05; done\n${GOOD}`);
    const stop = new AbortController();
    const [first, second] = [way.credentials(false, stop.signal), way.credentials(false, NEVER)];
    await started(1);
    stop.abort();
    await expect(first).rejects.toBeInstanceOf(TransientError);
    await writeFile(join(directory, 'go'), '');
    expect(await second).toEqual(GIVEN);
    expect(await pids()).toHaveLength(1);
  });

  test('and has failed may be tried again where it worked before', async () => {
    const way = await connection(
      `[ -e '${directory}/worked' ] && exit 1\n: > '${directory}/worked'\n${GOOD}`,
    );
    expect(await way.credentials(false, NEVER)).toEqual(GIVEN);
    await expect(way.credentials(true, NEVER)).rejects.toBeInstanceOf(TransientError);
  });
});

test.each([[undefined], ['Never'], ['IfAvailable']])(
  'the input of a plugin is empty with interactiveMode %s',
  async (interactiveMode) => {
    const way = await connection(`[ -z "$(cat)" ] || exit 1\n${GOOD}`, {
      exec: { interactiveMode },
    });
    expect(await way.credentials(false, NEVER)).toEqual(GIVEN);
  },
);

test('what a plugin leaves behind does not hold its answer back', async () => {
  const way = await connection(`sleep 600 &\necho $! >> '${directory}/pids'\n${GOOD}`);
  expect(await way.credentials(false, NEVER)).toEqual(GIVEN);
  const [, left = 0] = await pids();
  // It may serve the plugin, so it stays for the run: here that is this test.
  expect(isAlive(left)).toBe(true);
  process.kill(left);
});

test('a plugin gets the environment of the step, and its settings go before that', async () => {
  const way = await connection(`[ "$A$B" = '1x' ] || exit 1\n${GOOD}`, {
    env: { A: '1', B: '2' },
    exec: { env: [{ name: 'B', value: 'x' }] },
  });
  expect(await way.credentials(false, NEVER)).toEqual(GIVEN);
});

test.each([
  ['less than 20 s', 10_000, 2],
  ['more', 60_000, 1],
])('credentials that live for %s', async (_, life, runs) => {
  const expirationTimestamp = new Date(Date.now() + life).toISOString();
  const way = await connection(credential({ token: 'token-of-a-plugin', expirationTimestamp }));
  await way.credentials(false, NEVER);
  await way.credentials(false, NEVER);
  expect(await pids()).toHaveLength(runs);
});

describe('an answer that is of no use', () => {
  test.each<[string, string, string]>([
    ['is no JSON', 'echo no', 'printed no ExecCredential'],
    ['is of another kind', credential({}, { kind: 'Status' }), 'printed no ExecCredential'],
    ['is of another version', credential({}, { apiVersion: 'v1' }), 'is not of client.auth'],
    ['has no status', credential(undefined), 'neither a token nor a certificate'],
    ['has an empty token', credential({ token: '' }), 'neither a token nor a certificate'],
    ['has a token that is no text', credential({ token: ['a'] }), 'that is not text'],
    [
      'has a certificate alone',
      credential({ clientCertificateData: 'secret-1' }),
      'only one of a certificate and its key',
    ],
    [
      'has a key alone',
      credential({ token: 'secret-1', clientKeyData: 'secret-2' }),
      'only one of a certificate and its key',
    ],
    [
      'expires at no time',
      credential({ token: 'secret-1', expirationTimestamp: 'soon' }),
      'expirationTimestamp',
    ],
  ])('%s', async (_, text, message) => {
    const error = await failure(text);
    expect(error.reason).toBe('unauthorized');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('secret-');
  });

  test('has no end', async () => {
    const error = await failure('yes secret-1');
    expect(error.message).toContain('printed more than 4 MiB');
    expect(error.message).not.toContain('secret-1');
    await gone(await started(1));
  });

  test.each([
    ['says nothing', 'exit 3', 'it exited with code 3'],
    ['is killed', 'kill -9 $$', 'it was ended by SIGKILL'],
    [
      'says too much',
      `head -c 9000000 /dev/zero | tr '\\0' x >&2\necho >&2\necho 'the cause' >&2\nexit 1`,
      'the cause',
    ],
  ])('a plugin that fails and %s', async (_, text, message) => {
    const error = await failure(text);
    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(700 + directory.length);
  });
});

describe('what is secret about a plugin', () => {
  const SECRET = 'h"unter22-\\x';

  test.each<[string, object]>([
    ['an option and its value', { args: ['get-token', '--client-secret', SECRET, '--x'] }],
    ['an option with its value', { args: [`--client-secret=${SECRET}`] }],
    ['a password', { args: ['--password', SECRET] }],
    ['a token', { args: [`--token=${SECRET}`] }],
    ['a setting among the arguments', { args: [`CLIENT_SECRET=${SECRET}`, 'kubelogin'] }],
    ...[
      'AAD_SERVICE_PRINCIPAL_CLIENT_SECRET',
      'AZURE_CLIENT_CERTIFICATE_PASSWORD',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'DB_PASSWD',
      'API_KEY',
      'apikey',
      'MY_CREDENTIAL',
      'AUTH',
      'BASIC_AUTH',
      'AUTHORIZATION',
      'VAULT_SECRET_ID',
      'SSH_PASSPHRASE',
    ].map((name): [string, object] => [`the setting ${name}`, { env: [{ name, value: SECRET }] }]),
  ])('is masked before it runs: %s', async (_, exec) => {
    const masked: string[] = [];
    await connection(GOOD, { exec, masked });
    const base64 = Buffer.from(SECRET).toString('base64');
    const inJson = JSON.stringify(SECRET).slice(1, -1);
    expect(masked).toEqual(expect.arrayContaining([SECRET, inJson, base64]));
    expect(await pids()).toEqual([]);
  });

  test.each<[string, object]>([
    ['a subcommand', { args: ['get-token', 'production-cluster'] }],
    ['the file of a token', { args: ['--token-file', '/run/token'] }],
    ['a directory', { args: ['--token-cache-dir=/home/me/.cache'] }],
    ['a flag', { args: ['--use-token', '--verbose-output'] }],
    ['a switch', { args: ['--use-token=true'] }],
    ...[
      ['AWS_PROFILE', 'production'],
      ['AZURE_AUTHORITY_HOST', 'https://login.example.com'],
      ['AWS_WEB_IDENTITY_TOKEN_FILE', '/run/token'],
      ['AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE'],
      ['TOKEN_ENABLED', 'true'],
      ['KEYBOARD', 'german'],
    ].map(([name, value]): [string, object] => [`${name}`, { env: [{ name, value }] }]),
  ])('what is not: %s', async (_, exec) => {
    const masked: string[] = [];
    await connection(GOOD, { exec, masked });
    expect(masked).toEqual([]);
  });

  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  test.each<[string, string]>([
    ['as it is', `no: ${SECRET}!`],
    ['in JSON', JSON.stringify({ why: `no ${SECRET}` })],
    [
      'in JSON of escapes',
      `{"why":"no ${SECRET.replaceAll('"', '\\u0022').replace('\\x', '\\u005cx')}"}`,
    ],
    ['in a URL', `POST https://login.example.com/?c=${encodeURIComponent(SECRET)}`],
    ['in base64', `sent ${base64(SECRET)}`],
    ['in base64, after one letter', `sent ${base64(`a${SECRET}`)}`],
    ['in base64, after two letters', `sent ${base64(`ab${SECRET}c`)}`],
    ['in base64, after a name', `sent ${base64(`ann:${SECRET}`)}`],
  ])('is not shown of its stderr: %s', async (_, stderr) => {
    await writeFile(join(directory, 'stderr'), stderr);
    const error = await failure(`cat '${directory}/stderr' >&2\nexit 1`, {
      exec: { args: ['--client-secret', SECRET] },
    });
    expect(error.message).toContain('(hidden)');
    for (const form of [SECRET, 'unter22', base64('unter22-').slice(0, 8)]) {
      expect(error.message).not.toContain(form);
    }
    expect(error.message).not.toContain(base64(SECRET).slice(4, 14));
  });

  test('nor what the step itself has in its environment, which the runner has masked', async () => {
    const masked: string[] = [];
    const error = await failure('echo "no: $CLOUD_TOKEN" >&2\nexit 1', {
      env: { CLOUD_TOKEN: 'hunter22' },
      masked,
    });
    expect(error.message).not.toContain('hunter22');
    expect(masked).toEqual([]);
  });

  test('nor the token that it gave before', async () => {
    const text = `[ -e '${directory}/worked' ] && { echo 'old: short-token' >&2; exit 1; }
: > '${directory}/worked'
${credential({ token: 'short-token' })}`;
    const way = await connection(text);
    await way.credentials(false, NEVER);
    const thrown = await Promise.resolve(way.credentials(true, NEVER)).catch(String);
    expect(thrown).toContain('old: ');
    expect(thrown).not.toContain('short-token');
  });

  test('nor half of it, where stderr is too long to keep', async () => {
    const filler = `${' '.repeat(65_536 - 7)}x`;
    await writeFile(join(directory, 'stderr'), `${SECRET}${filler}`);
    const error = await failure(`cat '${directory}/stderr' >&2\nexit 1`, {
      exec: { args: ['--client-secret', SECRET] },
    });
    expect(error.message).toContain('x');
    expect(error.message).not.toContain('22-');
  });
});

test.each([
  ['-----BEGIN '],
  ['-----BEGIN X-----'],
  ['://'],
  ['bearer '],
  ['token '],
  ['--a-'],
  ['-'],
  ['eyJ.'],
  ['eyJ'],
  ['a1'],
  [' '],
  ['token:     "'],
])('text of %j without end does not stop the step', async (pump) => {
  const text = pump.repeat(Math.ceil(1_000_000 / pump.length));
  // One that backtracks costs thousands.
  expect(await costOf(() => withoutSecrets(`${text}\0`, ['hunter22']))).toBeLessThan(100);
});

describe('a plugin that is not set up is refused before it runs', () => {
  const TYPES: readonly (readonly [string, unknown, string])[] = [
    ['a text', 'aws', 'exec of user u of `kubeconfig` must be a mapping, and is a string'],
    ['no command', {}, 'names no command'],
    ['a list as command', { command: ['aws'] }, 'command of exec of user u'],
    ['a text as arguments', { command: 'aws', args: 'a b' }, 'args of exec of user u'],
    ['a number among them', { command: 'aws', args: ['a', 1] }, 'args[1] of exec of user u'],
    ['a mapping as settings', { command: 'aws', env: { A: 'b' } }, 'env of exec of user u'],
    ['a setting without a name', { command: 'aws', env: [{ value: 'b' }] }, 'env[0] of exec'],
    ['a setting that is text', { command: 'aws', env: ['A=b'] }, 'env[0] of exec'],
    [
      'a setting that is a number',
      { command: 'aws', env: [{ name: 'A', value: 1 }] },
      'value of env[0] of exec of user u of `kubeconfig` must be text, and is a number. Put it in quotes',
    ],
    [
      'an old version',
      { command: 'aws', apiVersion: 'client.authentication.k8s.io/v1alpha1' },
      'v1alpha1: known are client.authentication.k8s.io/v1 and',
    ],
    ['an unknown mode', { command: 'aws', interactiveMode: 'never' }, 'interactiveMode never'],
    ['a mode that needs a terminal', { command: 'aws', interactiveMode: 'Always' }, 'no terminal'],
    ['a name with a slip', { command: 'aws', arg: ['a'] }, 'did you mean args?'],
    ['a flag in quotes', { command: 'aws', provideClusterInfo: 'true' }, 'provideClusterInfo of'],
  ];

  test.each(TYPES)('%s', async (_, exec, message) => {
    const access = accessBy({ kubeconfig: kubeconfig(exec) });
    const thrown = await connect(access, dependencies()).catch((fault: unknown) => fault);
    expect(thrown).toBeInstanceOf(TerminalError);
    expect((thrown as TerminalError).reason).toBe('invalid-input');
    expect((thrown as TerminalError).message).toContain(message);
  });
});
