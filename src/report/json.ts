import { type Texts, textsOf } from './texts.js';

/** A value as JSON, and as an output where that is something else; or a list that may be cut. */
export type Value = { readonly json: string; readonly output?: string } | List;

/** The items are JSON. */
export interface List {
  readonly items: Texts;
  readonly matrix?: true;
}

export type Named = readonly [name: string, value: Value];

/** Text: itself as an output, a string within JSON. */
export function text(output: string): Value {
  return { json: JSON.stringify(output), output };
}

export function json(value: boolean | number): Value {
  return { json: JSON.stringify(value) };
}

export function list(items: readonly string[]): Value {
  return { items: textsOf(items, (item) => JSON.stringify(item)) };
}

export function seconds(value: number | undefined): Value {
  return value === undefined ? { json: 'null', output: '' } : json(value);
}

/** A value within JSON, in pieces. */
export function* piecesOf(value: Value): Generator<string> {
  if ('json' in value) return yield value.json;
  yield value.matrix ? '{"include":[' : '[';
  let separator = '';
  for (const item of value.items.all()) {
    yield separator + item;
    separator = ',';
  }
  yield value.matrix ? ']}' : ']';
}

/**
 * The members of an object, in pieces: a name such as `__proto__` is a key like any other. Of two
 * values with one name the later counts.
 */
export function* membersOf(values: Iterable<Named>): Generator<string> {
  let separator = '';
  for (const [name, value] of new Map(values)) {
    yield `${separator}${JSON.stringify(name)}:`;
    yield* piecesOf(value);
    separator = ',';
  }
}

export function objectOf(values: Iterable<Named>): string {
  return `{${[...membersOf(values)].join('')}}`;
}

/** A value as an output. */
export function outputOf(value: Value): string {
  return ('output' in value ? value.output : undefined) ?? [...piecesOf(value)].join('');
}
