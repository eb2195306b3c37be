import { pluralize } from '../application/phrases.js';
import type { ResourceKey } from '../application/types.js';
import { CHANGE_CLASSES, type ChangeClass } from '../result/vocabulary.js';
import { compileGlob, type Glob } from './globs.js';
import { bad, good, type Parsed, parseAll, quoted } from './parsed.js';

/** One pattern of a filter: a glob for each segment. */
export interface Pattern {
  readonly text: string;
  readonly negative: boolean;
  /** Classes of a prefix such as `created|updated:`; absent: the filter's, else those of the run. */
  readonly classes?: readonly ChangeClass[];
  /** Whether a resource is named by this pattern (its sign and classes apart). */
  readonly matches: (resource: ResourceKey) => boolean;
}

/** A pattern with what it may cost, for the budget of many. */
export interface WeighedPattern extends Pattern {
  readonly weight: number;
}

/** Glob characters (after brace expansion) that all patterns of one input may have together. */
export const MAX_WEIGHT = 50_000;

const SHAPES =
  'write Kind/name, Kind/namespace/name or group/Kind/namespace/name, with * for any segment';

/**
 * Reads `[!][class|class:]segments`: 4 segments are group/Kind/namespace/name (an empty group is
 * the core group, an empty namespace a cluster-scoped resource), 3 are Kind/namespace/name, 2 are
 * Kind/name. Problems begin with the quoted pattern.
 */
export function parsePattern(text: string): Parsed<WeighedPattern> {
  const trimmed = text.trim();
  const refuse = (problem: string) => bad(`pattern ${quoted(text)} ${problem}`);
  if (trimmed === '' || trimmed === '!') return refuse(`is empty: ${SHAPES}`);
  if (/[\s\x00-\x1f\x7f]/.test(trimmed)) {
    return refuse('contains a space or line break: write one pattern an item, in a list');
  }
  const negative = trimmed.startsWith('!');
  const prefix = parsePrefix(negative ? trimmed.slice(1) : trimmed);
  if (!prefix.ok) return refuse(prefix.problems.join('; '));
  const { classes, rest } = prefix.value;
  const segments = parseSegments(rest);
  if (!segments.ok) return refuse(segments.problems.join('; '));
  return good({
    text: trimmed,
    negative,
    ...(classes === undefined ? {} : { classes }),
    ...segments.value,
  });
}

/** Reads a list of patterns of which one at least must be positive. */
export function parsePatterns(texts: readonly string[]): Parsed<readonly Pattern[]> {
  const parsed = parseAll(texts, parsePattern);
  if (!parsed.ok) return parsed;
  const problem = listProblem(parsed.value);
  return problem === undefined ? good(parsed.value) : bad(problem);
}

/** What is wrong with a list of patterns as a whole. */
export function listProblem(patterns: readonly WeighedPattern[]): string | undefined {
  if (patterns.length > 0 && patterns.every((pattern) => pattern.negative)) {
    const first = patterns[0]?.text ?? '';
    return `there are only negative patterns (${quoted(first)}), which match nothing: add a positive one such as '*/*', or start the name with . if the list is only there to be shared`;
  }
  const weight = patterns.reduce((sum, pattern) => sum + pattern.weight, 0);
  return weight > MAX_WEIGHT ? tooHeavy() : undefined;
}

export function tooHeavy(): string {
  return `the patterns are together longer than ${MAX_WEIGHT} characters (braces expanded): use fewer or shorter ones`;
}

/** Whether one positive pattern or more and no negative one names the resource. */
export function selects(patterns: readonly Pattern[], resource: ResourceKey): boolean {
  return (
    patterns.some((pattern) => !pattern.negative && pattern.matches(resource)) &&
    !patterns.some((pattern) => pattern.negative && pattern.matches(resource))
  );
}

/** Reads names of change classes, separated by `|` or commas. */
export function parseClasses(text: string): Parsed<readonly ChangeClass[]> {
  const names = text.split(/[|,]/).map((name) => name.trim());
  const parsed = parseAll(names, parseClass);
  return parsed.ok ? good([...new Set(parsed.value)]) : parsed;
}

/** Reads the name of one change class. */
export function parseClass(name: string): Parsed<ChangeClass> {
  const known = CHANGE_CLASSES.find((one) => one === name);
  if (known !== undefined) return good(known);
  return bad(`unknown change class ${quoted(name)}: accepted are ${CHANGE_CLASSES.join(', ')}`);
}

interface Prefixed {
  readonly classes?: readonly ChangeClass[];
  readonly rest: string;
}

/** A colon counts only before the first slash: names of RBAC objects contain colons. */
function parsePrefix(text: string): Parsed<Prefixed> {
  const slash = text.indexOf('/');
  const colon = text.indexOf(':');
  if (colon < 0 || (slash >= 0 && slash < colon)) return good({ rest: text });
  const classes = parseClasses(text.slice(0, colon));
  const rest = text.slice(colon + 1);
  if (!classes.ok) {
    return bad(`has an ${classes.problems.join('; ')} (a class stands before the colon)`);
  }
  if (rest.startsWith('!')) return bad('has its ! after the class: write !class:Kind/name');
  return good({ classes: classes.value, rest });
}

type Segments = Pick<WeighedPattern, 'matches' | 'weight'>;

function parseSegments(text: string): Parsed<Segments> {
  const parts = text.split('/');
  if (parts.length < 2 || parts.length > 4) {
    return bad(`has ${pluralize(parts.length, 'segment')}: ${SHAPES}`);
  }
  const name = parts.at(-1) ?? '';
  const kind = parts.at(parts.length === 2 ? 0 : -3) ?? '';
  if (kind === '' || name === '')
    return bad(`has an empty ${kind === '' ? 'Kind' : 'name'}: ${SHAPES}`);
  const group = parts.length === 4 ? (parts[0] ?? '') : '*';
  const namespace = parts.length === 2 ? '*' : (parts.at(-2) ?? '');
  return compileSegments(group, kind, namespace, name);
}

function compileSegments(
  group: string,
  kind: string,
  namespace: string,
  name: string,
): Parsed<Segments> {
  const groups = compileGlob(group);
  const kinds = compileGlob(kind, { nocase: true });
  const namespaces = compileGlob(namespace);
  const names = compileGlob(name);
  if (groups.ok && kinds.ok && namespaces.ok && names.ok) {
    return good(combine(groups.value, kinds.value, namespaces.value, names.value));
  }
  return bad(
    ...[groups, kinds, namespaces, names].flatMap((glob) => (glob.ok ? [] : glob.problems)),
  );
}

function combine(group: Glob, kind: Glob, namespace: Glob, name: Glob): Segments {
  return {
    weight: group.weight + kind.weight + namespace.weight + name.weight,
    // The Kind first: it decides most often, and costs least.
    matches: (resource) =>
      kind.matches(resource.kind) &&
      group.matches(resource.group) &&
      namespace.matches(resource.namespace) &&
      name.matches(resource.name),
  };
}
