import { type FieldChange, leavesOf } from '../fields/difference.js';
import { mergeKeysOf } from '../fields/lists.js';
import type { FieldPath } from '../fields/path.js';
import type { Unknown } from '../fields/resources.js';
import { compileGlob, type Glob } from './globs.js';
import { bad, good, type Parsed, parseAll, quoted } from './parsed.js';

/** One pattern over the paths of changed fields: a glob for each step, `**` for any number. */
export interface FieldPattern {
  readonly text: string;
  readonly negative: boolean;
  readonly matches: (path: FieldPath) => boolean;
  /** Whether it can match nothing outside of these first steps. */
  readonly isWithin: (steps: readonly string[]) => boolean;
  readonly weight: number;
}

/** The condition `fields` of a filter: >= 1 positive pattern and no negative one on the same path. */
export interface FieldCondition {
  readonly patterns: readonly FieldPattern[];
  /** On the value before and after, as text. */
  readonly from?: Glob;
  readonly to?: Glob;
}

const SHAPES = `write steps with dots, such as spec.template.spec.containers[*].image or data["nginx.conf"]`;
const MAX_STEPS = 40;

/** Problems begin with the quoted pattern. */
export function parseFieldPattern(text: string): Parsed<FieldPattern> {
  const refuse = (problem: string) => bad(`fields pattern ${quoted(text)} ${problem}`);
  const negative = text.startsWith('!');
  const steps = stepsOf(negative ? text.slice(1) : text);
  if (!steps.ok) return refuse(steps.problems.join('; '));
  const globs = parseAll<StepGlob>(steps.value, compileStep);
  if (!globs.ok) return refuse(globs.problems.join('; '));
  const weight = globs.value.reduce((sum, each) => sum + (each === ANY ? 1 : each.weight), 0);
  const matches = (path: FieldPath) => matchesSteps(globs.value, path);
  const isWithin = (first: readonly string[]) => first.every((step, i) => steps.value[i] === step);
  return good({ text, negative, matches, isWithin, weight });
}

/** `**`: any number of steps. */
const ANY = '**';

function compileStep(step: string): Parsed<StepGlob> {
  return step === ANY ? good(ANY) : compileText(step);
}

/** A glob over a whole text, a key or a value, whose slashes are letters like any other. */
export function compileText(text: string): Parsed<Glob> {
  if (text === '*') return good({ matches: () => true, weight: 0 });
  const glob = compileGlob(withoutSlashes(text));
  if (!glob.ok) return glob;
  const { matches, weight } = glob.value;
  return good({ matches: (text) => matches(withoutSlashes(text)), weight });
}

function withoutSlashes(text: string): string {
  return text.replaceAll('/', '\u2215');
}

/** A step at the beginning of a text: a word, a quoted key, an element. */
const STEP =
  /^(?:\.?([^.[\]"\s]+)|\.?\["((?:[^"\\]|\\.)*)"\]|\.?\[([^[\]"]*(?:\[[^\]]*\][^[\]"]*)*)\])/;

function stepsOf(text: string): Parsed<readonly string[]> {
  const steps: string[] = [];
  let rest = text;
  while (rest !== '') {
    const [all, word, key, element] = STEP.exec(rest) ?? [];
    const first = steps.length === 0 && rest.startsWith('.');
    const step = word ?? (key === undefined ? element : unescaped(key));
    if (all === undefined || step === undefined || step === '' || first) {
      return bad(`cannot be read at ${quoted(rest)}: ${SHAPES}`);
    }
    steps.push(step);
    rest = rest.slice(all.length);
  }
  if (steps.length === 0) return bad(`is empty: ${SHAPES}`);
  return steps.length > MAX_STEPS ? bad(`has more than ${MAX_STEPS} steps: use **`) : good(steps);
}

function unescaped(key: string): string | undefined {
  try {
    return String(JSON.parse(`"${key}"`));
  } catch {
    return undefined;
  }
}

type StepGlob = Glob | typeof ANY;

/** By the positions in the pattern that are possible after each step: no backtracking. */
function matchesSteps(globs: readonly StepGlob[], path: FieldPath): boolean {
  let positions = skipped(globs, new Set([0]));
  for (const { text } of path) {
    const next = new Set<number>();
    for (const at of positions) {
      const glob = globs[at];
      if (glob === ANY) next.add(at);
      else if (glob?.matches(text)) next.add(at + 1);
    }
    positions = skipped(globs, next);
  }
  return positions.has(globs.length);
}

/** `**` may stand for no step at all. */
function skipped(globs: readonly StepGlob[], positions: Set<number>): Set<number> {
  for (const at of positions) if (globs[at] === ANY) positions.add(at + 1);
  return positions;
}

/**
 * The changes that a condition asks about; what is in an added or removed element counts too.
 * @param group API group of the resource
 */
export function matchingFields(
  { patterns, from, to }: FieldCondition,
  changes: readonly FieldChange[],
  group: string,
): readonly FieldChange[] {
  const asked = (change: FieldChange) =>
    patterns.some((each) => !each.negative && each.matches(change.steps)) &&
    !patterns.some((each) => each.negative && each.matches(change.steps)) &&
    // A Secret's values are not looked at: its change may be the one.
    (change.hidden === true ||
      ((from === undefined || from.matches(valueText(change, 'from'))) &&
        (to === undefined || to.matches(valueText(change, 'to')))));
  const mergeKeyOf = mergeKeysOf(group);
  return changes.filter((each) => asked(each) || leavesOf(each, mergeKeyOf).some(asked));
}

/** A value as conditions and tables have it: texts as they are, an absent one empty, all else JSON. */
export function valueText(change: FieldChange, side: 'from' | 'to'): string {
  const value = change[side];
  if (value === undefined) return '';
  return typeof value === 'string' ? value : jsonOf(value);
}

/** Nothing in Kubernetes nests so deeply that it cannot be written. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '(nested too deeply)';
  }
}

/** Whether a field that is not known to have changed could be one that a condition asks about. */
export function mayMatchUnknown({ patterns }: FieldCondition, unknown: Unknown): boolean {
  const positive = patterns.filter((each) => !each.negative);
  switch (unknown) {
    case 'none':
      return false;
    case 'any':
      return true;
    case 'data':
      return positive.some((each) => each.matches(SECRET_VALUE) || each.isWithin(['data']));
    case 'outside-template':
      return !positive.every((each) => each.isWithin(['spec', 'template']));
  }
}

const SECRET_VALUE: FieldPath = [
  { kind: 'key', text: 'data' },
  { kind: 'key', text: 'any' },
];
