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

test.each([
  ['check-dist.ts', ['--x'], "Unknown option '--x'.", 'npm run check-dist'],
  ['check-dist.ts', ['acme'], "Unexpected argument 'acme'.", 'npm run check-dist'],
  ['owner.ts', ['acme', 'a.b'], "Unexpected argument 'a.b'.", 'npm run owner'],
  [
    'release.ts',
    ['1.0.0', '--owner'],
    "Option '--owner <value>' argument missing.",
    'npm run release',
  ],
])('%s %j ends with a line and its usage, not with a stack', (name, args, line, usage) => {
  const { status, stdout, stderr } = run(name, ...args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`${line}\n\n${usage}`);
  expect(stderr).not.toContain('    at ');
});

test('the demo lists the recordings, and refuses a name that is none of them', () => {
  expect(run('demo.ts', '--list').stdout).toContain('\nupdate-client-side\n');
  const { status, stdout, stderr } = run('demo.ts', 'nope');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe('There is no recording "nope". All of them: npm run demo -- --list\n');
});
