/**
 * `node scripts/release-notes.ts v1.2.3`: what CHANGELOG.md says about a version. Fails where the
 * tag, package.json and the changelog do not agree, so that nothing is half released.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesWithPlaceholder } from './owner.ts';
import { main, optionsOf, ROOT } from './script.ts';

/**
 * @param tag `vX.Y.Z`
 * @param version of package.json
 * @throws where there is nothing to say of it
 */
export function releaseNotes(tag: string, version: string, changelog: string): string {
  if (tag !== `v${version}`) {
    throw new Error(`The tag ${tag} is not v${version}, the version in package.json.`);
  }
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((each) => each.startsWith(`[${version}]`));
  if (section === undefined) throw new Error(`CHANGELOG.md has no section [${version}].`);
  const notes = section.slice(section.indexOf('\n')).trim();
  if (notes === '') throw new Error(`The section [${version}] of CHANGELOG.md is empty.`);
  return `${notes}\n`;
}

if (import.meta.main) {
  const { positionals } = optionsOf(
    `node scripts/release-notes.ts vX.Y.Z

Prints what CHANGELOG.md says about a version. Fails where the tag, package.json and the changelog
do not agree, or a file has no owner yet.`,
    { positionals: 1 },
  );
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  await main(() => {
    const without = filesWithPlaceholder(ROOT);
    if (without.length > 0) {
      const [first = ''] = without;
      throw new Error(
        `${without.length} files have no owner yet, ${first} among them: run \`npm run owner\` and commit.`,
      );
    }
    process.stdout.write(releaseNotes(positionals[0] ?? '', version, read('CHANGELOG.md')));
  });
}
