import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StepResult } from '../support/action.ts';
import { type ApiServer, type ServedRequest, startApiServer } from '../support/api-server.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { expectEnd, said, stepHere, stepOn } from './steps.ts';

/** Ends that come from outside: a cancelled run, a full disk, a bug of ours. */

const NO_SERVER = { server: '', token: '', 'certificate-authority': '' };

let server: ApiServer;
const open: Array<() => unknown> = [];
beforeEach(async () => {
  server = await startApiServer({ objects: [manifest('shop')] });
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  await server.close();
});

/** What hangs longer than any test may take, and when it has begun to. */
interface Hanging {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly when: Promise<unknown>;
}

/** A TCP server that accepts connections and never says a word. */
async function mute(): Promise<{ readonly port: number; readonly when: Promise<unknown> }> {
  const sockets: Socket[] = [];
  const { promise: when, resolve } = Promise.withResolvers<void>();
  const service = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    resolve();
  });
  await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    service.close();
  });
  return { port: (service.address() as AddressInfo).port, when };
}

/** A client of the API server that logs in by a plugin which never answers. */
async function hangingPlugin(): Promise<Hanging> {
  const { port, when } = await mute();
  const wait = `require('node:net').connect(${port}, '127.0.0.1')`;
  const exec = { command: 'node', args: ['-e', wait] };
  const kubeconfig = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: server.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'k',
  });
  return { inputs: { ...NO_SERVER, kubeconfig }, when };
}

/** A token endpoint of GitHub's that never answers. */
async function hangingIssuer(): Promise<Hanging> {
  const { port, when } = await mute();
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  };
  return { env, inputs: { token: '', 'oidc-audience': 'my-cluster' }, when };
}

function expectCancelled(result: StepResult): void {
  expectEnd(result, 'cancelled', 'cancelled');
  expect(result.signal).toBeNull();
  expect(result.summary).toContain('cancelled');
  expect(result.results).toMatchObject({ conclusion: 'cancelled' });
}

/** A step that is told to end as soon as something hangs. */
function cancelled(hanging: Hanging): Promise<StepResult> {
  const { inputs = {}, env = {}, when } = hanging;
  return stepOn(server, inputs, { env, signal: { name: 'SIGTERM', when } });
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (name) => {
  test('while it waits: outputs and summary are written', async () => {
    server.put(manifest('shop', { revision: A }));
    const signal = { name, whenLog: /waiting for revision/ };
    const result = await stepOn(server, { revision: B, filters: 'web: Deployment/*' }, { signal });
    expectCancelled(result);
    expect(result.outputs).toMatchObject({ web: 'false', matched: '[]', 'sync-status': 'Synced' });
    expect(result.outputs['message']).toBe('shop: cancelled while waiting for revision bbbbbbbb');
  });

  test('three times', async () => {
    server.put(manifest('shop', { revision: A }));
    const step = {
      onStart(child: ChildProcess) {
        void server
          .seen(({ verb }) => verb === 'watch')
          .then(() => {
            for (const ms of [0, 5, 10]) setTimeout(() => child.kill(name), ms);
          });
      },
    };
    expectCancelled(await stepOn(server, { revision: B }, step));
  });
});

describe('SIGTERM', () => {
  const asked = (verb: string) => server.seen((request) => request.verb === verb);

  test('while an exec plugin hangs', async () => {
    expectCancelled(await cancelled(await hangingPlugin()));
    expect(server.requests).toEqual([]);
  });

  test("while GitHub's token endpoint hangs", async () => {
    expectCancelled(await cancelled(await hangingIssuer()));
  });

  test('while a handshake hangs', async () => {
    const { port, when } = await mute();
    expectCancelled(await cancelled({ inputs: { server: `https://127.0.0.1:${port}` }, when }));
  });

  test('while a trigger is on its way', async () => {
    server.intercept = ({ verb }) => (verb === 'patch' ? { kind: 'hang' } : undefined);
    const inputs = { trigger: 'refresh', revision: B };
    expectCancelled(await cancelled({ inputs, when: asked('patch') }));
  });

  test('while the server asks for patience', async () => {
    server.intercept = () => ({ kind: 'status', code: 429, retryAfter: 3600 });
    expectCancelled(await cancelled({ when: asked('watch') }));
  });

  test('while a list comes drop by drop', async () => {
    server.streamingList = 'reject';
    server.intercept = ({ verb }) => (verb === 'list' ? { kind: 'silence' } : undefined);
    expectCancelled(await cancelled({ when: asked('list') }));
  });

  test('while the server cannot be reached', async () => {
    await server.stop();
    const signal = { name: 'SIGTERM', whenLog: /ECONNREFUSED/ } as const;
    expectCancelled(await stepOn(server, {}, { signal }));
  });

  test('while a request hangs', async () => {
    server.intercept = () => ({ kind: 'hang' });
    expectCancelled(await cancelled({ when: asked('watch') }));
  });

  test('while the last look hangs', async () => {
    server.put(manifest('shop', { revision: A }));
    server.intercept = ({ verb }) => (verb === 'list' ? { kind: 'hang' } : undefined);
    const inputs = { revision: B, timeout: '0' };
    expectCancelled(await cancelled({ inputs, when: asked('list') }));
  });

  test('while live evidence hangs: the end stands, the evidence is partial', async () => {
    const web = {
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
      namespace: 'shop',
      name: 'web',
    };
    const results = [{ ...web, status: 'Synced', message: 'configured' }];
    server.put(manifest('shop', { revision: B, results }));
    const isLive = ({ resource, verb }: ServedRequest) =>
      resource === 'deployments.apps' || verb === 'discovery';
    server.intercept = (request) => (isLive(request) ? { kind: 'hang' } : undefined);
    const result = await cancelled({ inputs: { revision: B }, when: server.seen(isLive) });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['evidence']).toBe('partial');
  });
});

test('an exec plugin that hangs does not outlive the timeout', async () => {
  const { inputs } = await hangingPlugin();
  const result = await stepOn(server, { ...inputs, timeout: '1s' });
  expectEnd(result, 'failure', 'unauthorized');
});

/** Code that the process runs beside ours. */
function beside(script: string): { readonly env: Readonly<Record<string, string>> } {
  return { env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` } };
}

test('SIGTERM before anything else is done: the run is cancelled, and says so', async () => {
  // Every module of the program asks for some of Node's, so that the first to do so is the first.
  const script = `const get = process.getBuiltinModule;
    process.getBuiltinModule = (name) => {
      process.getBuiltinModule = get;
      process.kill(process.pid, 'SIGTERM');
      return get(name);
    };`;
  server.put(manifest('shop', { revision: A }));
  const result = await stepOn(server, { revision: B, filters: 'web: Ingress/*' }, beside(script));
  expectEnd(result, 'cancelled', 'cancelled');
  expect(result.signal).toBeNull();
  expect(result.outputs).toMatchObject({ web: 'false', matched: '[]' });
  expect(result.summary).toContain('cancelled');
});

describe('a bug of ours', () => {
  test.each([
    ['a promise that nobody caught', 'Promise.reject(new Error("boom\\n::error::forged"))'],
    ['an exception that nobody caught', 'throw new Error("boom\\n::error::forged")'],
    ['a rejection that is no error', 'Promise.reject("boom\\n::error::forged")'],
    ['a rejection with nothing', 'Promise.reject()'],
  ])('%s is one line, and exit 1', async (_, code) => {
    server.put(manifest('shop', { revision: A }));
    // As soon as it waits: it has asked for a socket then.
    const script = `const { Socket } = process.getBuiltinModule('node:net');
      const { connect } = Socket.prototype;
      Socket.prototype.connect = function (...args) {
        setTimeout(() => { ${code}; }, 0);
        return connect.apply(this, args);
      };`;
    const result = await stepOn(server, { revision: B }, beside(script));
    expect(result).toMatchObject({ exitCode: 1, signal: null, stderr: '' });
    const errors = said(result, 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^This is a bug of argocd-post-sync: .*Please report it/s);
    expect(result.stdout).not.toMatch(/^\s+at .*:\d+/m);
  });

  test('an answer that nothing can make sense of is one, with outputs', async () => {
    const broken = { ...manifest('shop'), status: { operationState: { phase: 'Dancing' } } };
    server.put(broken);
    const result = await stepOn(server);
    expect(result.exitCode).toBe(1);
    expect(result.outputs['conclusion']).toBe('failure');
    expect(said(result, 'error')[0]).toMatch(/argocd\/shop.*phase/s);
  });
});

/** Where writing fails, even for root. */
const FULL = '/dev/full';
const READ_ONLY = '/proc/version';

describe('what cannot be written is an error that says so', () => {
  test.each([
    ['GITHUB_OUTPUT', 'outputs', 'a full disk', FULL, /ENOSPC/],
    ['GITHUB_OUTPUT', 'outputs', 'read-only', READ_ONLY, /EACCES|EPERM|EIO|EROFS/],
    ['GITHUB_OUTPUT', 'outputs', 'a directory', '/proc', /EISDIR|EACCES/],
    ['GITHUB_OUTPUT', 'outputs', 'not there', '/nonexistent/output', /Missing file|ENOENT/],
    ['GITHUB_STEP_SUMMARY', 'job summary', 'a full disk', FULL, /ENOSPC/],
    ['GITHUB_STEP_SUMMARY', 'job summary', 'read-only', READ_ONLY, /EACCES|EPERM|EIO|EROFS/],
    ['RUNNER_TEMP', 'results file', 'not there', '/nonexistent/temp', /ENOENT/],
    ['RUNNER_TEMP', 'results file', 'read-only', '/proc', /ENOENT|EACCES|EPERM|EROFS/],
  ])('%s (%s): %s', async (variable, what, _, path, why) => {
    const result = await stepHere(server, {}, { env: { [variable]: path } });
    expect(result).toMatchObject({ exitCode: 1, signal: null, stderr: '' });
    const errors = said(result, 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(new RegExp(`^The ${what} could not be written: .*(${why.source})`));
    // One that fails keeps nothing else from being written.
    if (variable !== 'GITHUB_OUTPUT') expect(result.outputs['conclusion']).toBe('success');
    if (variable !== 'GITHUB_STEP_SUMMARY') expect(result.summary).toContain('shop');
    if (variable === 'RUNNER_TEMP') expect(result.outputs['results-file']).toBe('');
  });

  test('all of it, while the run fails: the failure is said first', async () => {
    const env = { GITHUB_OUTPUT: FULL, GITHUB_STEP_SUMMARY: FULL, RUNNER_TEMP: '/nonexistent' };
    const result = await stepOn(server, { application: 'shopp' }, { env });
    expect(result).toMatchObject({ exitCode: 1, signal: null, stderr: '' });
    const [first, ...others] = said(result, 'error');
    expect(first).toContain('Did you mean shop?');
    expect(others.map((error) => /^The (.*?) could not/.exec(error)?.[1])).toEqual([
      'results file',
      'outputs',
      'job summary',
    ]);
  });

  test('all of it, while the run is cancelled', async () => {
    server.put(manifest('shop', { revision: A }));
    const env = { GITHUB_OUTPUT: FULL, GITHUB_STEP_SUMMARY: FULL };
    const signal = { name: 'SIGTERM', whenLog: /waiting for revision/ } as const;
    const result = await stepOn(server, { revision: B }, { env, signal });
    expect(result).toMatchObject({ exitCode: 1, signal: null });
  });
});

describe('a disk that fills while it is written to', () => {
  /** Files of the process get no longer than this, as on a disk that is full then. */
  const KIB = 16;
  const under = ['bash', '-c', `ulimit -f ${KIB}; exec "$@"`, 'bash'];
  const results = Array.from({ length: 200 }, (_, i) => ({
    ...{ version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: `settings-${i}` },
    ...{ status: 'Synced', message: `configmap/settings-${i} created` },
  }));
  let temp = '';
  beforeEach(() => {
    temp = mkdtempSync(join(tmpdir(), 'full-'));
    open.push(() => rmSync(temp, { recursive: true }));
    server.put(manifest('shop', { revision: B, results }));
  });

  test('what fits is written, and nothing by half', async () => {
    const inputs = { filters: 'web: Ingress/*\nconfig: ConfigMap/*' };
    const result = await stepOn(server, inputs, { under, env: { RUNNER_TEMP: temp } });
    expect(result).toMatchObject({ exitCode: 1, signal: null, stderr: '', summary: '' });
    // Read as the runner does: a value that does not end would not be read at all.
    const { outputs } = result;
    expect(outputs).toMatchObject({
      ...{ conclusion: 'success', reason: 'synced', changed: 'true', 'changed-count': '200' },
      ...{ web: 'false', config: 'true', matched: '["config"]', 'results-file': '' },
    });
    for (const name of ['resources', 'config-resources', 'applications']) {
      expect(outputs).not.toHaveProperty([name]);
    }
    expect(readdirSync(temp)).toEqual([]);
    const errors = said(result, 'error');
    expect(
      errors.map((error) => /^The (.*?) could not be written: EFBIG/.exec(error)?.[1]),
    ).toEqual(['results file', 'outputs', 'job summary']);
    expect(errors[1]).toContain(
      'these are missing: resources, config-resources, matrix, applications',
    );
  });
});

describe('a pipe that nobody reads or writes holds nothing up', () => {
  test.each([
    ['GITHUB_OUTPUT', /The outputs could not be written: ENXIO/],
    ['GITHUB_STEP_SUMMARY', /The job summary could not be written: ENXIO/],
    ['GITHUB_EVENT_PATH', undefined],
  ])('%s', async (variable, why) => {
    const directory = mkdtempSync(join(tmpdir(), 'pipe-'));
    open.push(() => rmSync(directory, { recursive: true }));
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const result = await stepOn(server, {}, { env: { [variable]: pipe } });
    expect(result).toMatchObject({ exitCode: why ? 1 : 0, signal: null, stderr: '' });
    expect(said(result, 'error')).toEqual(why ? [expect.stringMatching(why)] : []);
  });
});

describe('a log that cannot be written', () => {
  test.each([
    ['is closed', /EPIPE/, { onStart: ({ stdout }: ChildProcess) => stdout?.destroy() }],
    ['is full', /ENOSPC/, { under: ['bash', '-c', 'exec "$@" > /dev/full', 'bash'] }],
  ])('%s: all else is written, and the exit code says it', async (_, why, step) => {
    const result = await stepOn(server, {}, step);
    expect(result).toMatchObject({ exitCode: 1, signal: null, stdout: '' });
    expect(result.stderr).toMatch(/^The log of this step could not be written to stdout: .*\n$/);
    expect(result.stderr).toMatch(why);
    expect(result.outputs).toMatchObject({ conclusion: 'success', reason: 'synced' });
    expect(result.summary).toContain('shop');
    expect(result.results).toMatchObject({ conclusion: 'success' });
  });
});
