import { misfits, type Shape } from './shape.ts';

/** What is read of any object of Kubernetes. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

const TEXTS: Shape = { '*': 'string' };
const HEAD = {
  apiVersion: 'string',
  kind: 'string',
  metadata: {
    name: 'string',
    'namespace?': 'string',
    'labels?': TEXTS,
    'annotations?': TEXTS,
    'finalizers?': ['string'],
  },
} satisfies Shape;

const RULES: Shape = {
  ...HEAD,
  rules: [{ apiGroups: ['string'], resources: ['string'], verbs: ['string'] }],
};
const BINDING: Shape = {
  ...HEAD,
  roleRef: { apiGroup: 'string', kind: 'string', name: 'string' },
  subjects: [{ 'apiGroup?': 'string', kind: 'string', name: 'string', 'namespace?': 'string' }],
};
const POD: Shape = {
  'metadata?': { labels: TEXTS },
  spec: { 'restartPolicy?': 'string', containers: [{ name: 'string', image: 'string' }] },
};

const SHAPES: Readonly<Record<string, Shape>> = {
  'v1 ServiceAccount': HEAD,
  'v1 Secret': { ...HEAD, 'type?': 'string', 'stringData?': TEXTS },
  'v1 ConfigMap': { ...HEAD, data: TEXTS },
  'v1 Config': {
    apiVersion: 'string',
    kind: 'string',
    'current-context': 'string',
    clusters: [
      { name: 'string', cluster: { server: 'string', 'certificate-authority-data': 'string' } },
    ],
    users: [{ name: 'string', user: { token: 'string' } }],
    contexts: [{ name: 'string', context: { cluster: 'string', user: 'string' } }],
  },
  'rbac.authorization.k8s.io/v1 Role': RULES,
  'rbac.authorization.k8s.io/v1 ClusterRole': RULES,
  'rbac.authorization.k8s.io/v1 RoleBinding': BINDING,
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': BINDING,
  'apiserver.config.k8s.io/v1 AuthenticationConfiguration': {
    apiVersion: 'string',
    kind: 'string',
    jwt: [
      {
        issuer: { url: 'string', audiences: ['string'] },
        claimValidationRules: [{ expression: 'string', message: 'string' }],
        claimMappings: { username: { expression: 'string' } },
      },
    ],
  },
  'kubeadm.k8s.io/v1beta4 ClusterConfiguration': {
    apiVersion: 'string',
    kind: 'string',
    apiServer: {
      extraArgs: [{ name: 'string', value: 'string' }],
      extraVolumes: [
        {
          name: 'string',
          hostPath: 'string',
          mountPath: 'string',
          readOnly: 'boolean',
          pathType: 'string',
        },
      ],
    },
  },
  'argoproj.io/v1beta1 ArgoCD': {
    ...HEAD,
    spec: {
      sso: { provider: 'string', dex: { openShiftOAuth: 'boolean', config: 'string' } },
      rbac: { scopes: 'string', policy: 'string' },
    },
  },
  'apps/v1 Deployment': {
    ...HEAD,
    spec: { selector: { matchLabels: TEXTS }, template: POD },
  },
  'batch/v1 Job': { ...HEAD, spec: { backoffLimit: 'integer', template: POD } },
};

const VERBS = ['get', 'list', 'watch', 'patch'];

/** The types of objects whose form is known here. */
export function isKnown({ apiVersion, kind }: KubeObject): boolean {
  return Object.hasOwn(SHAPES, `${apiVersion} ${kind}`);
}

/**
 * What is wrong with an object of Kubernetes.
 * @param roles `Kind/name` of the Roles that bindings may name
 */
export function manifestProblems(object: KubeObject, roles: readonly string[]): readonly string[] {
  const shape = SHAPES[`${object.apiVersion} ${object.kind}`];
  if (!shape) return [`${object.apiVersion} ${object.kind}: nobody knows its form`];
  const form = misfits(object, shape);
  if (form.length > 0) return form;
  const { rules = [], roleRef } = object as {
    readonly rules?: readonly { readonly verbs: readonly string[] }[];
    readonly roleRef?: { readonly kind: string; readonly name: string };
  };
  const verbs = rules.flatMap((rule) => rule.verbs).filter((verb) => !VERBS.includes(verb));
  const role = roleRef === undefined ? '' : `${roleRef.kind}/${roleRef.name}`;
  return [
    ...verbs.map((verb) => `${verb}: none of ${VERBS.join(', ')}`),
    ...(role === '' || roles.includes(role) ? [] : [`${role}: there is no such Role`]),
    ...(object.kind === 'Config' ? referenceProblems(object) : []),
  ];
}

interface Named {
  readonly name: string;
}

/** Names within a kubeconfig that nothing there has. */
function referenceProblems(object: object): readonly string[] {
  const config = object as {
    readonly 'current-context': string;
    readonly clusters: readonly Named[];
    readonly users: readonly Named[];
    readonly contexts: readonly (Named & {
      readonly context: { readonly cluster: string; readonly user: string };
    })[];
  };
  const { clusters, users, contexts } = config;
  const lost = (all: readonly Named[], name: string) =>
    all.some((each) => each.name === name) ? [] : [`${name}: not in the kubeconfig`];
  return [
    ...lost(contexts, config['current-context']),
    ...contexts.flatMap(({ context }) => [
      ...lost(clusters, context.cluster),
      ...lost(users, context.user),
    ]),
  ];
}

/** `Kind/name` of the Roles among objects. */
export function rolesAmong(objects: readonly KubeObject[]): readonly string[] {
  return objects
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}
