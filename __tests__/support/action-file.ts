import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What a runner reads of action.yml. */
export interface ActionFile {
  readonly inputs?: Readonly<Record<string, { readonly default?: unknown } | null>>;
  readonly runs: { readonly main: string };
}

/** Where the run of the tests has put what its files share: JSON, by the directory of action.yml. */
const VARIABLE = 'TEST_ACTION_FILES';
const actions = new Map<string, ActionFile>();

/** action.yml of a directory, which is read once. */
export function actionFile(root: string): ActionFile {
  const action = actions.get(root) ?? shared()[root] ?? read(root);
  actions.set(root, action);
  return action;
}

/** Reads what the files to come share: each would take a sixth of a second to load YAML and read it. */
export function shareActionFile(root: string): void {
  process.env[VARIABLE] = JSON.stringify({ [root]: actionFile(root) });
}

function shared(): Readonly<Record<string, ActionFile>> {
  return JSON.parse(process.env[VARIABLE] ?? '{}') as Readonly<Record<string, ActionFile>>;
}

function read(root: string): ActionFile {
  // Loaded where it is needed: most files have what they share.
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  return parse(readFileSync(join(root, 'action.yml'), 'utf8')) as ActionFile;
}
