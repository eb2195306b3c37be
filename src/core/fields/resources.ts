import { differences, type FieldChange, MAX_CHANGES, sorted } from './difference.js';
import { isJson, type Json, jsonAt, type MergeKeyOf, mergeKeysOf } from './lists.js';
import { isOwned, ownedBy, ownedMergeKeys } from './ownership.js';
import type { FieldPath } from './path.js';

/** The fields of one resource that changed. */
export interface ResourceFields {
  readonly changes: readonly FieldChange[];
  readonly unknown: Unknown;
}

/**
 * Which other fields may have changed: none; the values of a Secret, which Argo CD masks; all but the
 * pod template, of which alone the cluster keeps earlier ones; any, where there are too many to tell.
 */
export type Unknown = 'none' | 'data' | 'outside-template' | 'any';

/**
 * What Git changed in a resource: its manifests at two revisions, as Argo CD renders them. The values
 * of a Secret are masked in both, so that a changed one looks the same.
 */
export function renderedFields(before: Json, after: Json): ResourceFields {
  const found = changesBetween(before, after, mergeKeysOf(groupOf(after)));
  if (!isSecret(after)) return fieldsOf(found);
  const changes = found.length > 0 ? found : [{ steps: DATA }];
  return { changes: withoutValues(changes), unknown: 'data' };
}

const DATA: FieldPath = [{ kind: 'key', text: 'data' }];

/**
 * What changed in a live object, of the fields that Argo CD manages: defaults, status and what other
 * controllers write is left out.
 */
export function liveFields(before: Json, after: Json): ResourceFields {
  const [ownedBefore, ownedAfter] = [ownedBy(before), ownedBy(after)];
  const keys = ownedMergeKeys([...ownedAfter, ...ownedBefore], mergeKeysOf(groupOf(after)));
  const found = changesBetween(before, after, keys).filter((each) =>
    // What another manager took over is not Argo CD's any more, whoever had it before.
    namesOf(after, each.steps).some((steps) =>
      isOwned('to' in each ? ownedAfter : ownedBefore, steps),
    ),
  );
  return fieldsOf(isSecret(after) ? withoutValues(found) : found);
}

/** A Secret's data may be managed under the name by which it was applied. */
function namesOf(object: Json, steps: FieldPath): readonly FieldPath[] {
  const [first, ...rest] = steps;
  if (!isSecret(object) || first?.text !== 'data') return [steps];
  return [steps, [{ kind: 'key', text: 'stringData' }, ...rest]];
}

/** What changed in a workload's pod template, of which the cluster keeps earlier ones. */
export function templateFields(before: Json, after: Json): ResourceFields {
  const root = (template: Json): Json => ({ spec: { template: withoutHash(template) } });
  const { changes } = fieldsOf(differences(root(before), root(after), mergeKeysOf('apps')));
  return { changes, unknown: 'outside-template' };
}

/** The label by which a ReplicaSet tells its pods apart. */
function withoutHash(template: Json): Json {
  const metadata = jsonAt(template, 'metadata');
  const { 'pod-template-hash': _hash, ...labels } = jsonAt(metadata, 'labels');
  return { ...template, metadata: { ...metadata, creationTimestamp: null, labels } };
}

function fieldsOf(found: readonly FieldChange[]): ResourceFields {
  return { changes: sorted(found), unknown: found.length >= MAX_CHANGES ? 'any' : 'none' };
}

function changesBetween(before: Json, after: Json, keys: MergeKeyOf): readonly FieldChange[] {
  return differences(ofTheUser(before), ofTheUser(after), keys);
}

/** API group of an object; empty: the core group. */
function groupOf(object: Json): string {
  const version = String(object['apiVersion'] ?? '');
  return version.includes('/') ? (version.split('/')[0] ?? '') : '';
}

export function isSecret(object: Json): boolean {
  return object['kind'] === 'Secret' && object['apiVersion'] === 'v1';
}

function withoutValues(changes: readonly FieldChange[]): readonly FieldChange[] {
  return sorted(changes.map(({ steps }) => ({ steps, hidden: true })));
}

/** Written by Argo CD or kubectl for themselves; kubectl's holds all of a Secret. */
const OWN_ANNOTATIONS = [
  'argocd.argoproj.io/tracking-id',
  'argocd.argoproj.io/installation-id',
  'argocd.argoproj.io/refresh',
  'kubectl.kubernetes.io/last-applied-configuration',
];
const OWN_LABELS = ['app.kubernetes.io/instance', 'argocd.argoproj.io/instance'];

/** An object without its identity, its status, and what the API server and Argo CD write in it. */
function ofTheUser(object: Json): Json {
  const { status: _status, kind: _kind, metadata: _metadata, ...content } = object;
  const metadata = jsonAt(object, 'metadata');
  return {
    ...(isSecret(object) ? asStored(content) : content),
    metadata: {
      annotations: without(jsonAt(metadata, 'annotations'), OWN_ANNOTATIONS),
      labels: without(jsonAt(metadata, 'labels'), OWN_LABELS),
      finalizers: metadata['finalizers'],
    },
  };
}

/** The API server stores `stringData` in `data`. */
function asStored({ stringData, ...content }: Json): Json {
  return {
    ...content,
    data: { ...jsonAt(content, 'data'), ...(isJson(stringData) ? stringData : {}) },
  };
}

function without(map: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
