import { createHash } from 'node:crypto';
import { parse } from '@babel/parser';

/** A function of a program's text, methods apart. */
export interface FunctionText {
  readonly start: number;
  readonly end: number;
  /** A declaration's name, and where the block that it is in begins. */
  readonly declared?: { readonly name: string; readonly block: number };
}

/**
 * Puts parentheses around functions that every start runs. V8 compiles those at once; the others it
 * reads twice: to find their end, and when they are called. A declaration, which cannot have any,
 * becomes a variable at the beginning of its block.
 * @param hot some of `functionsOf` the source
 */
export function eager(source: string, hot: readonly FunctionText[]): string {
  return rendered(source, hot, 0, source.length);
}

/** What a function is called in the list: it stays while the function is as it is. */
export function nameOf(source: string, { start, end }: FunctionText): string {
  return createHash('sha256').update(source.slice(start, end)).digest('hex').slice(0, 10);
}

/** A part of the text with its functions in parentheses, the declared ones first. */
function rendered(
  source: string,
  functions: readonly FunctionText[],
  start: number,
  end: number,
): string {
  const within = functions.filter((each) => each.start >= start && each.end <= end);
  const outermost = within.filter(
    (each) => !within.some((other) => other !== each && contains(other, each)),
  );
  const texts = new Map(
    outermost.map((each) => {
      const inner = within.filter((other) => other !== each);
      return [each, `(${rendered(source, inner, each.start, each.end)})`];
    }),
  );
  const blocks = Map.groupBy(outermost, (each) => each.declared?.block);
  blocks.delete(undefined);
  const edits = [
    ...outermost.map((each) => ({
      at: each.start,
      to: each.end,
      text: each.declared ? '' : texts.get(each),
    })),
    ...[...blocks].map(([at = 0, those]) => {
      const variables = those.map((each) => `${each.declared?.name}=${texts.get(each)}`);
      return { at, to: at, text: `let ${variables.join(',\n')};\n` };
    }),
  ].sort((a, b) => a.at - b.at);
  let [text, at] = ['', start];
  for (const edit of edits) {
    text += `${source.slice(at, edit.at)}${edit.text}`;
    at = edit.to;
  }
  return text + source.slice(at, end);
}

function contains(outer: FunctionText, inner: FunctionText): boolean {
  return outer.start <= inner.start && outer.end >= inner.end;
}

/** A node of the syntax tree, as far as it matters here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly id?: { readonly name: string };
  readonly extra?: { readonly parenthesized?: boolean };
}

export function functionsOf(source: string): readonly FunctionText[] {
  const found: FunctionText[] = [];
  const visit = (node: Node, parent?: Node): void => {
    const { type, start, end, id } = node;
    if (type === 'ArrowFunctionExpression' || type === 'FunctionExpression') {
      if (!node.extra?.parenthesized) found.push({ start, end });
    } else if (type === 'FunctionDeclaration' && id && parent?.type === 'BlockStatement') {
      found.push({ start, end, declared: { name: id.name, block: parent.start + 1 } });
    }
    for (const part of Object.values(node).flat()) if (isNode(part)) visit(part, node);
  };
  visit(parse(source, { sourceType: 'module' }).program as unknown as Node);
  return found;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}
