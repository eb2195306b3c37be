import type { ResourceKey } from './types.js';

/**
 * Which resources have no namespace. Argo CD gives every manifest without one that of the
 * destination before it applies it (`getSyncTasks` of gitops-engine), and results have it too,
 * whatever the kind; the comparison leaves it out where the kind is cluster-scoped.
 */

/** Kubernetes' own kinds without a namespace; a custom one is told by the comparison. */
const CLUSTER_SCOPED = new Set([
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  'admissionregistration.k8s.io/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'certificates.k8s.io/CertificateSigningRequest',
  'certificates.k8s.io/ClusterTrustBundle',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'gateway.networking.k8s.io/GatewayClass',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/ServiceCIDR',
  'node.k8s.io/RuntimeClass',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'resource.k8s.io/DeviceClass',
  'scheduling.k8s.io/PriorityClass',
  'snapshot.storage.k8s.io/VolumeSnapshotClass',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/StorageClass',
  'storage.k8s.io/VolumeAttributesClass',
]);

type Kind = Pick<ResourceKey, 'group' | 'kind'>;

/** Whether it is one of Kubernetes' own kinds that have no namespace. */
export function isClusterScoped(of: Kind): boolean {
  return CLUSTER_SCOPED.has(kindOf(of));
}

/** A result as Argo CD tells it, and its namespace there where the resource has none. */
type Told = ResourceKey & { readonly toldNamespace?: string };

/**
 * Results with the namespaces of their resources.
 * @param compared resources of the same Application; without any, only Kubernetes' own kinds are known
 * @param namespace of the destination
 */
export function located<T extends Told>(
  results: readonly T[],
  compared: readonly ResourceKey[] = [],
  namespace = '',
): readonly T[] {
  const without = new Set(compared.filter((each) => each.namespace === '').map(kindOf));
  const isMisplaced = (each: T) =>
    each.namespace !== '' &&
    (isClusterScoped(each) || (each.namespace === namespace && without.has(kindOf(each))));
  return results.map((each) =>
    isMisplaced(each) ? { ...each, namespace: '', toldNamespace: each.namespace } : each,
  );
}

function kindOf({ group, kind }: Kind): string {
  return `${group}/${kind}`;
}
