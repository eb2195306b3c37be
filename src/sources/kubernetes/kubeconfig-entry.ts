import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Surroundings } from '../../http/connection.js';
import { invalid } from '../../http/endpoint.js';
import { type Json, text } from '../../http/json.js';
import { messageOf } from '../../platform/errors.js';

/** A named part of a kubeconfig; paths in it start at its file's directory. */
export interface Entry {
  readonly name: string;
  readonly fields: Json;
  readonly directory: string;
}

/** The PEM of `FIELD-data`, else of the file that `FIELD` names. */
export function pem(entry: Entry, field: string): string | undefined {
  const data = text(entry.fields[`${field}-data`]);
  if (data !== '') return Buffer.from(data, 'base64').toString();
  const file = text(entry.fields[field]);
  if (file === '') return undefined;
  try {
    return readFileSync(resolved(file, entry.directory), 'utf8');
  } catch (thrown) {
    throw invalid(`The ${field} of ${entry.name} cannot be read: ${messageOf(thrown)}.`);
  }
}

/** A path as it is from where the run is. */
export function resolved(file: string, directory: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}

/** The forms in which a key could be printed: its lines, in one, and as a kubeconfig has it. */
export function maskKey(key: string, mask: Surroundings['mask']): void {
  const lines = key.split(/\r?\n/).filter((line) => !line.startsWith('-----'));
  // The last line can be so short that it is part of many words.
  for (const line of lines) if (line.length >= 16) mask(line);
  mask(lines.join(''));
  mask(Buffer.from(key).toString('base64'));
}
