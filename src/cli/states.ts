import { pluralize } from '../core/application/phrases.js';
import { resourceName } from '../core/application/types.js';
import { isJson, type Json } from '../core/fields/lists.js';
import { ownedBy } from '../core/fields/ownership.js';
import { formatPath } from '../core/fields/path.js';
import { manifestKey, renderedResources } from '../core/fields/rendering.js';
import { liveFields, type ResourceFields } from '../core/fields/resources.js';
import { valueText } from '../core/filters/field-patterns.js';
import { evaluate } from '../core/filters/filter.js';
import type { Change } from '../core/result/vocabulary.js';
import type { Inputs } from '../inputs/types.js';
import { InputError, messageOf } from '../platform/errors.js';
import { clip, oneLine, visibleJson } from '../report/escape.js';
import { fieldsOf, inFull } from '../report/fields.js';
import { readData } from '../yaml/read.js';

/**
 * Which fields of resources changed between two files of manifests or live objects, and which
 * filters match that.
 * @throws InputError for a file that is missing, or has something else in it
 */
export function explainStates(
  before: string,
  after: string,
  inputs: Pick<Inputs, 'filters' | 'changes' | 'applicationNamespace'>,
  readFile: (path: string) => string,
  json: boolean,
): string {
  const [then, now] = [objectsIn('before', before, readFile), objectsIn('after', after, readFile)];
  const changes = changesBetween(then, now);
  const matched = inputs.filters.map((filter) => {
    return [filter.name, evaluate(filter, changes, inputs.changes, inputs)] as const;
  });
  return json ? jsonOf(changes, matched) : textOf(changes, matched);
}

type Matched = readonly (readonly [name: string, changes: readonly Change[]])[];

const ACCEPTED =
  'accepted is a file of manifests or live objects, as JSON or YAML: one, a list, or several after `---`';

function objectsIn(
  name: string,
  path: string,
  readFile: (path: string) => string,
): readonly Json[] {
  if (path === '') throw new InputError([`--${name} is missing: ${ACCEPTED}`]);
  const documents = textIn(name, path, readFile).split(/^---.*$/m);
  return documents
    .filter((each) => each.trim() !== '')
    .flatMap((each) => {
      const read = readData(each);
      if (read.ok) return listed(name, path, read.value);
      throw new InputError([
        `--${name}: ${path} cannot be read (${read.fault.message}): ${ACCEPTED}`,
      ]);
    });
}

function textIn(name: string, path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (thrown) {
    throw new InputError([`--${name}: ${path} cannot be read (${messageOf(thrown)}): ${ACCEPTED}`]);
  }
}

function listed(name: string, path: string, value: unknown): readonly Json[] {
  if (value === null) return [];
  const items = isJson(value) && Array.isArray(value['items']) ? value['items'] : [value].flat();
  return items.map((each: unknown) => {
    if (isJson(each) && manifestKey(each).name !== '') return each;
    throw new InputError([`--${name}: ${path} has what is no object with a name: ${ACCEPTED}`]);
  });
}

function changesBetween(before: readonly Json[], after: readonly Json[]): readonly Change[] {
  const rendered = renderedResources({ before, after, namespace: '' });
  const earlier = new Map(before.map((each) => [resourceName(manifestKey(each)), each]));
  const kept = after.map((each): Change => {
    const key = manifestKey(each);
    const found = rendered.of(key);
    const then = earlier.get(resourceName(key));
    if (found.kind !== 'kept') return { ...NOTHING, ...key, change: 'created' };
    const isLive = then !== undefined && ownedBy(then).length + ownedBy(each).length > 0;
    return {
      ...NOTHING,
      ...key,
      ...outcomeOf(isLive ? liveFields(then, each) : found.fields, isLive),
    };
  });
  const removed = rendered.removed.map((each): Change => {
    return { ...NOTHING, ...each, change: 'pruned' };
  });
  return [...kept, ...removed];
}

function outcomeOf(fields: ResourceFields, isLive: boolean): Pick<Change, 'change' | 'fields'> {
  if (fields.changes.length === 0) return { change: 'unchanged' };
  return { change: 'updated', fields: { ...fields, evidence: isLive ? 'live' : 'rendered' } };
}

const NOTHING = {
  application: '',
  evidence: 'rendered',
  message: '',
  images: [],
  phase: '',
} as const;

function jsonOf(changes: readonly Change[], matched: Matched): string {
  const resources = changes.map((each) => {
    const { group, version, kind, namespace, name, change } = each;
    const fields = fieldsOf(each, inFull(true));
    return { group, version, kind, namespace, name, change, ...(fields ? { fields } : {}) };
  });
  const results = Object.fromEntries(matched.map(([name, all]) => [name, all.length > 0]));
  return `${visibleJson({ resources, 'filter-results': results })}\n`;
}

const VALUE_UNITS = 80;

function textOf(changes: readonly Change[], matched: Matched): string {
  const shown = changes.filter((each) => each.change !== 'unchanged');
  const resources = shown.flatMap((each) => [
    `  ${each.change}  ${oneLine(resourceName(each))}`,
    ...(each.fields?.changes ?? []).map((field) => {
      const [from, to] = (['from', 'to'] as const).map((side) =>
        side in field ? clip(oneLine(valueText(field, side)), VALUE_UNITS) : 'none',
      );
      const values = field.hidden ? 'not shown, a Secret' : `${from} → ${to}`;
      return `    ${oneLine(formatPath(field.steps))}: ${values}`;
    }),
  ]);
  const filters = matched.map(([name, all]) => {
    const names = all.map((each) => oneLine(`${each.kind}/${each.name}`)).join(', ');
    return `  ${name}  ${all.length > 0}  ${pluralize(all.length, 'resource')}  ${names}`.trimEnd();
  });
  const same = `${changes.length - shown.length} unchanged.`;
  return [
    ...(resources.length > 0 ? ['Resources', ...resources, ''] : []),
    ...(filters.length > 0 ? ['Filters', ...filters, ''] : []),
    same,
    '',
  ].join('\n');
}
