import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { withRelease } from '../scripts/release.ts';
import { releaseNotes } from '../scripts/release-notes.ts';
import { ROOT } from './support/action.ts';

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.2.0] - 2026-11-21

### Added

- This.

## [1.1.0]

- That.
`;

test('what the changelog says of the version', () => {
  expect(releaseNotes('v1.2.0', '1.2.0', CHANGELOG)).toBe('### Added\n\n- This.\n');
  expect(releaseNotes('v1.1.0', '1.1.0', CHANGELOG)).toBe('- That.\n');
});

test('the version in package.json has notes, or will have what is unreleased', () => {
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  const changelog = read('CHANGELOG.md');
  const prepared = changelog.includes(`## [${version}]`)
    ? changelog
    : withRelease(changelog, version, '2026-11-25');
  expect(releaseNotes(`v${version}`, version, prepared)).toContain('- ');
});

test.each([
  ['another tag', 'v1.2.0', '1.1.0', 'The tag v1.2.0 is not v1.1.0'],
  ['no tag', '', '1.1.0', 'The tag  is not v1.1.0'],
  ['no section', 'v1.3.0', '1.3.0', 'CHANGELOG.md has no section [1.3.0].'],
  ['an empty section', 'vUnreleased', 'Unreleased', 'The section [Unreleased] of CHANGELOG.md is'],
])('%s is no release', (_, tag, version, said) => {
  expect(() => releaseNotes(tag, version, CHANGELOG)).toThrow(said);
});
