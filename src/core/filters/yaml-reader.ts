import { FIXED_OUTPUTS, outputNamesOf } from '../result/output-names.js';
import { type Parsed, quoted } from './parsed.js';
import type { YamlNode } from './yaml-nodes.js';

/** Nodes of the YAML document, aliases followed: what stops alias bombs. */
const MAX_NODES = 5_000;
const MAX_DEPTH = 8;

/** The remedy where YAML takes the beginning of a pattern for its own. */
export const QUOTE =
  "put patterns that begin with * or ! in quotes, like '*/*' or '!Ingress/internal-*'";

/** A place in the document; null or undefined: its beginning. */
export type Place = YamlNode | null | undefined;

/** A text of the document and where it stands. */
export interface ListItem {
  readonly text: string;
  readonly node: Place;
}

/** Follows aliases, counts what it reads, and keeps the problems with their lines. */
export class NodeReader {
  /** A set: an alias may lead to the same problem many times. */
  readonly #problems = new Set<string>();
  /** Output name in lower case, to the filter that has it and its line. */
  readonly #outputs = new Map<string, string>(
    FIXED_OUTPUTS.map((output) => [output, `the fixed output ${output}`]),
  );
  #nodes = 0;

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

  report(node: Place, problem: string): void {
    this.#problems.add(`line ${lineOf(node)}: ${problem}`);
  }

  /** The node itself, or the one its alias stands for; undefined: the alias has no anchor, which is reported. */
  follow(node: Place): Place {
    if (node?.kind !== 'alias') return node;
    if (node.target !== undefined) return node.target;
    this.report(node, `${quoted(`*${node.name}`)} is an unknown alias to YAML: ${QUOTE}`);
    return undefined;
  }

  /** All texts of a value: itself, or those of a list and of the lists in it. */
  texts(node: Place, what: string, depth = 0): readonly ListItem[] {
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
    if (value?.kind === 'list')
      return value.items.flatMap((item) => this.texts(item, what, depth + 1));
    if (value?.kind === 'scalar' && typeof value.value === 'string') {
      return [{ text: value.value, node: node?.kind === 'alias' ? node : value }];
    }
    this.report(node, `${what}: ${kindOf(value)} is not accepted: write it as text in quotes`);
    return [];
  }

  /** Reads each text by `parse`, with problems reported at its line. */
  parse<T>(
    entries: readonly ListItem[],
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
  claim(node: Place, name: string): void {
    const outputs = outputNamesOf(name);
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
      this.#outputs.set(output.toLowerCase(), `filter ${quoted(name)} on line ${lineOf(node)}`);
    }
  }
}

function lineOf(node: Place): number {
  return node?.line ?? 1;
}

export function kindOf(node: Place): string {
  if (node?.kind === 'map') return 'a mapping';
  if (node?.kind === 'list') return 'a list';
  if (node?.kind !== 'scalar' || node.value === null) return 'an empty value';
  return typeof node.value === 'string'
    ? `the text ${quoted(node.value)}`
    : `the ${typeof node.value} ${quoted(String(node.value))}`;
}

/** The name a key says: `true` and `null` are names too. */
export function keyText(key: Place): string | undefined {
  return key?.kind === 'scalar' ? key.source : undefined;
}
