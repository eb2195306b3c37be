import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { manifest } from '../support/manifest.ts';
import { gone } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import { expectEnd, stepOn } from './steps.ts';

/** What only a process shows of the way to a server: its environment, and the processes it starts. */

let server: ApiServer;
afterEach(async () => {
  await server.close();
});

async function start(): Promise<void> {
  server = await startApiServer({ objects: [manifest('shop')] });
}

describe('NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch verification off', () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  const FAR = { server: 'https://k.example.com', 'certificate-authority': '' };

  test('of a server', async () => {
    await start();
    const { outputs, stdout } = await stepOn(server, { 'certificate-authority': '' }, { env });
    expect(outputs['reason']).toBe('unreachable');
    expect(stdout).toContain('cannot be trusted: self-signed certificate');
    expect(server.requests).toEqual([]);
  });

  test('of a server behind a proxy', async () => {
    await start();
    const proxy = await startProxy({ port: server.port });
    const by = { ...env, HTTPS_PROXY: proxy.url };
    const { outputs, stdout } = await stepOn(server, FAR, { env: by });
    expect(outputs['reason']).toBe('unreachable');
    expect(stdout).toContain('cannot be trusted: self-signed certificate');
    expect(proxy.targets).not.toEqual([]);
    expect(server.requests).toEqual([]);
    proxy.close();
  });

  test('of a proxy', async () => {
    await start();
    const by = { ...env, HTTPS_PROXY: server.url };
    const { outputs, stdout } = await stepOn(server, { ...FAR, timeout: '1s' }, { env: by });
    expect(outputs['reason']).toBe('unreachable');
    expect(stdout).toMatch(/the proxy at 127\.0\.0\.1:\d+: self-signed certificate/);
    expect(server.requests).toEqual([]);
  });
});

test('an exec plugin that waits for a person ends with the step, and all that it started', async () => {
  await start();
  const directory = await mkdtemp(join(tmpdir(), 'plugin-'));
  const pids = join(directory, 'pids');
  // Deaf to SIGTERM, so that the end of the step is what ends it.
  const script = `trap '' TERM; sleep 600 & echo $$ $! > ${pids}; wait; sleep 600`;
  const exec = { command: 'sh', args: ['-c', script], interactiveMode: 'IfAvailable' };
  const kubeconfig = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: server.url } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'k',
  });
  const result = await stepOn(
    server,
    { server: '', token: '', 'certificate-authority': '', kubeconfig },
    {
      onStart: (child) => {
        const look = setInterval(() => {
          if (!existsSync(pids) || readFileSync(pids, 'utf8') === '') return;
          clearInterval(look);
          child.kill('SIGTERM');
        }, 20);
        child.once('exit', () => clearInterval(look));
      },
    },
  );
  expectEnd(result, 'cancelled', 'cancelled');
  const all = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
  await rm(directory, { recursive: true });
  expect(all).toHaveLength(2);
  await gone(all);
  expect(server.requests).toEqual([]);
});
