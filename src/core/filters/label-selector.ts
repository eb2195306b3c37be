/** A Kubernetes label selector, where no server reads it. */

/** One requirement of a selector, in any of its forms. */
export const REQUIREMENT =
  /^(?:(?<absent>!)\s*)?(?<key>[^\s=!<>(),]+)(?:\s*(?<operator>==|=|!=|<|>)\s*(?<value>[^\s=!<>(),]*)|\s+(?<set>in|notin)\s*\((?<values>[^()]*)\))?$/;

type Labels = Readonly<Record<string, string>>;

/** Splits a selector at the commas that stand outside of parentheses. */
export function requirementsIn(selector: string): readonly string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const c of selector) {
    if (c === '(') depth += 1;
    if (c === ')') depth -= 1;
    if (c === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts.map((part) => part.trim());
}

/**
 * Whether labels are as a selector has it.
 * @param selector checked by `parseSelector`; empty: any labels are
 */
export function labelMatcher(selector: string): (labels: Labels) => boolean {
  if (selector === '') return () => true;
  const all = requirementsIn(selector).map(requirementMatcher);
  return (labels) => all.every((matches) => matches(labels));
}

function requirementMatcher(requirement: string): (labels: Labels) => boolean {
  const {
    absent,
    key = '',
    operator,
    value = '',
    set,
    values = '',
  } = REQUIREMENT.exec(requirement)?.groups ?? {};
  const valueIn = (labels: Labels) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  if (set !== undefined) {
    const listed = new Set<string | undefined>(values.split(',').map((each) => each.trim()));
    return (labels) => listed.has(valueIn(labels)) === (set === 'in');
  }
  switch (operator) {
    case undefined:
      return (labels) => (valueIn(labels) !== undefined) === (absent === undefined);
    case '!=':
      return (labels) => valueIn(labels) !== value;
    case '<':
      return (labels) => integerOf(valueIn(labels)) < Number(value);
    case '>':
      return (labels) => integerOf(valueIn(labels)) > Number(value);
    default:
      return (labels) => valueIn(labels) === value;
  }
}

/** NaN for anything else: it is neither less nor more than a number. */
function integerOf(value: string | undefined): number {
  return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
}
