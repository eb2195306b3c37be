/** A YAML text as it stands, with lines from 1: what is read of it is the same, whoever read it. */
export type YamlNode = YamlMap | YamlList | YamlScalar | YamlAlias;

export interface YamlMap {
  readonly kind: 'map';
  readonly line: number;
  /** In their order, repeated keys too. */
  readonly pairs: readonly YamlPair[];
}

export interface YamlPair {
  readonly key: YamlNode | null;
  readonly value: YamlNode | null;
}

export interface YamlList {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly (YamlNode | null)[];
}

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly line: number;
  /** What YAML 1.2 takes it for: a text, number, boolean or null. */
  readonly value: unknown;
  /** As it is written, but for quotes: `true` and `null` can be names too. */
  readonly source: string;
}

export interface YamlAlias {
  readonly kind: 'alias';
  readonly line: number;
  readonly name: string;
  /** What it stands for, which may contain it; undefined: nothing has that name. */
  readonly target: YamlNode | undefined;
}

/** What a reader of YAML made of a text. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: YamlFault };

/** The code of a text whose aliases cannot be followed to an end. */
export const ALIASES = 'ALIASES';

/** Why a text is not YAML. */
export interface YamlFault {
  /** From 1. */
  readonly line: number;
  /** The library's word for it, without a part of the text. */
  readonly code: string;
  /** A sentence, which may quote the text. */
  readonly message: string;
}
