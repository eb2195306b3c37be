import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { nodePath, ROOT } from './support/action.ts';

const DIRECTORY = join(ROOT, 'scripts');
const read = (name: string): string => readFileSync(join(DIRECTORY, name), 'utf8');
const ALL = readdirSync(DIRECTORY).filter((name) => name.endsWith('.ts'));
/** Parts of others, and what they start. */
const PARTS = ['licenses.ts', 'options.ts', 'soak-client.ts'];

test.each(ALL.filter((name) => !PARTS.includes(name)))('%s tells its usage', (name) => {
  expect(read(name)).toMatch(/\boptionsOf\(\s*`[^`]*\b(?:npm (?:run|test)|node scripts\/)/);
});

test('--help prints it', () => {
  const path = join(DIRECTORY, 'release-notes.ts');
  const stdout = execFileSync(nodePath(), [path, '--help'], { encoding: 'utf8' });
  expect(stdout).toMatch(/^node scripts\/release-notes\.ts vX\.Y\.Z\n/);
});

test('an option that there is not ends it with a line, not with a stack', () => {
  const path = join(DIRECTORY, 'check-dist.ts');
  const { status, stdout, stderr } = spawnSync(nodePath(), [path, '--x'], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Unknown option '--x'\.\n\nnpm run check-dist\n/);
});
