/** Writes the tables of inputs and outputs in README.md and docs/inputs.md from action.yml. */
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
 * README.md with its tables written from action.yml: of an input its first sentence.
 * @param readme Markdown with the markers `<!-- inputs … -->` and `<!-- /inputs -->`, likewise outputs
 * @param action the text of action.yml, in which a comment is the heading of the inputs below it
 * @throws Error where a marker is missing, or there twice
 */
export function withTables(readme: string, action: string): string {
  const { outputs } = parse(action) as ActionFile;
  const outputRows = Object.entries(outputs).map(([name, output]) => [
    code(name),
    output.description,
  ]);
  const once = between(readme, 'inputs', inputTables(action, firstSentence));
  return between(once, 'outputs', table(['Output', 'Value'], outputRows));
}

/** docs/inputs.md with its tables written from action.yml, descriptions in full. */
export function withInputs(page: string, action: string): string {
  return between(
    page,
    'inputs',
    inputTables(action, (description) => description),
  );
}

function inputTables(action: string, shown: (description: string) => string): string {
  const { inputs } = parse(action) as ActionFile;
  return groupsIn(action)
    .map(({ heading, names }) => {
      const rows = names.map((name) => {
        const { default: value = '', description = '' } = inputs[name] ?? {};
        return [code(name), value === '' ? '' : code(value), shown(description)];
      });
      return `**${heading}**\n\n${table(['Input', 'Default', 'Meaning'], rows)}`;
    })
    .join('\n');
}

interface Group {
  readonly heading: string;
  readonly names: readonly string[];
}

/** The inputs in their groups, each of which a comment of action.yml begins. */
function groupsIn(action: string): readonly Group[] {
  const [, section = ''] = /^inputs:\n([\s\S]*?)\n(?=\S)/m.exec(action) ?? [];
  return section.split(/^ {2}# /m).flatMap((text) => {
    const names = [...text.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name = '']) => name);
    const [heading = ''] = text.split('\n');
    return names.length === 0 ? [] : [{ heading, names }];
  });
}

function firstSentence(text: string): string {
  return /^.*?\.(?= [A-Z`]|$)/.exec(text)?.[0] ?? text;
}

function between(text: string, name: string, content: string): string {
  const marked = new RegExp(`(<!-- ${name}\\b[^>]*-->\\n)[^]*?(<!-- /${name} -->)`, 'g');
  const found = text.match(marked)?.length ?? 0;
  if (found !== 1) throw new Error(`there are ${found} places for the ${name}, not one`);
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

Writes the tables of inputs and outputs in README.md and docs/inputs.md from action.yml.`);
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const action = readFileSync(join(root, 'action.yml'), 'utf8');
  for (const [name, written] of [
    ['README.md', withTables],
    ['docs/inputs.md', withInputs],
  ] as const) {
    const path = join(root, name);
    writeFileSync(path, written(readFileSync(path, 'utf8'), action));
  }
}
