import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import {
  ALIASES,
  type Read,
  type YamlFault,
  type YamlNode,
  type YamlPair,
} from '../core/filters/yaml-nodes.js';

/** Reads a text in which keys may repeat: whoever reads the nodes says so better. Empty is null. */
export function readNodes(text: string): Read<YamlNode | null> {
  const { document, lines } = parsed(text, false);
  const mistake = document.errors[0] ?? document.warnings[0];
  if (mistake) return { ok: false, fault: faultOf(mistake, lines) };
  return { ok: true, value: nodesOf(document.contents, lines) };
}

/** Reads a text as data. */
export function readData(text: string): Read<unknown> {
  const { document, lines } = parsed(text, true);
  const mistake = document.errors[0];
  if (mistake) return { ok: false, fault: faultOf(mistake, lines) };
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }) };
  } catch {
    const message = 'its aliases stand for nothing, or for far too much';
    return { ok: false, fault: { line: 1, code: ALIASES, message } };
  }
}

interface Parsed {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

function parsed(text: string, uniqueKeys: boolean): Parsed {
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys };
  return { document: parseDocument(text, options), lines };
}

function faultOf({ pos, code, message }: Document.Parsed['errors'][0], lines: LineCounter) {
  return { line: lines.linePos(pos[0]).line, code, message } satisfies YamlFault;
}

/** In the document's order, as an alias stands for the last anchor of its name before it. */
function nodesOf(root: unknown, lines: LineCounter): YamlNode | null {
  const anchors = new Map<string, YamlNode>();
  const lineOf = ({ range }: Node) => (range ? lines.linePos(range[0]).line : 1);
  // Before its content is read: an alias in it may stand for it.
  const named = <T extends YamlNode>({ anchor }: { readonly anchor?: string }, node: T): T => {
    if (anchor) anchors.set(anchor, node);
    return node;
  };
  const convert = (node: unknown): YamlNode | null => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      return { kind: 'alias', line: lineOf(node), name: node.source, target };
    }
    if (isMap(node)) {
      const pairs: YamlPair[] = [];
      const map = named(node, { kind: 'map', line: lineOf(node), pairs });
      for (const { key, value } of node.items) {
        pairs.push({ key: convert(key), value: convert(value) });
      }
      return map;
    }
    if (isSeq(node)) {
      const items: (YamlNode | null)[] = [];
      const list = named(node, { kind: 'list', line: lineOf(node), items });
      for (const item of node.items) items.push(convert(item));
      return list;
    }
    if (!isScalar(node)) return null;
    const { value, source } = node;
    const written = typeof value === 'string' ? value : (source ?? '');
    return named(node, { kind: 'scalar', line: lineOf(node), value, source: written });
  };
  return convert(root);
}
