/** Writes the tables of inputs and outputs in README.md and docs/inputs.md from action.yml. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { optionsOf, ROOT } from './script.ts';
import { markdownTable } from './table.ts';

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
  return between(once, 'outputs', `${markdownTable([['Output', 'Value'], ...outputRows])}\n`);
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
      return `**${heading}**\n\n${markdownTable([['Input', 'Default', 'Meaning'], ...rows])}\n`;
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

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  optionsOf(`node scripts/readme-tables.ts

Writes the tables of inputs and outputs in README.md and docs/inputs.md from action.yml.`);
  const action = readFileSync(join(ROOT, 'action.yml'), 'utf8');
  for (const [name, written] of [
    ['README.md', withTables],
    ['docs/inputs.md', withInputs],
  ] as const) {
    const path = join(ROOT, name);
    writeFileSync(path, written(readFileSync(path, 'utf8'), action));
  }
}
