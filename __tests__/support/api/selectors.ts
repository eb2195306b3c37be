import type { KubeObject } from './store.ts';

/** Whether an object is selected. */
export type Selector = (object: KubeObject) => boolean;

/** A selector that an API server refuses with 400. */
export class SelectorError extends Error {}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

/** `a=b,c!=d,e in (x,y),f notin (z),g,!h`: all must hold. Empty selects everything. */
export function labelSelector(text: string): Selector {
  const tests = splitTerms(text).map(labelTest);
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

/** `metadata.name=x,metadata.namespace!=y`: the only fields a custom resource has by default. */
const METADATA: ReadonlySet<string> = new Set(['metadata.name', 'metadata.namespace']);
/** Events have these too. */
const OF_EVENTS: ReadonlySet<string> = new Set([
  'involvedObject.name',
  'involvedObject.namespace',
  'involvedObject.kind',
  'involvedObject.uid',
  'reason',
  'type',
]);

/** @param kind of the objects, which says what fields there are beside those of all */
export function fieldSelector(text: string, kind = ''): Selector {
  const tests = splitTerms(text).map((term): Selector => {
    const [, field = '', operator = '', value = ''] = /^([^!=]+)(==|!=|=)(.*)$/.exec(term) ?? [];
    if (!METADATA.has(field) && !(kind === 'Event' && OF_EVENTS.has(field))) {
      throw new SelectorError(`field label not supported: ${field || term}`);
    }
    return (object) => (valueAt(object, field) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function valueAt(object: KubeObject, field: string): unknown {
  return field.split('.').reduce<unknown>((value, key) => Object(value)[key], object) ?? '';
}

/** The one name that a field selector asks for: the authorizer sees it as the request's name. */
export function selectedName(text: string): string {
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(text)?.[1] ?? '';
}

/** Commas separate terms, but not within the parentheses of a set. */
function splitTerms(text: string): readonly string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^(]*\))/).map((term) => term.trim());
}

function labelTest(term: string): LabelTest {
  const set = /^(\S+)\s+(in|notin)\s*\((.*)\)$/.exec(term);
  if (set) {
    const [, key = '', operator = '', list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in');
  }
  const equality = /^([^\s!=<>]+)\s*(==|!=|=)\s*([^\s!=<>]*)$/.exec(term);
  if (equality) {
    const [, key = '', operator = '', value = ''] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const order = /^([^\s!=<>]+)\s*([<>])\s*(-?\d+)$/.exec(term);
  if (order) {
    const [, key = '', operator = '', bound = ''] = order;
    return (labels) => {
      const value = Number.parseInt(labels[key] ?? '', 10);
      return operator === '>' ? value > Number(bound) : value < Number(bound);
    };
  }
  const existence = /^(!?)\s*([^\s!=<>(),]+)$/.exec(term);
  if (existence) {
    const [, not = '', key = ''] = existence;
    return (labels) => Object.hasOwn(labels, key) === (not === '');
  }
  throw new SelectorError(`unable to parse requirement: found '${term}'`);
}
