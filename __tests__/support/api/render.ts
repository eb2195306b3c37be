import type { Exchange } from './exchange.ts';
import { groupVersion, type ResourceKind } from './kinds.ts';
import { fieldSelector, labelSelector, type Selector } from './selectors.ts';
import type { KubeObject } from './store.ts';

const METADATA_ONLY = /as=(PartialObjectMetadata(?:List)?);/;

/** The objects that a request's namespace and selectors name. */
export function selection({ query, target }: Exchange, namespace: string): Selector {
  const labels = labelSelector(query.get('labelSelector') ?? '');
  const fields = fieldSelector(query.get('fieldSelector') ?? '', kindOf(target));
  return (object) =>
    (!namespace || object.metadata.namespace === namespace) && labels(object) && fields(object);
}

function kindOf(target: Exchange['target']): string {
  return target.kind === 'resource' ? target.type.kind : '';
}

/** Custom resources are serialized with sorted fields: `metadata` comes after `items`. */
export function listBody(
  exchange: Exchange,
  type: ResourceKind,
  objects: readonly KubeObject[],
  metadata: object,
): object {
  const partial = METADATA_ONLY.test(exchange.served.headers.accept);
  return {
    apiVersion: partial ? 'meta.k8s.io/v1' : groupVersion(type),
    items: partial ? objects.map(metadataOf) : objects,
    kind: partial ? 'PartialObjectMetadataList' : `${type.kind}List`,
    metadata,
  };
}

function metadataOf(object: KubeObject): object {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: object.metadata,
  };
}

/** Every watch gets the same text of an object. */
const texts = new WeakMap<KubeObject, string>();

export function render(exchange: Exchange, object: KubeObject): string {
  if (METADATA_ONLY.test(exchange.served.headers.accept)) return JSON.stringify(metadataOf(object));
  const text = texts.get(object) ?? JSON.stringify(object);
  texts.set(object, text);
  return text;
}
