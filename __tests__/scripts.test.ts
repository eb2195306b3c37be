import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodePath, ROOT } from './support/action.ts';

const DIRECTORY = join(ROOT, 'scripts');
const ALL = readdirSync(DIRECTORY).filter((name) => name.endsWith('.ts'));
/** Parts of others, and what they start. */
const PARTS = ['kubernetes.ts', 'licenses.ts', 'script.ts', 'soak-client.ts', 'table.ts'];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'scripts-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function run(name: string, ...args: readonly string[]) {
  return spawnSync(nodePath(), [join(DIRECTORY, name), ...args], {
    cwd: directory,
    encoding: 'utf8',
    // Most of what they load is the same.
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: join(directory, 'cache') },
  });
}

describe.each(ALL.filter((name) => !PARTS.includes(name)))('%s', (name) => {
  test('prints its usage for --help, and does nothing', () => {
    const { status, stdout, stderr } = run(name, '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^(?:\w+=\S+ )*(?:npm (?:run|test)|node scripts\/)/);
  });
});

test('an option that there is not ends it with a line, not with a stack', () => {
  const { status, stdout, stderr } = run('check-dist.ts', '--x');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Unknown option '--x'\.\n\nnpm run check-dist\n/);
});

test('the demo lists the recordings, and refuses a name that is none of them', () => {
  expect(run('demo.ts', '--list').stdout).toContain('\nupdate-client-side\n');
  const { status, stdout, stderr } = run('demo.ts', 'nope');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe('There is no recording "nope". All of them: npm run demo -- --list\n');
});
