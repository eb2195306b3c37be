/** A resource type, as discovery describes it. */
export interface ResourceKind {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export const APPLICATIONS: ResourceKind = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'Application',
  plural: 'applications',
  namespaced: true,
};

export const APPLICATION_SETS: ResourceKind = {
  ...APPLICATIONS,
  kind: 'ApplicationSet',
  plural: 'applicationsets',
};

/** What the recordings deploy, and a few more kinds that people filter on. */
export const KINDS: readonly ResourceKind[] = [
  APPLICATIONS,
  APPLICATION_SETS,
  row('', 'v1', 'ConfigMap', 'configmaps'),
  row('', 'v1', 'Event', 'events'),
  row('', 'v1', 'Namespace', 'namespaces', false),
  row('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  row('', 'v1', 'Pod', 'pods'),
  row('', 'v1', 'Secret', 'secrets'),
  row('', 'v1', 'Service', 'services'),
  row('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  row('apps', 'v1', 'ControllerRevision', 'controllerrevisions'),
  row('apps', 'v1', 'DaemonSet', 'daemonsets'),
  row('apps', 'v1', 'Deployment', 'deployments'),
  row('apps', 'v1', 'ReplicaSet', 'replicasets'),
  row('apps', 'v1', 'StatefulSet', 'statefulsets'),
  row('argoproj.io', 'v1alpha1', 'AnalysisRun', 'analysisruns'),
  row('argoproj.io', 'v1alpha1', 'AppProject', 'appprojects'),
  row('argoproj.io', 'v1alpha1', 'Rollout', 'rollouts'),
  row('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  row('batch', 'v1', 'CronJob', 'cronjobs'),
  row('batch', 'v1', 'Job', 'jobs'),
  row('lab.dev', 'v1', 'Widget', 'widgets'),
  row('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  row('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  row('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles', false),
  row('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
];

function row(
  group: string,
  version: string,
  kind: string,
  plural: string,
  namespaced = true,
): ResourceKind {
  return { group, version, kind, plural, namespaced };
}

/** `v1` or `apps/v1`, as in `apiVersion`. */
export function groupVersion(kind: ResourceKind): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}

/** `configmaps` or `deployments.apps`, as in messages. */
export function qualifiedName(kind: ResourceKind): string {
  return kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
}

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** The body of `GET /api/v1` or `/apis/GROUP/VERSION`. */
export function resourceList(kinds: readonly ResourceKind[], of: string): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: of,
    resources: kinds.map((kind) => ({
      name: kind.plural,
      singularName: kind.kind.toLowerCase(),
      namespaced: kind.namespaced,
      kind: kind.kind,
      verbs: VERBS,
    })),
  };
}

/** The body of `GET /api` (core) or `/apis` for who asks for all groups and resources in one. */
export function aggregatedDiscovery(kinds: readonly ResourceKind[], core: boolean): object {
  const versions = Map.groupBy(
    kinds.filter(({ group }) => (group === '') === core),
    groupVersion,
  );
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [...versions.values()].map((members) => ({
      metadata: { name: members[0]?.group, creationTimestamp: null },
      versions: [
        {
          version: members[0]?.version,
          freshness: 'Current',
          resources: members.map(({ group, version, kind, plural, namespaced }) => ({
            resource: plural,
            responseKind: { group, version, kind },
            scope: namespaced ? 'Namespaced' : 'Cluster',
            singularResource: kind.toLowerCase(),
            verbs: VERBS,
          })),
        },
      ],
    })),
  };
}
