import { HIDDEN } from '../platform/errors.js';

/** What the runner masks in its log it does not mask in outputs and files. */

/** Credentials that were shown to a server, which may echo them. */
export interface Shown {
  /** Long and random: nothing else is like them. */
  readonly tokens: readonly string[];
  /** Chosen by people: an innocent word may be the same. */
  readonly passwords: readonly string[];
}

/** A shorter one protects nothing, and would black out its letters everywhere. */
const SHORTEST_TOKEN = 8;
const SHORTEST_PASSWORD = 4;

/** What an `Authorization` header shows. */
export function shownBy(authorization: string, logins: readonly string[]): Shown {
  const [, scheme = '', value = ''] = /^(\S+) (.*)$/s.exec(authorization) ?? [];
  const own = scheme.toLowerCase() === 'basic' ? [Buffer.from(value, 'base64').toString()] : [];
  const all = [...own, ...logins].filter((login) => login !== '');
  return {
    tokens: [value, ...all.flatMap((login) => [login, base64(login)])],
    passwords: all.map((login) => login.slice(login.indexOf(':') + 1)),
  };
}

/**
 * Replaces credentials in what a server sent, also where they are escaped or encoded: as JSON, in
 * a URL, in base64 at any place.
 * @returns for what is read as data, tokens only; for what is read by people, passwords too
 */
export function hider({ tokens, passwords }: Shown): {
  readonly inData: (text: string) => string;
  readonly inProse: (text: string) => string;
} {
  const secret = tokens.filter((each) => each.length >= SHORTEST_TOKEN);
  const guessable = passwords.filter((each) => each.length >= SHORTEST_PASSWORD);
  const all = [...secret, ...guessable];
  const inData = replacer(secret);
  const replaced = guessable.length === 0 ? inData : replacer(all);
  return { inData, inProse: (text) => replaced(withoutEscaped(text, all)) };
}

/** Linear in the text for each form, as lists are large. */
function replacer(secrets: readonly string[]): (text: string) => string {
  // The longest goes first: one may be a part of another.
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((rest, form) => rest.replaceAll(form, HIDDEN), text);
}

/** The forms in which a secret is printed, as it is and within other texts. */
export function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    json.replaceAll('/', '\\/'),
    json.replace(/[<>&]/g, unicodeEscape),
    encodeURIComponent(secret.toWellFormed()),
    ...base64Forms(secret),
  ];
}

/** In base64 of more than the secret, it has one of three forms, by the bytes before it. */
function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const within = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Only digits that neither what is before nor what is after has a part in.
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [bytes.toString('base64'), ...within]
    .filter((form) => form.length >= SHORTEST_TOKEN)
    .flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/**
 * In JSON any character may be escaped, so what is searched is the text as it reads. Not by an
 * expression: one of a long secret takes a second to make, or cannot be made.
 */
function withoutEscaped(text: string, secrets: readonly string[]): string {
  if (!/\\[u/]/.test(text)) return text;
  const read = readable(text);
  const ranges = secrets.flatMap((secret) => rangesOf(readable(secret).plain, read));
  let shown = '';
  let end = 0;
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    if (from >= end) shown += `${text.slice(end, from)}${HIDDEN}`;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}

/** A text without its escapes and backslashes, and where in it each of its characters stands. */
interface Readable {
  readonly plain: string;
  readonly ranges: readonly Range[];
}

type Range = readonly [from: number, to: number];

function readable(text: string): Readable {
  const ranges: Range[] = [];
  let plain = '';
  let began: number | undefined;
  for (const { 0: all, 1: code, index } of text.matchAll(/\\+(?:u([0-9a-f]{4}))?|[^\\]/gi)) {
    const char = code ? String.fromCharCode(Number.parseInt(code, 16)) : all;
    began ??= index;
    if (char.startsWith('\\')) continue;
    plain += char;
    ranges.push([began, index + all.length]);
    began = undefined;
  }
  return { plain, ranges };
}

function rangesOf(secret: string, { plain, ranges }: Readable): readonly Range[] {
  const found: Range[] = [];
  const { length } = secret;
  if (length < SHORTEST_PASSWORD) return found;
  for (let at = plain.indexOf(secret); at >= 0; at = plain.indexOf(secret, at + length)) {
    found.push([ranges[at]?.[0] ?? 0, ranges[at + length - 1]?.[1] ?? 0]);
  }
  return found;
}

function unicodeEscape(char: string): string {
  return `\\u${hex(char)}`;
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(4, '0');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
