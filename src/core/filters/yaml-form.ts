import {
  type ApplicationMatcher,
  applicationMatches,
  parseApplicationName,
} from './application-names.js';
import {
  compileText,
  type FieldCondition,
  type FieldPattern,
  parseFieldPattern,
} from './field-patterns.js';
import type { Filter } from './filter.js';
import { anyOf, compileAny, type Glob } from './globs.js';
import { bad, good, type Parsed, parseAll, quoted } from './parsed.js';
import {
  listProblem,
  MAX_WEIGHT,
  parseClasses,
  parsePattern,
  tooHeavy,
  type WeighedPattern,
} from './patterns.js';
import type { Read, YamlFault, YamlMap, YamlNode, YamlPair } from './yaml-nodes.js';
import { keyText, kindOf, NodeReader, type Place, QUOTE } from './yaml-reader.js';

export interface ParsedFilters {
  readonly filters: readonly Filter[];
  /** Each begins with `line N: `. */
  readonly problems: readonly string[];
}

const KEYS = ['pattern', 'image', 'application', 'change', 'fields'] as const;
type Key = (typeof KEYS)[number];
const FIELD_KEYS = ['path', 'from', 'to'] as const;
type FieldKey = (typeof FIELD_KEYS)[number];

const NO_PATTERN = "has no pattern: write at least one, such as 'Kind/name'";
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** No filter, as in Compose files and GitLab CI: a place for anchors that filters share. */
const EXTENSION = /^(\.|x-)/;

/**
 * Reads the input `filters`: a YAML mapping of names to a pattern, a list of patterns, or
 * `{pattern, image, application, change, fields}`. Nothing at all, and `{}`, are no filters. Neither is a key
 * that starts with `.` or `x-`: its value may be anything, and is read only where an alias uses it.
 */
export function filtersOf(document: Read<YamlNode | null>): ParsedFilters {
  if (!document.ok) return failed(`line ${document.fault.line}: ${explain(document.fault)}`);
  return readRoot(document.value);
}

function failed(problem: string): ParsedFilters {
  return { filters: [], problems: [problem] };
}

function explain(mistake: YamlFault): string {
  if (mistake.code === 'RESOURCE_EXHAUSTION') return 'the YAML is nested too deeply: flatten it';
  if (mistake.code === 'TAG_RESOLVE_FAILED') {
    const tag = mistake.message.replace(/^Unresolved tag: /, '');
    return `${quoted(tag)} is a tag to YAML: ${QUOTE}`;
  }
  return `the YAML cannot be read (${mistake.message}): expected is name: 'Kind/name' on each line`;
}

function readRoot(root: YamlNode | null): ParsedFilters {
  const reader = new NodeReader();
  if (root === null || (root.kind === 'scalar' && root.value === null)) {
    return { filters: [], problems: [] };
  }
  if (root.kind !== 'map') {
    reader.report(
      root,
      `${kindOf(root)} is not accepted here: expected is a mapping of names to patterns`,
    );
    return { filters: [], problems: reader.problems };
  }
  const filters = root.pairs
    .filter(({ key }) => !EXTENSION.test(keyText(key) ?? ''))
    .flatMap((pair) => readFilter(reader, pair));
  const weight = filters.reduce((sum, filter) => sum + filter.weight, 0);
  if (weight > MAX_WEIGHT) reader.report(root, tooHeavy());
  return { filters: filters.map((filter) => filter.filter), problems: reader.problems };
}

interface WeighedFilter {
  readonly filter: Filter;
  readonly weight: number;
}

function readFilter(reader: NodeReader, pair: YamlPair): readonly WeighedFilter[] {
  const before = reader.failures;
  const name = keyText(pair.key);
  if (name === undefined || !NAME.test(name)) {
    const shown = name === undefined ? kindOf(pair.key) : quoted(name);
    reader.report(
      pair.key,
      `filter name ${shown} is not accepted: use letters, digits, _ and -, with a letter or _ first`,
    );
  } else {
    reader.claim(pair.key, name);
  }
  const read = readValue(reader, pair, name ?? '');
  return reader.failures > before ? [] : [read];
}

function readValue(reader: NodeReader, pair: YamlPair, name: string): WeighedFilter {
  const what = `filter ${quoted(name)}`;
  const value = reader.follow(pair.value);
  const place = pair.value ?? pair.key;
  if (value === undefined && pair.value?.kind === 'alias') return nothing(name);
  if (value?.kind === 'map') return readObject(reader, value, name);
  const patterns = readPatterns(reader, pair.value, what, place);
  return { filter: { name, patterns }, weight: weightOf(patterns) };
}

function nothing(name: string): WeighedFilter {
  return { filter: { name, patterns: [] }, weight: 0 };
}

function weightOf(patterns: readonly WeighedPattern[]): number {
  return patterns.reduce((sum, pattern) => sum + pattern.weight, 0);
}

function readPatterns(
  reader: NodeReader,
  value: Place,
  what: string,
  place: Place,
): readonly WeighedPattern[] {
  const before = reader.failures;
  if (value === null || value === undefined) {
    reader.report(place, `${what}: ${NO_PATTERN}`);
    return [];
  }
  const patterns = reader.parse(reader.texts(value, what), what, parsePattern);
  if (reader.failures > before || reader.exhausted) return patterns;
  const problem = patterns.length === 0 ? NO_PATTERN : listProblem(patterns);
  if (problem !== undefined) reader.report(place, `${what}: ${problem}`);
  return patterns;
}

function readObject(reader: NodeReader, map: YamlMap, name: string): WeighedFilter {
  const what = `filter ${quoted(name)}`;
  const values = readKeys(reader, map, what, KEYS);
  const patterns = readPatterns(reader, values.get('pattern') ?? null, `${what} pattern`, map);
  const image = readCondition(reader, values, 'image', what, (texts) =>
    compileAny(texts, { path: true }),
  );
  const application = readCondition(reader, values, 'application', what, parseApplications);
  const classes = readCondition(reader, values, 'change', what, (texts) =>
    parseClasses(texts.join(',')),
  );
  const fields = readFields(reader, values, what);
  return {
    filter: {
      name,
      patterns,
      ...(image === undefined ? {} : { image: image.matches }),
      ...(application === undefined ? {} : { application: application.matches }),
      ...(classes === undefined ? {} : { classes }),
      ...(fields === undefined ? {} : { fields }),
    },
    weight:
      weightOf(patterns) +
      (image?.weight ?? 0) +
      (application?.weight ?? 0) +
      (fields === undefined ? 0 : fieldsWeight(fields)),
  };
}

/** `fields`: one pattern, a list of them, or `{path, from, to}`. */
function readFields(
  reader: NodeReader,
  values: ReadonlyMap<Key, YamlNode | null>,
  what: string,
): FieldCondition | undefined {
  const value = reader.follow(values.get('fields'));
  if (value?.kind !== 'map') {
    const patterns = readCondition(reader, values, 'fields', what, parseFieldPatterns);
    return patterns && { patterns };
  }
  const place = `${what} fields`;
  const given = readKeys(reader, value, place, FIELD_KEYS);
  if (!given.has('path')) reader.report(value, `${place}: has no path: write at least one`);
  const patterns = readCondition(reader, given, 'path', place, parseFieldPatterns);
  const from = readCondition(reader, given, 'from', place, compileTexts, EMPTY_ALLOWED);
  const to = readCondition(reader, given, 'to', place, compileTexts, EMPTY_ALLOWED);
  return patterns && { patterns, ...(from ? { from } : {}), ...(to ? { to } : {}) };
}

function compileTexts(texts: readonly string[]): Parsed<Glob> {
  return anyOf(texts, compileText);
}

/** A value may be the empty text: the field was not there. */
const EMPTY_ALLOWED = true;

function parseFieldPatterns(texts: readonly string[]): Parsed<readonly FieldPattern[]> {
  const parsed = parseAll(texts, parseFieldPattern);
  if (!parsed.ok || parsed.value.some((each) => !each.negative)) return parsed;
  return bad("has only negative patterns, which match nothing: add a positive one such as '**'");
}

function fieldsWeight({ patterns, from, to }: FieldCondition): number {
  const sum = patterns.reduce((all, each) => all + each.weight, 0);
  return sum + (from?.weight ?? 0) + (to?.weight ?? 0);
}

interface WeighedApplications {
  readonly matches: ApplicationMatcher;
  readonly weight: number;
}

function parseApplications(texts: readonly string[]): Parsed<WeighedApplications> {
  const names = parseAll(texts, parseApplicationName);
  if (!names.ok) return names;
  const globs = compileAny(
    names.value.flatMap((name) => name.split('/')),
    {},
  );
  if (!globs.ok) return globs;
  return good({ matches: applicationMatches(names.value, '*'), weight: globs.value.weight });
}

/** The values of an object by key; unknown and repeated keys are reported. */
function readKeys<K extends string>(
  reader: NodeReader,
  map: YamlMap,
  what: string,
  accepted: readonly K[],
): ReadonlyMap<K, YamlNode | null> {
  const values = new Map<K, YamlNode | null>();
  for (const pair of map.pairs) {
    const text = keyText(pair.key);
    const key = accepted.find((known) => known === text);
    if (key === undefined) {
      reader.report(
        pair.key,
        `${what}: unknown key ${quoted(text ?? '')}: accepted are ${accepted.join(', ')}`,
      );
    } else if (values.has(key)) {
      reader.report(pair.key, `${what}: duplicate key ${key}: write it once, with a list`);
    } else {
      values.set(key, pair.value);
    }
  }
  return values;
}

function readCondition<T, K extends Key | FieldKey>(
  reader: NodeReader,
  values: ReadonlyMap<K, YamlNode | null>,
  key: K,
  what: string,
  parse: (texts: readonly string[]) => Parsed<T>,
  emptyAllowed = false,
): T | undefined {
  if (!values.has(key)) return undefined;
  const before = reader.failures;
  const node = values.get(key);
  const entries = reader.texts(node, `${what} ${key}`);
  if (reader.failures > before || reader.exhausted) return undefined;
  const blank = entries.some((entry) => entry.text.trim() === '');
  const empty = entries.length === 0 || (blank && !emptyAllowed);
  const parsed = empty
    ? bad('is empty: write at least one value, or leave the key out')
    : parse(entries.map((entry) => entry.text.trim()));
  if (parsed.ok) return parsed.value;
  const place = entries[0]?.node ?? node;
  for (const problem of parsed.problems) reader.report(place, `${what} ${key}: ${problem}`);
  return undefined;
}
