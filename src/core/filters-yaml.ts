import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { applicationMatches, parseApplication } from './applications.js';
import type { Filter } from './filters.js';
import { compileAny } from './glob.js';
import { FIXED_OUTPUTS, outputsOf } from './outputs.js';
import { bad, good, type Parsed, parseAll, quoted } from './parsed.js';
import {
  listProblem,
  MAX_WEIGHT,
  parseClasses,
  parsePattern,
  tooHeavy,
  type WeighedPattern,
} from './patterns.js';

export interface ParsedFilters {
  readonly filters: readonly Filter[];
  /** Each begins with `line N: `. */
  readonly problems: readonly string[];
}

const MAX_TEXT = 100_000;
/** Nodes of the YAML document, aliases followed: what stops alias bombs. */
const MAX_NODES = 5_000;
const MAX_DEPTH = 8;
const KEYS = ['pattern', 'image', 'application', 'change'] as const;
type Key = (typeof KEYS)[number];

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const QUOTE = "put patterns that begin with * or ! in quotes, like '*/*' or '!Ingress/internal-*'";

/**
 * Reads the input `filters`: a YAML mapping of names to a pattern, a list of patterns, or
 * `{pattern, image, application, change}`. Nothing at all, and `{}`, are no filters.
 */
export function parseFilters(text: string): ParsedFilters {
  if (text.length > MAX_TEXT) {
    return failed(`line 1: the filters are longer than ${MAX_TEXT} characters: use fewer`);
  }
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const mistake = doc.errors[0] ?? doc.warnings[0];
  if (mistake !== undefined) {
    return failed(`line ${lines.linePos(mistake.pos[0]).line}: ${explain(mistake)}`);
  }
  return readDocument(doc, lines);
}

function failed(problem: string): ParsedFilters {
  return { filters: [], problems: [problem] };
}

function explain(mistake: YAMLError): string {
  if (mistake.code === 'RESOURCE_EXHAUSTION') return 'the YAML is nested too deeply: flatten it';
  if (mistake.code === 'TAG_RESOLVE_FAILED') {
    const tag = mistake.message.replace(/^Unresolved tag: /, '');
    return `${quoted(tag)} is a tag to YAML: ${QUOTE}`;
  }
  return `the YAML cannot be read (${mistake.message}): expected is name: 'Kind/name' on each line`;
}

function readDocument(doc: Document.Parsed, lines: LineCounter): ParsedFilters {
  const reader = new NodeReader(doc, lines);
  const root: unknown = doc.contents;
  if (root === null || (isScalar(root) && root.value === null))
    return { filters: [], problems: [] };
  if (!isMap(root)) {
    reader.report(
      root,
      `${kindOf(root)} is not accepted here: expected is a mapping of names to patterns`,
    );
    return { filters: [], problems: reader.problems };
  }
  const filters = root.items.flatMap((pair) => readFilter(reader, pair));
  const weight = filters.reduce((sum, filter) => sum + filter.weight, 0);
  if (weight > MAX_WEIGHT) reader.report(root, tooHeavy());
  return { filters: filters.map((filter) => filter.filter), problems: reader.problems };
}

interface WeighedFilter {
  readonly filter: Filter;
  readonly weight: number;
}

/** A text of the document and where it stands. */
interface Entry {
  readonly text: string;
  readonly node: Node;
}

/** Follows aliases, counts what it reads, and knows the lines. */
class NodeReader {
  /** A set: an alias may lead to the same problem many times. */
  readonly #problems = new Set<string>();
  readonly #lines: LineCounter;
  readonly #targets: ReadonlyMap<Alias, Node>;
  /** Output name in lower case, to the filter that has it and its line. */
  readonly #outputs = new Map<string, string>(
    FIXED_OUTPUTS.map((output) => [output, `the fixed output ${output}`]),
  );
  #nodes = 0;

  constructor(doc: Document.Parsed, lines: LineCounter) {
    this.#lines = lines;
    this.#targets = aliasTargets(doc);
  }

  /** The limit of nodes is reached (and reported): whatever seems empty now need not be. */
  get exhausted(): boolean {
    return this.#nodes >= MAX_NODES;
  }

  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** Grows with every new problem. */
  get failures(): number {
    return this.#problems.size;
  }

  line(node: unknown): number {
    const range = (node as Partial<Node> | null)?.range;
    return range ? this.#lines.linePos(range[0]).line : 1;
  }

  report(node: unknown, problem: string): void {
    this.#problems.add(`line ${this.line(node)}: ${problem}`);
  }

  /** The node itself, or the one its alias stands for; undefined: there is none, reported. */
  follow(node: unknown): unknown {
    if (!isAlias(node)) return node;
    const target = this.#targets.get(node);
    if (target !== undefined) return target;
    this.report(node, `${quoted(`*${node.source}`)} is an unknown alias to YAML: ${QUOTE}`);
    return undefined;
  }

  /** All texts of a value: itself, or those of a list and of the lists in it. */
  texts(node: unknown, what: string, depth = 0): readonly Entry[] {
    this.#nodes += 1;
    if (this.#nodes === MAX_NODES) {
      this.report(node, `there are more than ${MAX_NODES} patterns, aliases followed: use fewer`);
    }
    if (this.exhausted) return [];
    if (depth > MAX_DEPTH) {
      this.report(
        node,
        `${what}: lists are nested too deeply, or an alias contains itself: flatten them`,
      );
      return [];
    }
    const value = this.follow(node);
    if (value === undefined) return [];
    if (isSeq(value)) return value.items.flatMap((item) => this.texts(item, what, depth + 1));
    if (isScalar(value) && typeof value.value === 'string') {
      return [{ text: value.value, node: isAlias(node) ? node : value }];
    }
    this.report(node, `${what}: ${kindOf(value)} is not accepted: write it as text in quotes`);
    return [];
  }

  /** Reads each text by `parse`, with problems reported at its line. */
  parse<T>(
    entries: readonly Entry[],
    what: string,
    parse: (text: string) => Parsed<T>,
  ): readonly T[] {
    return entries.flatMap(({ text, node }) => {
      const parsed = parse(text);
      if (parsed.ok) return [parsed.value];
      for (const problem of parsed.problems) this.report(node, `${what}: ${problem}`);
      return [];
    });
  }

  /** Takes the outputs of a filter, which no other filter may have then; reports who has them. */
  claim(node: unknown, name: string): void {
    const outputs = outputsOf(name);
    const taken = outputs.find((output) => this.#outputs.has(output.toLowerCase()));
    if (taken !== undefined) {
      const owner = this.#outputs.get(taken.toLowerCase());
      this.report(
        node,
        `filter ${quoted(name)}: duplicate name, its output ${taken} is that of ${owner} (compared without case): choose another name`,
      );
      return;
    }
    for (const output of outputs) {
      this.#outputs.set(output.toLowerCase(), `filter ${quoted(name)} on line ${this.line(node)}`);
    }
  }
}

/** What every alias stands for, found in one walk: the library's own way walks for each alias. */
function aliasTargets(doc: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(doc, {
    Node(_, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function kindOf(node: unknown): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'an empty value';
  return typeof node.value === 'string'
    ? `the text ${quoted(node.value)}`
    : `the ${typeof node.value} ${quoted(String(node.value))}`;
}

/** The name a key says: `true` and `null` are names too. */
function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'string' ? key.value : key.source;
}

function readFilter(reader: NodeReader, pair: Pair): readonly WeighedFilter[] {
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

function readValue(reader: NodeReader, pair: Pair, name: string): WeighedFilter {
  const what = `filter ${quoted(name)}`;
  const value = reader.follow(pair.value);
  const place = pair.value ?? pair.key;
  if (value === undefined && isAlias(pair.value)) return nothing(name);
  if (isMap(value)) return readObject(reader, value, name);
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
  value: unknown,
  what: string,
  place: unknown,
): readonly WeighedPattern[] {
  const before = reader.failures;
  if (value === null || value === undefined) {
    reader.report(place, `${what} has no pattern: write at least one, such as 'Kind/name'`);
    return [];
  }
  const patterns = reader.parse(reader.texts(value, what), what, parsePattern);
  if (reader.failures > before || reader.exhausted) return patterns;
  const problem =
    patterns.length === 0
      ? "has no pattern: write at least one, such as 'Kind/name'"
      : listProblem(patterns);
  if (problem !== undefined) reader.report(place, `${what}: ${problem}`);
  return patterns;
}

function readObject(reader: NodeReader, map: YAMLMap, name: string): WeighedFilter {
  const what = `filter ${quoted(name)}`;
  const values = readKeys(reader, map, what);
  const patterns = readPatterns(reader, values.get('pattern') ?? null, `${what} pattern`, map);
  const image = readCondition(reader, values, 'image', what, (texts) =>
    compileAny(texts, { path: true }),
  );
  const application = readCondition(reader, values, 'application', what, (texts) => {
    const parsed = parseAll(texts, parseApplication);
    return parsed.ok ? good(applicationMatches(parsed.value, '*')) : parsed;
  });
  const classes = readCondition(reader, values, 'change', what, (texts) =>
    parseClasses(texts.join(',')),
  );
  return {
    filter: {
      name,
      patterns,
      ...(image === undefined ? {} : { image: image.matches }),
      ...(application === undefined ? {} : { application }),
      ...(classes === undefined ? {} : { classes }),
    },
    weight: weightOf(patterns) + (image?.weight ?? 0),
  };
}

/** The values of an object by key; unknown and repeated keys are reported. */
function readKeys(reader: NodeReader, map: YAMLMap, what: string): ReadonlyMap<Key, unknown> {
  const values = new Map<Key, unknown>();
  for (const pair of map.items) {
    const text = keyText(pair.key);
    const key = KEYS.find((known) => known === text);
    if (key === undefined) {
      reader.report(
        pair.key,
        `${what}: unknown key ${quoted(text ?? '')}: accepted are ${KEYS.join(', ')}`,
      );
    } else if (values.has(key)) {
      reader.report(pair.key, `${what}: duplicate key ${key}: write it once, with a list`);
    } else {
      values.set(key, pair.value);
    }
  }
  return values;
}

function readCondition<T>(
  reader: NodeReader,
  values: ReadonlyMap<Key, unknown>,
  key: Key,
  what: string,
  parse: (texts: readonly string[]) => Parsed<T>,
): T | undefined {
  if (!values.has(key)) return undefined;
  const before = reader.failures;
  const node = values.get(key);
  const entries = reader.texts(node, `${what} ${key}`);
  if (reader.failures > before || reader.exhausted) return undefined;
  const empty = entries.length === 0 || entries.some((entry) => entry.text.trim() === '');
  const parsed = empty
    ? bad('is empty: write at least one value, or leave the key out')
    : parse(entries.map((entry) => entry.text.trim()));
  if (parsed.ok) return parsed.value;
  for (const problem of parsed.problems)
    reader.report(entries[0]?.node ?? node, `${what} ${key}: ${problem}`);
  return undefined;
}
