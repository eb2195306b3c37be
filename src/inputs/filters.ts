import { isAbsolute, join } from 'node:path';
import { type Filter, parseFilters } from '../core/filters.js';
import { quoted } from '../core/parsed.js';
import { messageOf } from '../errors.js';
import type { Reader } from './reader.js';

/** Reads the filters, which are YAML or, on one line without a colon, the path of a file. */
export function readFilters(
  reader: Reader,
  workspace: string,
  readFile: (path: string) => string,
): readonly Filter[] {
  const value = reader.text('filters');
  const path = pathOf(value);
  const text = path === undefined ? value : readText(reader, path, workspace, readFile);
  const { filters, problems } = parseFilters(text);
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

function readText(
  reader: Reader,
  path: string,
  workspace: string,
  readFile: (path: string) => string,
): string {
  try {
    return readFile(isAbsolute(path) ? path : join(workspace, path));
  } catch (thrown) {
    const remedy =
      'one line without a colon is the path of a file, relative to GITHUB_WORKSPACE: is the repository checked out (actions/checkout)?';
    reader.refuse('filters', `${quoted(path)} cannot be read (${messageOf(thrown)}); ${remedy}`);
    return '';
  }
}
