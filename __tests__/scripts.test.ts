import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { nodePath, ROOT } from './support/action.ts';

const DIRECTORY = join(ROOT, 'scripts');
const ALL = readdirSync(DIRECTORY).filter((name) => name.endsWith('.ts'));
/** Parts of others, and what they start. */
const PARTS = ['licenses.ts', 'options.ts', 'soak-client.ts'];

describe.each(ALL.filter((name) => !PARTS.includes(name)))('%s', (name) => {
  test('prints its usage for --help, and does nothing', () => {
    const { status, stdout, stderr } = spawnSync(nodePath(), [join(DIRECTORY, name), '--help'], {
      cwd: DIRECTORY,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^(?:\w+=\S+ )*(?:npm (?:run|test)|node scripts\/)/);
  });
});

test('an option that there is not ends it with a line, not with a stack', () => {
  const path = join(DIRECTORY, 'check-dist.ts');
  const { status, stdout, stderr } = spawnSync(nodePath(), [path, '--x'], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Unknown option '--x'\.\n\nnpm run check-dist\n/);
});

test('the demo lists the recordings, and refuses a name that is none of them', () => {
  const demo = (arg: string) =>
    spawnSync(nodePath(), [join(DIRECTORY, 'demo.ts'), arg], { encoding: 'utf8' });
  expect(demo('--list').stdout).toContain('\nupdate-client-side\n');
  const { status, stdout, stderr } = demo('nope');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe('There is no recording "nope". All of them: npm run demo -- --list\n');
});
