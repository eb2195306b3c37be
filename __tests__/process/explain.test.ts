import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { nodePath, ROOT } from '../support/action.ts';

/** The local command as npx starts it: its arguments, its streams, its directory. */

const RECORDING = readFileSync(join(ROOT, '__tests__', 'traces', 'update-client-side.jsonl'));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'explain-'));
  writeFileSync(join(directory, 'f.yml'), 'web: Deployment/web\n');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function command(...args: readonly string[]) {
  const main = join(ROOT, 'dist', 'index.js');
  const child = spawn(nodePath(), [main, ...args], { stdio: 'pipe', cwd: directory });
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  // Who refuses its arguments does not read what is piped in.
  child.stdin.on('error', () => undefined);
  child.stdin.end(RECORDING);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

test('reads what is piped in, and files below the working directory', async () => {
  const { code, stdout, stderr } = await command('explain', '--filters', 'f.yml');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('✅ shop-csa: synced\n');
  expect(stdout).toMatch(/^ {2}web {2}true {2}1 resource /m);
});

test('complains on stderr', async () => {
  const { code, stdout, stderr } = await command('explian');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('Unknown command "explian"');
});

test('--help', async () => {
  const { code, stdout, stderr } = await command('--help');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('--filters FILE|YAML');
});
