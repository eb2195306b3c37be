import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startApiServer } from '../support/api-server.ts';
import { manifest } from '../support/manifest.ts';
import { expectEnd, stepOn } from './steps.ts';

/** One that has ended may stay in the table until somebody asks for it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('an exec plugin that waits for a person ends with the step, and all that it started', async () => {
  const server = await startApiServer({ objects: [manifest('shop')] });
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
  expect(all.filter(isAlive)).toEqual([]);
  expect(server.requests).toEqual([]);
  await server.close();
});
