import { compileGlob, isLiteral } from './globs.js';
import { bad, good, type Parsed, quoted } from './parsed.js';

/** Tells whether an Application is meant. */
export type ApplicationMatcher = (namespace: string, name: string) => boolean;

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?$/;
const GLOB_CHARACTERS = /^[-.a-z0-9*?[\]{},!^]+$/;
const SHAPE = 'write name or namespace/name, globs allowed (shop-*)';

/** Whether a text can be the name of a namespace. */
export function isNamespace(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

function isName(text: string): boolean {
  return text.length <= 253 && NAME.test(text);
}

/** Checks one Application name as users write it. Problems begin with the quoted name. */
export function parseApplicationName(text: string): Parsed<string> {
  const refuse = (problem: string) => bad(`${quoted(text)} ${problem}`);
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  const namespace = parts.length > 1 ? (parts[0] ?? '') : undefined;
  if (parts.length > 2) return refuse(`has more than one slash: ${SHAPE}`);
  if (name === '' || namespace === '') return refuse(`has an empty part: ${SHAPE}`);
  if (text.startsWith('!')) return refuse(`cannot exclude: ${SHAPE}, or use a label selector`);
  const problem =
    (namespace === undefined ? undefined : partProblem(namespace, isNamespace)) ??
    partProblem(name, isName);
  return problem === undefined ? good(text) : refuse(problem);
}

function partProblem(part: string, valid: (text: string) => boolean): string | undefined {
  if (!GLOB_CHARACTERS.test(part)) {
    return `has a character that no Application's name has: use lower-case letters, digits, - and . (${SHAPE})`;
  }
  if (isLiteral(part)) {
    return valid(part) ? undefined : `is not a valid name in Kubernetes: ${SHAPE}`;
  }
  const glob = compileGlob(part);
  return glob.ok ? undefined : glob.problems.join('; ');
}

/**
 * Compiles Application names, checked by `parseApplicationName`, once.
 * @param patterns none at all means every Application
 * @param defaultNamespace of names given without one; `*`: any
 */
export function applicationMatches(
  patterns: readonly string[],
  defaultNamespace: string,
): ApplicationMatcher {
  const matchers = patterns.map((pattern) => {
    const slash = pattern.indexOf('/');
    const namespaces = matcherOf(slash < 0 ? defaultNamespace : pattern.slice(0, slash));
    const names = matcherOf(pattern.slice(slash + 1));
    return (namespace: string, name: string) => names(name) && namespaces(namespace);
  });
  return (namespace, name) =>
    matchers.length === 0 || matchers.some((matches) => matches(namespace, name));
}

/** A text that is no valid glob names nothing. */
function matcherOf(text: string): (value: string) => boolean {
  const glob = compileGlob(text);
  return glob.ok ? glob.value.matches : () => false;
}
