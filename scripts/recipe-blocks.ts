/** Writes the files of examples/ into the blocks of docs/recipes that name them. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionsOf, ROOT } from './script.ts';

const MARKED = /(<!-- (examples\/\S+) -->\n\n)```\w*\n[\s\S]*?```\n/g;

/**
 * A text whose marked blocks are what their files are.
 * @param markdown with `<!-- examples/… -->` before each block that is a file
 * @param read the text of such a file; throws if it is missing
 */
export function withBlocks(markdown: string, read: (path: string) => string): string {
  return markdown.replace(MARKED, (_, marker: string, path: string) => {
    const language = path.endsWith('.json') ? 'json' : 'yaml';
    return `${marker}\`\`\`${language}\n${read(path)}\`\`\`\n`;
  });
}

/** The files that a text has blocks of. */
export function blocksIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(MARKED)].map(([, , path = '']) => path);
}

if (import.meta.main) {
  optionsOf(`node scripts/recipe-blocks.ts

Writes the files of examples/ into the blocks of docs/recipes that name them.`);
  for (const page of globSync('docs/recipes/*.md', { cwd: ROOT })) {
    const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
    writeFileSync(join(ROOT, page), withBlocks(read(page), read));
  }
}
