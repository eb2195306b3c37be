/** What a request asks for, as in a SubjectAccessReview: for messages and for the rule to add. */
export interface ResourceAttributes {
  readonly verb: 'get' | 'list' | 'watch' | 'patch';
  readonly group: string;
  /** Plural, as in paths and rules; `*`: discovery. */
  readonly resource: string;
  /** Empty: all namespaces, or cluster-scoped. */
  readonly namespace: string;
  readonly name?: string;
}

/** `list applications.argoproj.io in namespace "argocd"` */
export function describeAccess(attributes: ResourceAttributes): string {
  const type =
    attributes.group === '' ? attributes.resource : `${attributes.resource}.${attributes.group}`;
  const object = attributes.name === undefined ? type : `${type} "${attributes.name}"`;
  const scope =
    attributes.namespace === '' ? 'in all namespaces' : `in namespace "${attributes.namespace}"`;
  return `${attributes.verb} ${object} ${scope}`;
}

/**
 * The smallest role and binding that allow what was denied, as YAML to apply.
 * @param refusal the server's message, which names the user
 */
export function roleFor(attributes: ResourceAttributes, refusal: string): string {
  if (/\bcannot impersonate\b/.test(refusal)) {
    return 'Allow the user of the kubeconfig to impersonate (a ClusterRole with verbs: [impersonate] on users and groups), or remove `as` and `as-groups` from the kubeconfig.';
  }
  if (attributes.resource === '*') return 'Bind the ClusterRole system:discovery to the user.';
  const everywhere = attributes.namespace === '';
  const role = everywhere ? 'ClusterRole' : 'Role';
  const { name, verbs } = roleOf(attributes);
  const scope = everywhere ? '' : `, namespace: ${attributes.namespace}`;
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${role}`,
    `metadata: { name: ${name}${scope} }`,
    'rules:',
    `- apiGroups: [${JSON.stringify(attributes.group)}]`,
    `  resources: [${attributes.resource}]`,
    `  verbs: [${verbs.join(', ')}]`,
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${role}Binding`,
    `metadata: { name: ${name}${scope} }`,
    `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${role}, name: ${name} }`,
    'subjects:',
    `- ${subjectIn(refusal)}`,
  ].join('\n');
}

/** Of each resource type in a role of its own, as they are denied one at a time. */
function roleOf({ verb, resource }: ResourceAttributes): {
  readonly name: string;
  readonly verbs: readonly string[];
} {
  if (resource === 'applicationsets') {
    const verbs = ['get', 'list', 'watch', ...(verb === 'patch' ? ['patch'] : [])];
    return { name: 'argocd-post-sync-applicationsets', verbs };
  }
  const isLive = verb === 'get' || resource !== 'applications';
  return isLive
    ? { name: `argocd-post-sync-live-${resource}`, verbs: [verb] }
    : { name: 'argocd-post-sync', verbs: verbsFor(verb) };
}

/** Applying a role replaces the last one, so each includes what the requests before needed. */
function verbsFor(verb: ResourceAttributes['verb']): readonly string[] {
  switch (verb) {
    case 'get':
      return ['get'];
    case 'list':
    case 'watch':
      return ['list', 'watch'];
    case 'patch':
      return ['list', 'watch', 'patch'];
  }
}

/** The user that a refusal names, as a subject of a binding. */
export function subjectIn(refusal: string): string {
  const user = /User "([^"]+)"/.exec(refusal)?.[1] ?? 'THE-USER-OF-YOUR-CREDENTIALS';
  const account = /^system:serviceaccount:([^:]+):(.+)$/.exec(user);
  if (account) {
    return `{ kind: ServiceAccount, namespace: ${account[1]}, name: ${account[2]} }`;
  }
  return `{ apiGroup: rbac.authorization.k8s.io, kind: User, name: ${JSON.stringify(user)} }`;
}
