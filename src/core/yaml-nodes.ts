import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  visit,
} from 'yaml';
import { FIXED_OUTPUTS, outputsOf } from './outputs.js';
import { type Parsed, quoted } from './parsed.js';

/** Nodes of the YAML document, aliases followed: what stops alias bombs. */
const MAX_NODES = 5_000;
const MAX_DEPTH = 8;

/** The remedy where YAML takes the beginning of a pattern for its own. */
export const QUOTE =
  "put patterns that begin with * or ! in quotes, like '*/*' or '!Ingress/internal-*'";

/** A text of the document and where it stands. */
export interface Entry {
  readonly text: string;
  readonly node: Node;
}

/** Follows aliases, counts what it reads, and knows the lines. */
export class NodeReader {
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

export function kindOf(node: unknown): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'an empty value';
  return typeof node.value === 'string'
    ? `the text ${quoted(node.value)}`
    : `the ${typeof node.value} ${quoted(String(node.value))}`;
}

/** The name a key says: `true` and `null` are names too. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'string' ? key.value : key.source;
}
