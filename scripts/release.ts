/** Prepares a release in the work tree: version, changelog, examples, owner, dist/. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './bundle.ts';
import { git, ownerOf, setOwner } from './owner.ts';
import { main, optionsOf, ROOT } from './script.ts';

const UNRELEASED = '## [Unreleased]\n';

/**
 * A changelog whose unreleased entries have become those of a version.
 * @param date ISO 8601, `2026-11-25`
 * @throws Error where nothing is unreleased, or the version is there already
 */
export function withRelease(changelog: string, version: string, date: string): string {
  if (changelog.includes(`## [${version}]`)) {
    throw new Error(`CHANGELOG.md has a section [${version}] already.`);
  }
  const [, entries = ''] = changelog.split(UNRELEASED);
  if (entries.split(/^## /m)[0]?.trim() === '' || entries === '') {
    throw new Error('CHANGELOG.md has nothing under [Unreleased].');
  }
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n## [${version}] - ${date}\n`);
}

/** The text of package.json or package-lock.json, with another version of this package. */
export function withVersion(text: string, version: string): string {
  const content = JSON.parse(text) as { version: string; packages?: { '': { version: string } } };
  content.version = version;
  if (content.packages) content.packages[''].version = version;
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** A text whose examples use the major version of a release. */
export function withMajor(text: string, version: string): string {
  const major = version.split('.')[0];
  return text.replaceAll(/(?<=\/argocd-post-sync(?:@|\/))v\d+\b/g, `v${major}`);
}

function change(path: string, by: (text: string) => string): void {
  const file = join(ROOT, path);
  const before = readFileSync(file, 'utf8');
  const after = by(before);
  if (after !== before) writeFileSync(file, after);
}

function release(version: string, owner: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`"${version}" is not of the form X.Y.Z.`);
  const today = new Date().toISOString().slice(0, 10);
  change('CHANGELOG.md', (text) => withRelease(text, version, today));
  for (const path of ['package.json', 'package-lock.json']) {
    change(path, (text) => withVersion(text, version));
  }
  const having = git(ROOT, 'grep', '-lzE', '-e', '/argocd-post-sync[@/]v[0-9]').stdout.split('\0');
  for (const path of having.filter((each) => each !== '')) {
    if (path !== 'CHANGELOG.md') change(path, (text) => withMajor(text, version));
  }
  setOwner(ROOT, owner);
  build(join(ROOT, 'dist'));
}

if (import.meta.main) {
  const options = optionsOf(
    `npm run release -- X.Y.Z [--owner NAME]

Prepares a release in the work tree: the version, the changelog, the major version in examples, the
owner of the repository, and dist/. Then says how to publish it. Default for NAME: the owner in the
URL of the remote origin.`,
    { positionals: 1, options: { owner: { type: 'string' } } },
  );
  const [version = ''] = options.positionals;
  const remote = ownerOf(git(ROOT, 'remote', 'get-url', 'origin').stdout ?? '');
  await main(() => {
    release(version, options.value('owner') ?? remote ?? '');
    console.log(`Look at the changes, then:
  npm test
  git add --all && git commit -m "Release ${version}" && git push
  git tag -a v${version} -m v${version} && git push origin v${version}`);
  });
}
