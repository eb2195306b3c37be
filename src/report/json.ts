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

/** Where the members of an object are among named values, and how each of them begins. */
interface Layout {
  readonly names: readonly string[];
  readonly members: readonly { readonly at: number; readonly key: string }[];
}

/** A name such as `__proto__` is a key like any other, and of two values with one name the later counts. */
function layoutOf(values: readonly Named[]): Layout {
  const names = values.map(([name]) => name);
  const places = new Map(names.map((name, at) => [name, at]));
  const members = [...places].map(([name, at], i) => {
    return { at, key: `${i === 0 ? '' : ','}${JSON.stringify(name)}:` };
  });
  return { names, members };
}

function fits(values: readonly Named[], { names }: Layout): boolean {
  return values.length === names.length && values.every(([name], at) => name === names[at]);
}

/** The members of an object, in pieces. */
export function* membersOf(values: readonly Named[]): Generator<string> {
  for (const { at, key } of layoutOf(values).members) {
    const [, value] = values[at] as Named;
    yield key;
    yield* piecesOf(value);
  }
}

/** Writes objects. Of thousands most have the names of the one before: they are laid out once. */
export function objectWriter(): (values: readonly Named[]) => string {
  let layout: Layout | undefined;
  return (values) => {
    if (!layout || !fits(values, layout)) layout = layoutOf(values);
    return objectIn(values, layout);
  };
}

export function objectOf(values: readonly Named[]): string {
  return objectIn(values, layoutOf(values));
}

function objectIn(values: readonly Named[], layout: Layout): string {
  let members = '';
  for (const { at, key } of layout.members) {
    const [, value] = values[at] as Named;
    members += key + jsonOf(value);
  }
  return `{${members}}`;
}

/** A value within JSON, as one text. */
function jsonOf(value: Value): string {
  if ('json' in value) return value.json;
  const items = value.items.count === 0 ? '' : [...value.items.all()].join(',');
  return value.matrix ? `{"include":[${items}]}` : `[${items}]`;
}

/** A value as an output. */
export function outputOf(value: Value): string {
  return ('output' in value ? value.output : undefined) ?? jsonOf(value);
}
