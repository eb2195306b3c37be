/** Writes the tables of inputs and outputs in README.md anew: they say what action.yml says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { optionsOf } from './options.ts';

interface ActionFile {
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly default: string }>
  >;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

/**
 * A text with its tables renewed.
 * @param readme Markdown with the markers `<!-- inputs … -->` and `<!-- /inputs -->`, likewise outputs
 * @param action the text of action.yml
 * @throws Error where a marker is not there, or twice
 */
export function withTables(readme: string, action: string): string {
  const { inputs, outputs } = parse(action) as ActionFile;
  const inputRows = Object.entries(inputs).map(([name, input]) => [
    code(name),
    input.default === '' ? '' : code(input.default),
    input.description,
  ]);
  const outputRows = Object.entries(outputs).map(([name, output]) => [
    code(name),
    output.description,
  ]);
  const once = between(readme, 'inputs', table(['Input', 'Default', 'Meaning'], inputRows));
  return between(once, 'outputs', table(['Output', 'Value'], outputRows));
}

function between(text: string, name: string, content: string): string {
  const marked = new RegExp(`(<!-- ${name}\\b[^>]*-->\\n)[^]*?(<!-- /${name} -->)`, 'g');
  const found = text.match(marked)?.length ?? 0;
  if (found !== 1) throw new Error(`README.md has ${found} places for the ${name}: needed is one`);
  // A function, as the content has `$`.
  return text.replace(marked, (_, begin: string, end: string) => `${begin}\n${content}\n${end}`);
}

/** Columns as wide as their longest cell, as Biome formats Markdown. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  const [first = [], ...rest] = cells;
  return [first, widths.map((width) => '-'.repeat(width)), ...rest].map(line).join('');
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  optionsOf(`node scripts/readme-tables.ts

Writes the tables of inputs and outputs in README.md: they say what action.yml says.`);
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const path = join(root, 'README.md');
  const action = readFileSync(join(root, 'action.yml'), 'utf8');
  writeFileSync(path, withTables(readFileSync(path, 'utf8'), action));
}
