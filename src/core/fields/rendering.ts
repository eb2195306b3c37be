import { isClusterScoped } from '../application/scoped.js';
import type { ResourceKey } from '../application/types.js';
import { type Json, jsonAt } from './lists.js';
import { type ResourceFields, renderedFields } from './resources.js';

/** What Argo CD renders of an Application's sources at two revisions. */
export interface Rendering {
  readonly before: readonly Json[];
  readonly after: readonly Json[];
  /** Of the Application's destination: manifests need not say their namespace. */
  readonly namespace: string;
}

/** What became of a resource between the two revisions. */
export type Rendered =
  /** In neither: made by a controller, or by other means than Git. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'added' }
  | { readonly kind: 'removed' }
  | { readonly kind: 'kept'; readonly fields: ResourceFields };

/** Looks resources up in a rendering. */
export interface RenderedResources {
  readonly of: (resource: ResourceKey) => Rendered;
  /** In the manifests before, and not in those after. */
  readonly removed: readonly (ResourceKey & { readonly version: string })[];
  /** The manifests after have hooks, of which nothing more is told. */
  readonly hooks: boolean;
}

export function renderedResources(rendering: Rendering): RenderedResources {
  const before = byName(rendering.before, rendering.namespace);
  const after = byName(rendering.after, rendering.namespace);
  const find = (all: Manifests, key: ResourceKey) =>
    all.get(nameOf(key)) ?? all.get(nameOf({ ...key, namespace: rendering.namespace }));
  return {
    of(resource) {
      const [then, now] = [find(before, resource), find(after, resource)];
      if (then && now) return { kind: 'kept', fields: renderedFields(then, now) };
      return { kind: then ? 'removed' : now ? 'added' : 'absent' };
    },
    removed: [...before]
      .filter(([name]) => !after.has(name))
      .map(([, each]) => placed(manifestKey(each), rendering.namespace)),
    hooks: rendering.after.some(isHook),
  };
}

type Manifests = ReadonlyMap<string, Json>;

function byName(manifests: readonly Json[], namespace: string): Manifests {
  const named = manifests.filter((each) => !isHook(each) && manifestKey(each).name !== '');
  return new Map(
    named.map((each) => {
      return [nameOf(placed(manifestKey(each), namespace)), each];
    }),
  );
}

/** The version apart: Git may move a resource to another one. */
function nameOf({ group, kind, namespace, name }: ResourceKey): string {
  return [group, kind.toLowerCase(), namespace, name].join('/');
}

/** What a manifest says that it is, without what the destination adds. */
export function manifestKey(manifest: Json): ResourceKey & { readonly version: string } {
  const metadata = jsonAt(manifest, 'metadata');
  const [first = '', second] = text(manifest['apiVersion']).split('/');
  const [group, version] = second === undefined ? ['', first] : [first, second];
  const [namespace, name] = [text(metadata['namespace']), text(metadata['name'])];
  return { group, version, kind: text(manifest['kind']), namespace, name };
}

/** Where a manifest says no namespace, it is the destination's, unless its kind has none. */
function placed<T extends ResourceKey>(key: T, namespace: string): T {
  if (isClusterScoped(key)) return { ...key, namespace: '' };
  return key.namespace === '' ? { ...key, namespace } : key;
}

/** They are applied in an operation, not compared. */
function isHook(manifest: Json): boolean {
  const annotations = jsonAt(jsonAt(manifest, 'metadata'), 'annotations');
  return HOOKS.some((annotation) => text(annotations[annotation]) !== '');
}

const HOOKS = ['argocd.argoproj.io/hook', 'helm.sh/hook'];

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
