import { X509Certificate } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import type { ConnectionDependencies } from '../../http/connection.js';
import { invalid } from '../../http/endpoint.js';
import type { Json } from '../../http/json.js';
import { messageOf } from '../../platform/errors.js';
import { readOthersFile } from '../../platform/files.js';

/** A named part of a kubeconfig; paths in it start at its file's directory. */
export interface KubeconfigEntry {
  readonly name: string;
  /** As messages call it: `User ci of FILE`. */
  readonly place: string;
  readonly fields: Json;
  readonly directory: string;
}

/** A part of an entry. */
export function partOf(entry: KubeconfigEntry, field: string, fields: Json): KubeconfigEntry {
  return { ...entry, fields, place: `${field} of ${entry.place}` };
}

/** What a field has instead of what it should; never its value, which may be secret. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'binary data';
  if (typeof value === 'object') return 'a mapping';
  return `a ${typeof value}`;
}

function wrong(entry: KubeconfigEntry, field: string, wanted: string): Error {
  const value = entry.fields[field];
  const quotes =
    typeof value === 'number' || typeof value === 'boolean' ? ' Put it in quotes.' : '';
  const remedy = wanted === 'text' ? quotes : '';
  return invalid(`${field} of ${entry.place} must be ${wanted}, and is ${kindOf(value)}.${remedy}`);
}

/**
 * A field's text; empty where it is absent. Binary data stands for its text, as in kubectl.
 * @throws TerminalError for anything else: what matters is never passed over
 */
export function textIn(entry: KubeconfigEntry, field: string): string {
  const value = entry.fields[field];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (!ArrayBuffer.isView(value)) throw wrong(entry, field, 'text');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    );
  } catch {
    throw invalid(`${field} of ${entry.place} is binary data that is no text.`);
  }
}

/** @throws TerminalError for what is neither true, false nor absent */
export function flagIn(entry: KubeconfigEntry, field: string): boolean {
  const value = entry.fields[field] ?? false;
  if (typeof value !== 'boolean') throw wrong(entry, field, 'true or false');
  return value;
}

/** @throws TerminalError for what is neither a list nor absent */
export function listIn(entry: KubeconfigEntry, field: string): readonly unknown[] {
  const value = entry.fields[field] ?? [];
  if (!Array.isArray(value)) throw wrong(entry, field, 'a list');
  return value;
}

/** @throws TerminalError for what is no list of texts */
export function textsIn(entry: KubeconfigEntry, field: string): string[] {
  return listIn(entry, field).map((each, i) => {
    const place = `${field}[${i}]`;
    return textIn({ ...entry, fields: { [place]: each } }, place);
  });
}

/**
 * A part of an entry; undefined where it is absent.
 * @throws TerminalError for what is neither a mapping nor absent
 */
export function objectIn(entry: KubeconfigEntry, field: string): KubeconfigEntry | undefined {
  const value = entry.fields[field];
  if (value === undefined || value === null) return undefined;
  if (!isMapping(value)) throw wrong(entry, field, 'a mapping');
  return partOf(entry, field, value);
}

export function isMapping(value: unknown): value is Json {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value)
  );
}

/**
 * The PEM of `FIELD-data`, else of the file that `FIELD` names.
 * @throws TerminalError for what is no PEM
 */
export function pem(entry: KubeconfigEntry, field: string): string | undefined {
  const data = textIn(entry, `${field}-data`);
  if (data !== '') return checkedPem(decoded(data, entry, field), `${field}-data`, entry);
  const file = textIn(entry, field);
  if (file === '') return undefined;
  return checkedPem(contentOf(resolved(file, entry.directory), field, entry), field, entry);
}

function contentOf(path: string, field: string, entry: KubeconfigEntry): string {
  try {
    return readOthersFile(path);
  } catch (thrown) {
    throw invalid(`${field} of ${entry.place} (${path}) cannot be read: ${messageOf(thrown)}.`);
  }
}

function decoded(data: string, entry: KubeconfigEntry, field: string): string {
  // Whoever leaves the base64 out has given what is asked for all the same.
  if (data.includes('-----BEGIN ')) return data;
  const compact = data.replace(/\s+/g, '');
  const rest = compact.replace(/^[\w+/-]+/, '');
  if (!/^={0,2}$/.test(rest) || (compact.length - rest.length) % 4 === 1) {
    throw invalid(`${field}-data of ${entry.place} is not base64.`);
  }
  return Buffer.from(compact, 'base64').toString();
}

/** Node takes what is no certificate for none at all, and says nothing. */
function checkedPem(pem: string, field: string, entry: KubeconfigEntry): string {
  const what = field.startsWith('client-key') ? 'private key' : 'certificate';
  const found = what === 'certificate' ? isCertificate(pem) : pem.includes('PRIVATE KEY-----');
  if (!found) throw invalid(`${field} of ${entry.place} is not a PEM ${what}.`);
  return pem;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** A path as it is from where the run is. */
export function resolved(file: string, directory: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}

/** The forms in which a key could be printed: its lines, in one, and as a kubeconfig has it. */
export function maskKey(key: string, mask: ConnectionDependencies['mask']): void {
  const lines = key.split(/\r?\n/).filter((line) => !line.startsWith('-----'));
  // The last line can be so short that it is part of many words.
  for (const line of lines) if (line.length >= 16) mask(line);
  mask(lines.join(''));
  mask(Buffer.from(key).toString('base64'));
}
