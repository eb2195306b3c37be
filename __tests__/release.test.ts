import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { filesWithPlaceholder, ownerOf, setOwner, withOwner } from '../scripts/owner.ts';
import { withMajor, withRelease, withVersion } from '../scripts/release.ts';
import { ROOT } from './support/action.ts';
import { declared, type Workflow } from './support/workflows.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const VERSION = (JSON.parse(read('package.json')) as { readonly version: string }).version;

/** https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#branding */
const COLORS = 'white black yellow blue green orange red purple gray-dark'.split(' ');
/** The icons of Feather 4.28 that GitHub does not take, by the same page. */
const REFUSED_ICONS =
  'coffee columns divide-circle divide-square divide frown hexagon key meh mouse-pointer smile tool x-octagon'.split(
    ' ',
  );

describe('the Marketplace takes action.yml', () => {
  const action = declared as unknown as Readonly<Record<'name' | 'description', string>> & {
    readonly branding: Readonly<Record<'icon' | 'color', string>>;
  };

  test('a description of less than 125 characters', () => {
    expect(action.description.length).toBeLessThan(125);
    expect(action.description).toMatch(/^[A-Z].*\.$/);
  });

  test('a name that is no name of a GitHub feature, and not "GitHub"', () => {
    expect(action.name).toMatch(/^[A-Z][\w -]{3,63}$/);
    expect(action.name).not.toMatch(/github|^action/i);
  });

  test('an icon and a color that it has', () => {
    expect(COLORS).toContain(action.branding.color);
    expect(action.branding.icon).toMatch(/^[a-z]+(?:-[a-z0-9]+)*$/);
    expect(REFUSED_ICONS).not.toContain(action.branding.icon);
  });
});

/** `npx github:…/argocd-post-sync explain` downloads one package, and builds nothing. */
test('npm installs nothing but dist/ from the repository', () => {
  const about = JSON.parse(read('package.json')) as Readonly<Record<string, object | undefined>>;
  for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies', 'workspaces']) {
    expect(about[field]).toBeUndefined();
  }
  // With one of these npm installs the dev dependencies of a Git package before it packs it.
  const building = ['preinstall', 'install', 'postinstall', 'build', 'prepack', 'prepare'];
  expect(Object.keys(about['scripts'] ?? {}).filter((name) => building.includes(name))).toEqual([]);
  expect(about).toMatchObject({ files: ['dist'], bin: { 'argocd-post-sync': 'dist/index.js' } });
});

describe('the version', () => {
  test('is of the major that every example names', () => {
    const { stdout } = git(ROOT, 'grep', '-hoE', '/argocd-post-sync[@/]v[0-9]+');
    const majors = new Set(
      stdout
        .trim()
        .split('\n')
        .map((each) => each.replace(/^.*v/, '')),
    );
    expect([...majors]).toEqual([VERSION.split('.')[0]]);
  });

  test('is the one in package-lock.json', () => {
    expect(withVersion(read('package-lock.json'), VERSION)).toBe(read('package-lock.json'));
    expect(withVersion('{"version":"1.0.0","packages":{"":{"version":"1.0.0"}}}', '2.0.0')).toBe(
      '{\n  "version": "2.0.0",\n  "packages": {\n    "": {\n      "version": "2.0.0"\n    }\n  }\n}\n',
    );
  });

  test('changes examples with its major', () => {
    const text =
      'uses: acme/argocd-post-sync@v1 # and acme/argocd-post-sync/v1/filters.schema.json';
    expect(withMajor(text, '1.9.0')).toBe(text);
    expect(withMajor(text, '2.0.0')).toBe(text.replaceAll('v1', 'v2'));
    expect(withMajor('uses: actions/checkout@v6', '2.0.0')).toBe('uses: actions/checkout@v6');
  });

  test('takes what is unreleased', () => {
    const changelog =
      '# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [1.0.0] - 2026-11-25\n\n- Old.\n';
    expect(withRelease(changelog, '1.1.0', '2026-12-01')).toBe(
      changelog.replace('- New.', '## [1.1.0] - 2026-12-01\n\n- New.'),
    );
    expect(() => withRelease(changelog, '1.0.0', '2026-12-01')).toThrow('already');
    const empty = changelog.replace('- New.\n\n', '');
    expect(() => withRelease(empty, '1.1.0', '2026-12-01')).toThrow('nothing under [Unreleased]');
  });
});

describe('the owner', () => {
  const placeholder = ['OWNER', 'argocd-post-sync'].join('/');

  test.each([
    ['https://github.com/acme/argocd-post-sync.git', 'acme'],
    ['git@github.com:acme/argocd-post-sync.git', 'acme'],
    ['ssh://git@github.com/acme/argocd-post-sync', 'acme'],
    ['ssh://git@github.example.com:2222/acme/argocd-post-sync', 'acme'],
    ['/srv/git/argocd-post-sync.git', undefined],
    ['', undefined],
  ])('of %s is %s', (url, owner) => {
    expect(ownerOf(url)).toBe(owner);
  });

  test('takes the place of the placeholder, and of no other word', () => {
    const text = `uses: ${placeholder}@v1 # OWNER/REPO stays`;
    expect(withOwner(text, 'acme')).toBe('uses: acme/argocd-post-sync@v1 # OWNER/REPO stays');
    for (const name of ['', 'a b', '-a', 'a/b', 'OWNER', 'x'.repeat(40)]) {
      expect(() => withOwner(text, name)).toThrow(`"${name}" is not the name`);
    }
  });

  test('is replaced in every committed file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'owner-'));
    try {
      git(directory, 'init', '--quiet');
      writeFileSync(join(directory, 'a.md'), `${placeholder}, ${placeholder}`);
      writeFileSync(join(directory, 'b.md'), 'nothing');
      git(directory, 'add', '.');
      expect(setOwner(directory, 'acme')).toEqual(['a.md']);
      expect(readFileSync(join(directory, 'a.md'), 'utf8')).not.toContain('OWNER');
      expect(filesWithPlaceholder(directory)).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

function git(cwd: string, ...args: readonly string[]) {
  return spawnSync('git', args, { cwd, encoding: 'utf8' });
}

/** The scripts of release.yml, in a clone whose remote is a bare repository. */
describe('release.yml', () => {
  const { jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
  const GH = `#!/bin/bash
echo "gh $*" >> "$LOG"
case "$2" in
  view) test -e "$LOG.$3" ;;
  create) test ! -e "$LOG.$3" && touch "$LOG.$3" ;;
esac
`;
  let root: string;
  const remote = () => join(root, 'remote.git');
  const clone = () => join(root, 'clone');

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'release-'));
    // Without the samples of hooks, which are most of a new repository.
    git(root, 'init', '--quiet', '--template=', '--bare', '--initial-branch=main', remote());
    git(root, 'clone', '--quiet', '--template=', remote(), clone());
    mkdirSync(join(root, 'bin'));
    writeFileSync(join(root, 'bin', 'gh'), GH, { mode: 0o755 });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** A commit on a branch, with a tag; returns its SHA. */
  function commit(branch: string, tag: string): string {
    git(clone(), 'checkout', '--quiet', '-B', branch);
    const who = ['-c', 'user.name=ci', '-c', 'user.email=ci@example.com'];
    git(clone(), ...who, 'commit', '--quiet', '--allow-empty', '-m', tag);
    git(clone(), 'tag', tag);
    git(clone(), 'push', '--quiet', 'origin', branch, tag);
    return git(clone(), 'rev-parse', 'HEAD').stdout.trim();
  }

  /** Runs a step by its name, as a runner does. */
  function run(name: string, tag: string) {
    const step = jobs?.['publish']?.steps?.find((each) => each.name === name);
    const sha = git(clone(), 'rev-parse', `${tag}^{commit}`).stdout.trim();
    const { status, stdout } = spawnSync('bash', ['-e', '-c', step?.run ?? 'exit 9'], {
      cwd: clone(),
      encoding: 'utf8',
      env: {
        PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
        LOG: join(root, 'gh.log'),
        RUNNER_TEMP: root,
        GITHUB_REF_NAME: tag,
        GITHUB_SHA: sha,
      },
    });
    return { status, stdout };
  }

  const MOVE = 'Move the tag of the major version';
  const PUBLISH = 'Publish the release';
  const BRANCH = 'Is the commit on main, or on the branch of an older major version?';
  const published = () => git(remote(), 'rev-parse', 'v1').stdout.trim();
  const called = () => readFileSync(join(root, 'gh.log'), 'utf8');

  test('moves the major tag, and once more without harm', () => {
    commit('main', 'v1.0.0');
    expect(run(MOVE, 'v1.0.0').status).toBe(0);
    const sha = commit('main', 'v1.10.0');
    expect(run(MOVE, 'v1.10.0')).toEqual({ status: 0, stdout: 'v1 is v1.10.0 now.\n' });
    expect(run(MOVE, 'v1.10.0').status).toBe(0);
    expect(published()).toBe(sha);
  });

  test('an older version leaves the major tag where it is', () => {
    const sha = commit('main', 'v1.10.0');
    run(MOVE, 'v1.10.0');
    commit('main', 'v1.9.1');
    expect(run(MOVE, 'v1.9.1').stdout).toBe('v1.10.0 is newer: v1 stays where it is.\n');
    expect(published()).toBe(sha);
  });

  test('a fix of an older major comes from its branch, and is not the latest', () => {
    commit('main', 'v1.0.0');
    commit('main', 'v2.0.0');
    git(clone(), 'checkout', '--quiet', 'v1.0.0');
    const sha = commit('release/v1', 'v1.0.1');
    expect(run(BRANCH, 'v1.0.1')).toEqual({ status: 0, stdout: 'v1.0.1 is on release/v1.\n' });
    run(PUBLISH, 'v1.0.1');
    expect(called()).toContain('gh release create v1.0.1');
    expect(called()).toContain('--latest=false');
    run(MOVE, 'v1.0.1');
    expect(published()).toBe(sha);
  });

  test('a commit on another branch is refused', () => {
    commit('main', 'v1.0.0');
    commit('feature', 'v1.0.1');
    const { status, stdout } = run(BRANCH, 'v1.0.1');
    expect(status).toBe(1);
    expect(stdout).toContain('neither on main nor on release/v1');
  });

  test('a second run edits the release that the first one made', () => {
    commit('main', 'v1.0.0');
    expect([run(PUBLISH, 'v1.0.0').status, run(PUBLISH, 'v1.0.0').status]).toEqual([0, 0]);
    expect(called().match(/gh release \w+/g)).toEqual(
      ['view', 'create', 'view', 'edit'].map((action) => `gh release ${action}`),
    );
    expect(called()).toContain('--latest=true');
  });

  test('where GitHub refuses to move the tag, it says what to run by hand', () => {
    const sha = commit('main', 'v1.0.0');
    mkdirSync(join(remote(), 'hooks'));
    writeFileSync(join(remote(), 'hooks', 'pre-receive'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const { status, stdout } = run(MOVE, 'v1.0.0');
    expect(status).toBe(1);
    expect(stdout).toContain(`git push --force origin ${sha}:refs/tags/v1\n`);
  });
});
