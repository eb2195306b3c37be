import { type Json, list, record, text } from '../../http/json.js';

/**
 * The label selector of a workload as a query has it; empty where it has none, which would select
 * all pods there are.
 */
export function selectorOf(object: unknown): string {
  const { matchLabels, matchExpressions } = record(record(record(object).spec).selector);
  const labels = Object.entries(record(matchLabels)).map(([key, value]) => `${key}=${text(value)}`);
  const expressions = list(matchExpressions).map(record).map(expression);
  return [...labels, ...expressions].join(',');
}

function expression({ key, operator, values }: Json): string {
  const name = text(key);
  const set = `(${list(values).map(text).join(',')})`;
  switch (operator) {
    case 'In':
      return `${name} in ${set}`;
    case 'NotIn':
      return `${name} notin ${set}`;
    case 'DoesNotExist':
      return `!${name}`;
    default:
      return name;
  }
}
