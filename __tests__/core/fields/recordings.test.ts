import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { historyFields } from '../../../src/core/fields/histories.js';
import { isJson, type Json } from '../../../src/core/fields/lists.js';
import { formatPath } from '../../../src/core/fields/path.js';
import {
  liveFields,
  type ResourceFields,
  renderedFields,
} from '../../../src/core/fields/resources.js';

/** A recording of what one commit changed within resources; see `__tests__/inside/README.md`. */
interface Recording {
  readonly revisions: { readonly from: string; readonly to: string };
  /** By `group/Kind/name`. */
  readonly expect: Readonly<Record<string, readonly string[]>>;
  readonly before: { readonly objects: Readonly<Record<string, readonly Json[]>> };
  readonly after: {
    readonly objects: Readonly<Record<string, readonly Json[]>>;
    readonly application: {
      readonly status: { readonly history: readonly { readonly deployStartedAt: string }[] };
    };
  };
  readonly 'argocd-manifests': Readonly<Record<string, { readonly manifests: readonly string[] }>>;
}

function recording(name: string): Recording {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'inside', name), 'utf8'));
}

function nameOf(object: Json): string {
  const [first = '', ...rest] = String(object['apiVersion']).split('/');
  const group = rest.length > 0 ? first : '';
  const { name } = isJson(object['metadata']) ? object['metadata'] : {};
  return `${group}/${object['kind']}/${name}`;
}

/** The paths by resource, of those that changed and are the user's. */
function changed(
  before: readonly Json[],
  after: readonly Json[],
  fieldsOf: (before: Json, after: Json) => ResourceFields,
): Readonly<Record<string, readonly string[]>> {
  const earlier = new Map(before.map((each) => [nameOf(each), each]));
  const pairs = after.flatMap((each) => {
    const other = earlier.get(nameOf(each));
    return other ? [[nameOf(each), fieldsOf(other, each)] as const] : [];
  });
  return Object.fromEntries(
    pairs
      .filter(([, { changes }]) => changes.length > 0)
      .map(([name, { changes }]) => [name, changes.map(({ steps }) => formatPath(steps))]),
  );
}

function sortedPaths(all: Recording['expect']) {
  return Object.fromEntries(Object.entries(all).map(([name, paths]) => [name, [...paths].sort()]));
}

function ownerOf(object: Json): unknown {
  const { ownerReferences } = isJson(object['metadata']) ? object['metadata'] : {};
  const [owner] = Array.isArray(ownerReferences) ? ownerReferences : [];
  return isJson(owner) ? owner['name'] : undefined;
}

const OTHERS = ['pods', 'events', 'replicasets', 'controllerrevisions'];

function objectsOf(objects: Readonly<Record<string, readonly Json[]>>): readonly Json[] {
  return Object.entries(objects).flatMap(([plural, all]) => (OTHERS.includes(plural) ? [] : all));
}

describe.each(['fields-client-side.json', 'fields-server-side.json'])('%s', (file) => {
  const { revisions, expect: expected, before, after, ...rest } = recording(file);

  test('live objects, narrowed to what Argo CD manages', () => {
    expect(changed(objectsOf(before.objects), objectsOf(after.objects), liveFields)).toEqual(
      sortedPaths(expected),
    );
  });

  test.each(['web', 'db', 'api', 'agent'])('the kept pod templates of %s', (name) => {
    const { replicasets = [], controllerrevisions = [] } = after.objects;
    const own = [...replicasets, ...controllerrevisions].filter((each) => ownerOf(each) === name);
    const since = after.application.status.history.at(-1)?.deployStartedAt ?? '';
    const found = historyFields(own, since)?.changes.map(({ steps }) => formatPath(steps));
    const all = Object.entries(expected).find(([resource]) => resource.endsWith(`/${name}`));
    const inTemplate = all?.[1].filter((path) => path.startsWith('spec.template.')) ?? [];
    expect(found).toEqual([...inTemplate].sort());
  });

  test('rendered manifests: a changed value of a Secret is known as data only', () => {
    const manifests = (revision: string) =>
      (rest['argocd-manifests'][revision]?.manifests ?? []).map((each) => JSON.parse(each));
    const found = changed(manifests(revisions.from), manifests(revisions.to), renderedFields);
    expect(found).toEqual(sortedPaths({ ...expected, '/Secret/creds': ['data'] }));
  });
});
