import type { ResourceAttributes } from './rbac.js';

/** A type of resource, by the names that stand in the paths of the API. */
export interface ResourceType {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** Where a version of a group is in the API. */
export function rootOf({ group, version }: Pick<ResourceType, 'group' | 'version'>): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/**
 * Where the objects of a type are in the API, or one of them.
 * @param namespace empty: all, or the type is cluster-scoped
 */
export function pathOf(type: ResourceType, namespace: string, name = ''): string {
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === '' ? '' : `/${encodeURIComponent(name)}`;
  return `${rootOf(type)}${scope}/${type.plural}${object}`;
}

/** What it takes to do something with those objects, or with one of them. */
export function accessTo(
  verb: ResourceAttributes['verb'],
  { group, plural: resource }: ResourceType,
  namespace: string,
  name = '',
): ResourceAttributes {
  return { verb, group, resource, namespace, ...(name === '' ? {} : { name }) };
}
