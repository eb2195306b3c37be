import { isAbsolute, join } from 'node:path';
import type { Filter } from '../core/filters/filter.js';
import { quoted } from '../core/filters/parsed.js';
import { filtersOf, type ParsedFilters } from '../core/filters/yaml-form.js';
import { messageOf } from '../platform/errors.js';
import type { Reader } from './reader.js';

/** The text of a file, which must be in a directory where one is given; throws if it is missing. */
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

const MAX_TEXT = 100_000;

/** Reads filters from YAML. The YAML library is loaded for runs that have filters. */
export async function parseFilters(text: string): Promise<ParsedFilters> {
  if (text.trim() === '') return { filters: [], problems: [] };
  if (text.length > MAX_TEXT) {
    const problem = `line 1: the filters are longer than ${MAX_TEXT} characters: use fewer`;
    return { filters: [], problems: [problem] };
  }
  const { readNodes } = await import('../yaml/read.js');
  return filtersOf(readNodes(text));
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
