import { braceExpand, Minimatch } from 'minimatch';
import { bad, good, type Parsed, parseAll, quoted } from './parsed.js';

/** A compiled glob. */
export interface Glob {
  readonly matches: (text: string) => boolean;
  /** Characters that matching may have to walk, after braces are expanded; literals are free. */
  readonly weight: number;
}

export interface GlobOptions {
  /** Compare without case. */
  readonly nocase?: boolean;
  /** `*` stops at `/`, `**` does not; else the text is one segment. */
  readonly path?: boolean;
}

/** Longer than any name in Kubernetes (253); what an image reference may reasonably need. */
const MAX_LENGTH = 256;
const MAX_ALTERNATIVES = 64;
const MAX_GROUPS = 4;

/**
 * Compiles one glob so that matching it stays cheap, whoever wrote it.
 * minimatch 11 does not backtrack, so what is left to bound is size: length, what braces expand
 * to, and extglob groups, whose cost multiplies when they are nested.
 */
export function compileGlob(text: string, options: GlobOptions = {}): Parsed<Glob> {
  if (text.length > MAX_LENGTH) return bad(`is longer than ${MAX_LENGTH} characters: shorten it`);
  const open = unbalanced(text);
  if (open !== undefined) {
    return bad(`has an unmatched ${open}: close it within the segment, or write \\${open}`);
  }
  if (isLiteral(text)) return good(literal(text, options));
  const alternatives = braceExpand(text, { braceExpandMax: MAX_ALTERNATIVES + 1 });
  if (alternatives.length > MAX_ALTERNATIVES) {
    return bad(`expands to more than ${MAX_ALTERNATIVES} alternatives: use * or several patterns`);
  }
  if (alternatives.some(hasCostlyGroups)) {
    return bad(`has nested or more than ${MAX_GROUPS} groups like +(…): use several patterns`);
  }
  return good({
    matches: matcher(text, options),
    weight: /^\*+$/.test(text) ? 0 : alternatives.reduce((sum, a) => sum + a.length, 0),
  });
}

/** Compiles several globs; a text matches when one of them does. */
export function compileAny(texts: readonly string[], options: GlobOptions): Parsed<Glob> {
  return anyOf(texts, (text) => {
    const glob = compileGlob(text, options);
    return glob.ok ? glob : bad(...glob.problems.map((problem) => `${quoted(text)} ${problem}`));
  });
}

/** Several texts, each of them compiled, as one glob: a text matches when one of them does. */
export function anyOf(
  texts: readonly string[],
  compile: (text: string) => Parsed<Glob>,
): Parsed<Glob> {
  const globs = parseAll(texts, compile);
  if (!globs.ok) return globs;
  return good({
    matches: (text) => globs.value.some((glob) => glob.matches(text)),
    weight: globs.value.reduce((sum, glob) => sum + glob.weight, 0),
  });
}

/** Whether a text is a plain name rather than a glob. */
export function isLiteral(text: string): boolean {
  return !/[\\*?[\]{}()]/.test(text);
}

function literal(text: string, { nocase = false }: GlobOptions): Glob {
  const fold = (value: string) => (nocase ? value.toLowerCase() : value);
  const wanted = fold(text);
  return { matches: (value) => fold(value) === wanted, weight: 0 };
}

function matcher(text: string, { nocase = false, path = false }: GlobOptions) {
  // A letter before pattern and value lets `*` match an empty segment, which minimatch by itself
  // never does, and takes the special meaning from `.`, `..`, `#` and `!` at the beginning.
  const prefix = path ? '' : 'x';
  const options = { nocomment: true, nonegate: true, dot: true, noglobstar: !path, nocase };
  // Compiled when there is something to match, which a start has to wait for first.
  let compiled: Minimatch | undefined;
  return (value: string) => {
    compiled ??= new Minimatch(prefix + text, { ...options, platform: 'linux' });
    return compiled.match(prefix + value);
  };
}

/** The first bracket without a partner, escaped characters and `[…]` classes apart. */
function unbalanced(text: string): '{' | '}' | '[' | undefined {
  const bare = text.replace(/\\.|\[[!^]?\]?(?:\[:\w+:\]|[^\]])*\]/g, '');
  if (bare.includes('[')) return '[';
  let depth = 0;
  for (const c of bare) {
    if (c === '{') depth += 1;
    if (c === '}') depth -= 1;
    if (depth < 0) return '}';
  }
  return depth > 0 ? '{' : undefined;
}

function hasCostlyGroups(alternative: string): boolean {
  const groups = alternative.match(/[?*+@!]\(/g)?.length ?? 0;
  return groups > MAX_GROUPS || (groups > 1 && /[?*+@!]\([^)]*[?*+@!]\(/.test(alternative));
}
