import { REQUIREMENT, requirementsIn } from '../core/filters/label-selector.js';
import { bad, good, type Parsed, quoted } from '../core/filters/parsed.js';

const ACCEPTED = 'accepted are key=value, key!=value, key in (a,b), key notin (a,b), key and !key';
const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;

/** Checks a Kubernetes label selector, which the API server reads; empty: none. */
export function parseSelector(value: string): Parsed<string> {
  if (value === '') return good(value);
  const problems = requirementsIn(value).flatMap((requirement) => {
    const problem = requirementProblem(requirement);
    return problem === undefined
      ? []
      : [
          `${quoted(value)} is not a label selector, as ${quoted(requirement)} ${problem}: ${ACCEPTED}`,
        ];
  });
  return problems.length > 0 ? bad(...problems) : good(value);
}

function requirementProblem(requirement: string): string | undefined {
  if (requirement === '') return 'is empty';
  const groups = REQUIREMENT.exec(requirement)?.groups;
  if (groups === undefined) return 'is not a requirement';
  const { absent, key = '', operator, value = '', values } = groups;
  const compared = operator !== undefined || values !== undefined;
  if (absent !== undefined && compared) return 'has ! before the key of a comparison';
  if (!isKey(key)) return `has the invalid key ${quoted(key)}`;
  if ((operator === '<' || operator === '>') && !/^-?\d+$/.test(value))
    return 'compares no integer';
  const wrong = (values?.split(',') ?? [value]).find((one) => !isValue(one.trim()));
  return wrong === undefined ? undefined : `has the invalid value ${quoted(wrong.trim())}`;
}

function isKey(key: string): boolean {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts[0] ?? '';
  if (parts.length > 2 || name.length > 63 || !NAME.test(name)) return false;
  return parts.length === 1 || (prefix.length <= 253 && PREFIX.test(prefix));
}

function isValue(value: string): boolean {
  return value === '' || (value.length <= 63 && NAME.test(value));
}
