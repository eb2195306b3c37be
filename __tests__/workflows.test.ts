import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ROOT } from './support/action.ts';
import { actionlint, audit, lint, zizmor } from './support/blocks.ts';
import type { Workflow } from './support/workflows.ts';

/** The workflows of this repository, and with actionlint also those of the examples. */

const OURS = globSync('.github/workflows/*.yml', { cwd: ROOT }).sort();
const EXAMPLES = globSync('examples/*/*.yml', { cwd: ROOT }).sort();
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe.each(OURS)('%s', (path) => {
  const { on, permissions, jobs = {} } = parse(read(path)) as Workflow;

  test('says when, what it may do, and for how long', () => {
    expect([typeof on, typeof permissions]).toEqual(['object', 'object']);
    for (const job of Object.values(jobs)) {
      expect(job).toMatchObject({ 'timeout-minutes': expect.any(Number) });
    }
  });

  test('takes actions of others by commit, with the version beside it', () => {
    const uses = [...read(path).matchAll(/\buses: (.*)$/gm)].map(([, what = '']) => what);
    const pinned = /^(?:\.\/|[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/;
    expect(uses.filter((what) => !pinned.test(what))).toEqual([]);
  });

  test('a checkout leaves no token behind', () => {
    for (const step of Object.values(jobs).flatMap((job) => job.steps ?? [])) {
      if (!step.uses?.startsWith('actions/checkout@')) continue;
      expect(step.with).toMatchObject({ 'persist-credentials': false });
    }
  });
});

test('one action, one commit', () => {
  const uses = OURS.flatMap((path) => read(path).match(/(?<=\buses: )[\w-]+\/.*$/gm) ?? []);
  const names = new Set(uses.map((what) => what.replace(/@.*/, '')));
  expect(new Set(uses).size).toBe(names.size);
});

test('there is a workflow for each purpose', () => {
  const names = OURS.map((path) => path.replace(/^.*\/(.*)\.yml$/, '$1'));
  expect(names).toEqual(['check-dist', 'ci', 'codeql', 'e2e', 'release', 'self-test']);
  expect(read('.github/workflows/ci.yml')).toMatch(/run: \.ci\/run$/m);
});

test('Dependabot groups the packages that are in dist/, and keeps them from the tools', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const licenses = read('dist/licenses.txt');
  const bundled = Object.entries(devDependencies)
    .filter(([name, version]) => new RegExp(`^${name} ${version} `, 'm').test(licenses))
    .map(([name]) => name);
  const { updates } = parse(read('.github/dependabot.yml')) as {
    readonly updates: readonly [{ readonly groups: Readonly<Record<string, object>> }];
  };
  expect(updates[0].groups).toMatchObject({
    bundled: { patterns: bundled },
    tools: { 'exclude-patterns': bundled },
  });
});

const program = actionlint();

test('actionlint is there where it must be', () => {
  if (process.env['ACTIONLINT'] === 'required') expect(program).toBeDefined();
});

if (program !== undefined) {
  test('actionlint accepts them, and the examples', () => {
    expect(EXAMPLES.length).toBeGreaterThan(14);
    expect(lint(program, [...OURS, ...EXAMPLES])).toEqual([]);
  });
}

const auditor = zizmor();

test('zizmor is there where it must be', () => {
  if (process.env['ZIZMOR'] === 'required') expect(auditor).toBeDefined();
});

if (auditor !== undefined) {
  test('zizmor accepts them, and the examples', () => {
    expect(audit(auditor, OURS, { examples: false })).toEqual([]);
    expect(audit(auditor, ['.github/dependabot.yml', 'action.yml'], { examples: false })).toEqual(
      [],
    );
    expect(audit(auditor, EXAMPLES, { examples: true })).toEqual([]);
    const pinned = audit(auditor, EXAMPLES, { examples: false });
    expect(pinned[0]).toMatch(/^examples\/.*\.yml:\d+: unpinned-uses: /);
  });
}
