import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { expectEnd, said, stepOn } from './steps.ts';

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

/** An API server's client that logs in by a plugin which never answers. */
function hangingPlugin(): Readonly<Record<string, string>> {
  const exec = { command: 'node', args: ['-e', 'setTimeout(() => {}, 9000)'] };
  const kubeconfig = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: server.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'k',
  });
  return { ...NO_SERVER, kubeconfig };
}

/** A token endpoint of GitHub's that never answers. */
async function hangingIssuer(): Promise<Readonly<Record<string, string>>> {
  const service = createServer(() => undefined);
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  open.push(() => service.close());
  open.push(() => service.closeAllConnections());
  const { port } = service.address() as AddressInfo;
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  };
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (name) => {
  const signal = { name, afterMs: 1000 };

  function expectCancelled(result: StepResult): void {
    expectEnd(result, 'cancelled', 'cancelled');
    expect(result.signal).toBeNull();
    expect(result.afterSignalMs).toBeLessThan(1000);
    expect(result.summary).toContain('cancelled');
    expect(result.results).toMatchObject({ conclusion: 'cancelled' });
  }

  test('while an exec plugin hangs', async () => {
    expectCancelled(await stepOn(server, hangingPlugin(), { signal }));
    expect(server.requests).toEqual([]);
  });

  test("while GitHub's token endpoint hangs", async () => {
    const inputs = { token: '', 'oidc-audience': 'my-cluster' };
    expectCancelled(await stepOn(server, inputs, { signal, env: await hangingIssuer() }));
  });

  test('while a certificate that cannot be trusted is looked at', async () => {
    // The handshake hangs: neither the request nor the look at the certificate comes to an end.
    const mute = createServer();
    mute.on('connection', () => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    open.push(() => mute.close());
    open.push(() => mute.closeAllConnections());
    const { port } = mute.address() as AddressInfo;
    const inputs = { server: `https://127.0.0.1:${port}` };
    expectCancelled(await stepOn(server, inputs, { signal }));
  });

  test('while a trigger is on its way', async () => {
    server.intercept = ({ verb }) => (verb === 'patch' ? { kind: 'hang' } : undefined);
    const inputs = { trigger: 'refresh', revision: B };
    expectCancelled(await stepOn(server, inputs, { signal }));
  });

  test('while the server asks for patience', async () => {
    server.intercept = () => ({ kind: 'status', code: 429, retryAfter: 3600 });
    expectCancelled(await stepOn(server, {}, { signal }));
  });

  test('while a list comes drop by drop', async () => {
    server.streamingList = 'reject';
    server.intercept = ({ verb }) => (verb === 'list' ? { kind: 'silence' } : undefined);
    expectCancelled(await stepOn(server, {}, { signal }));
  });

  test('twice', async () => {
    server.put(manifest('shop', { revision: A }));
    const step = {
      onStart: (child: { kill(signal: NodeJS.Signals): boolean }) => {
        for (const ms of [1000, 1005, 1010]) setTimeout(() => child.kill(name), ms);
      },
    };
    const result = await stepOn(server, { revision: B }, step);
    expectEnd(result, 'cancelled', 'cancelled');
    expect(result.signal).toBeNull();
  });
});

test('an exec plugin that hangs does not outlive the timeout, and is named', async () => {
  const result = await stepOn(server, { ...hangingPlugin(), timeout: '1s' });
  expectEnd(result, 'timeout', 'unreachable');
  expect(result.durationMs).toBeLessThan(9000);
}, 20_000);

/** Code that the process runs beside ours. */
function beside(script: string): { readonly env: Readonly<Record<string, string>> } {
  return { env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` } };
}

describe('a bug of ours', () => {
  test.each([
    ['a promise that nobody caught', 'Promise.reject(new Error("boom\\n::error::forged"))'],
    ['an exception that nobody caught', 'throw new Error("boom\\n::error::forged")'],
    ['a rejection that is no error', 'Promise.reject("boom\\n::error::forged")'],
    ['a rejection with nothing', 'Promise.reject()'],
  ])('%s is one line, and exit 1', async (_, code) => {
    server.put(manifest('shop', { revision: A }));
    const script = `setTimeout(() => { ${code}; }, 700).unref();`;
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
    const result = await stepOn(server, {}, { env: { [variable]: path } });
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

  test('all of it, while the run is cancelled: within a second', async () => {
    server.put(manifest('shop', { revision: A }));
    const env = { GITHUB_OUTPUT: FULL, GITHUB_STEP_SUMMARY: FULL };
    const signal = { name: 'SIGTERM', whenLog: /waiting for revision/ } as const;
    const result = await stepOn(server, { revision: B }, { env, signal });
    expect(result).toMatchObject({ exitCode: 1, signal: null });
    expect(result.afterSignalMs).toBeLessThan(1000);
  });
});
