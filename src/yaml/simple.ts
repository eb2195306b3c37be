import type { YamlList, YamlMap, YamlNode, YamlPair, YamlScalar } from './nodes.js';

/** A line with something on it, from 1; its indentation in columns. */
interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

/** The lines not read yet. */
type Lines = Line[];

const KEY = /^([A-Za-z_][\w./-]*):(?: +(.+))?$/;
const ITEM = /^(- +)(.+)$/;
const QUOTED = /^(?:'([^']*)'|"([^"\\]*)")(?: +#.*)?$/;
const PLAIN = /^[A-Za-z_/][!-~]*(?: +[!-~]+)*$/;
/** In a list on one line more characters have a meaning. */
const FLOW_LIST = /^\[((?:[^[\]{},'"#]|'[^']*'|"[^"\\]*"|,)*)\](?: +#.*)?$/;
const FLOW_ITEM = /^ *(?:'([^']*)'|"([^"\\]*)"|([A-Za-z_/][\w./*-]*)) *$/;
const WORDS = /^(?:null|true|false)$/i;
const MAX_DEPTH = 20;
/** In characters; longer ones are rare, and no start waits for them. */
const MAX_TEXT = 100_000;

/**
 * Reads the YAML that people write most: mappings and lists by indentation, plain or quoted texts
 * on one line, lists of them in brackets, comments. It spares the start the library, which is the
 * judge of all else, and of whatever could be read in another way than this.
 * @returns the root, null of an empty text; undefined: ask the library
 */
export function readSimple(text: string): YamlNode | null | undefined {
  if (text.length > MAX_TEXT || /[^\n -~]/.test(text)) return undefined;
  const lines: Lines = [];
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    lines.push({ number: index + 1, indent: line.length - line.trimStart().length, text: content });
  }
  if (lines.length === 0) return null;
  const root = readBlock(lines, 0);
  return lines.length === 0 ? root : undefined;
}

/** Reads what begins at the next line, and all that is indented like it. */
function readBlock(lines: Lines, depth: number): YamlNode | undefined {
  const [first] = lines;
  if (first === undefined || depth > MAX_DEPTH) return undefined;
  return ITEM.test(first.text) ? readList(lines, first, depth) : readMap(lines, first, depth);
}

function readMap(lines: Lines, { indent, number }: Line, depth: number): YamlMap | undefined {
  const pairs: YamlPair[] = [];
  const names = new Set<string>();
  for (let line = lines[0]; line?.indent === indent && !ITEM.test(line.text); line = lines[0]) {
    const [, name, rest] = KEY.exec(line.text) ?? [];
    if (name === undefined || WORDS.test(name) || names.has(name)) return undefined;
    names.add(name);
    lines.shift();
    const value = readValue(lines, line, rest ?? '', depth);
    if (value === undefined) return undefined;
    pairs.push({ key: scalar(line.number, name), value });
  }
  return { kind: 'map', line: number, pairs };
}

function readList(lines: Lines, { indent, number }: Line, depth: number): YamlList | undefined {
  const items: YamlNode[] = [];
  for (let line = lines[0]; line?.indent === indent; line = lines[0]) {
    const [, dash = '', rest] = ITEM.exec(line.text) ?? [];
    // A list as long as its key is indented ends where the next key begins.
    if (rest === undefined) break;
    const item = { number: line.number, indent: indent + dash.length, text: rest };
    if (KEY.test(rest)) lines[0] = item;
    else lines.shift();
    const value = KEY.test(rest) ? readMap(lines, item, depth + 1) : readText(lines, line, rest);
    if (value === undefined) return undefined;
    items.push(value);
  }
  return { kind: 'list', line: number, items };
}

/** What stands after a key: on its line, or below it. */
function readValue(lines: Lines, key: Line, rest: string, depth: number): YamlNode | undefined {
  if (rest !== '' && !rest.startsWith('#')) return readText(lines, key, rest);
  const [next] = lines;
  const below = next !== undefined && (next.indent > key.indent || isItemAt(next, key.indent));
  return below ? readBlock(lines, depth + 1) : scalar(key.number, null, '');
}

function isItemAt(line: Line, indent: number): boolean {
  return line.indent === indent && ITEM.test(line.text);
}

/** A value on one line; a line that goes on below it is the library's. */
function readText(lines: Lines, { number, indent }: Line, text: string): YamlNode | undefined {
  const [next] = lines;
  if (next !== undefined && next.indent > indent) return undefined;
  const quoted = QUOTED.exec(text);
  if (quoted) return scalar(number, quoted[1] ?? quoted[2] ?? '');
  const flow = FLOW_LIST.exec(text);
  if (flow) return readFlow(number, flow[1] ?? '');
  if (/^\{ *\}$/.test(text)) return { kind: 'map', line: number, pairs: [] };
  const plain = text.replace(/ +#.*$/, '');
  if (!PLAIN.test(plain) || /:(?: |$)/.test(plain)) return undefined;
  if (!WORDS.test(plain)) return scalar(number, plain);
  const value = { null: null, true: true, false: false }[plain];
  return value === undefined ? undefined : scalar(number, value, plain);
}

function readFlow(line: number, text: string): YamlList | undefined {
  if (text.trim() === '') return { kind: 'list', line, items: [] };
  const items = text.match(/(?:'[^']*'|"[^"]*"|[^,])+/g) ?? [];
  const read = items.map((item) => FLOW_ITEM.exec(item)).filter((item) => item !== null);
  const texts = read.map(([, single, double, plain]) => single ?? double ?? plain ?? '');
  const commas = text.replace(/'[^']*'|"[^"]*"/g, '').split(',').length;
  if (read.length !== commas || texts.some((each) => WORDS.test(each))) return undefined;
  return { kind: 'list', line, items: texts.map((each) => scalar(line, each)) };
}

function scalar(line: number, value: unknown, source = String(value)): YamlScalar {
  return { kind: 'scalar', line, value, source };
}
