import { isAbsolute, join } from 'node:path';
import { type Filter, parseFilters } from '../core/filters.js';
import { quoted } from '../core/parsed.js';
import { messageOf } from '../errors.js';
import type { Reader } from './reader.js';

/** The text of a file, which must be in a directory where one is given; throws if there is none. */
export type ReadFile = (path: string, within?: string) => string;

/** Reads the filters, which are YAML or, on one line without a colon, the path of a file. */
export async function readFilters(
  reader: Reader,
  workspace: string,
  readFile: ReadFile,
): Promise<readonly Filter[]> {
  const value = reader.text('filters');
  const path = pathOf(value);
  const text = path === undefined ? value : readText(reader, path, workspace, readFile);
  const { filters, problems } = await parseFilters(text);
  for (const problem of problems) {
    reader.refuse('filters', path === undefined ? problem : `${quoted(path)} ${problem}`);
  }
  return filters;
}

function pathOf(value: string): string | undefined {
  const line = value.trim();
  const inline = line === '' || /[:\r\n]/.test(line) || /^[{[#]/.test(line);
  return inline ? undefined : line;
}

function readText(reader: Reader, path: string, workspace: string, readFile: ReadFile): string {
  try {
    if (isAbsolute(path)) return readFile(path);
    return readFile(join(workspace, path), workspace || '.');
  } catch (thrown) {
    const remedy =
      'one line without a colon is the path of a file, relative to GITHUB_WORKSPACE: is the repository checked out (actions/checkout)?';
    reader.refuse('filters', `${quoted(path)} cannot be read (${messageOf(thrown)}); ${remedy}`);
    return '';
  }
}
