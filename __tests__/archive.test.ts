import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT, runAction } from './support/action.ts';

/** A job downloads the archive of a tag, which `export-ignore` in .gitattributes keeps small. */

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** What a step runs, and what whoever unpacks the archive wants to know of it. */
const KEPT = ['LICENSE', 'README.md', 'action.yml', 'dist', 'package.json'];

test('everything at the top is kept out of the archive, or needed by a step', () => {
  const ignored = [...read('.gitattributes').matchAll(/^\/(\S+) export-ignore$/gm)].map(
    ([, name]) => name,
  );
  // Written by npm, builds and editors; Git knows nothing of them.
  const unknown = new Set([
    '.git',
    ...read('.gitignore')
      .split('\n')
      .map((line) => line.replace('/', '')),
  ]);
  const found = readdirSync(ROOT).filter((name) => !unknown.has(name) && !name.startsWith('lib-'));
  expect([...KEPT, ...ignored].sort()).toEqual(found.sort());
});

test('what is kept is enough for a step', async () => {
  const root = mkdtempSync(join(tmpdir(), 'archive-'));
  try {
    for (const name of KEPT) cpSync(join(ROOT, name), join(root, name), { recursive: true });
    const { outputs, stderr } = await runAction({ root, inputs: { timeout: 'soon' } });
    expect([outputs['reason'], stderr]).toEqual(['invalid-input', '']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
