/** What a request wants to do, for messages and for the rule that would allow it. */
export interface Intent {
  readonly verb: 'get' | 'list' | 'watch' | 'patch';
  readonly group: string;
  /** Plural, as in the path and in rules; `*`: the discovery of what there is. */
  readonly resource: string;
  /** Empty: all namespaces, or cluster-scoped. */
  readonly namespace: string;
  readonly name?: string;
}

/** `list applications.argoproj.io in namespace "argocd"` */
export function describeIntent(intent: Intent): string {
  const type = intent.group === '' ? intent.resource : `${intent.resource}.${intent.group}`;
  const object = intent.name === undefined ? type : `${type} "${intent.name}"`;
  const scope =
    intent.namespace === '' ? 'in all namespaces' : `in namespace "${intent.namespace}"`;
  return `${intent.verb} ${object} ${scope}`;
}

/**
 * The smallest role and binding that allow what was refused, as YAML to apply.
 * @param refusal the server's message, which names the user
 */
export function ruleFor(intent: Intent, refusal: string): string {
  if (/\bcannot impersonate\b/.test(refusal)) {
    return 'Let the user of the kubeconfig impersonate (a ClusterRole with verbs: [impersonate] on users and groups), or take `as` and `as-groups` out of the kubeconfig.';
  }
  if (intent.resource === '*') return 'Bind the ClusterRole system:discovery to the user.';
  const everywhere = intent.namespace === '';
  const role = everywhere ? 'ClusterRole' : 'Role';
  // Live evidence is refused one type at a time: each has a role of its own beside the others.
  const live = `argocd-post-sync-live-${intent.resource}`;
  const name = intent.verb === 'get' ? live : 'argocd-post-sync';
  const scope = everywhere ? '' : `, namespace: ${intent.namespace}`;
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${role}`,
    `metadata: { name: ${name}${scope} }`,
    'rules:',
    `- apiGroups: [${JSON.stringify(intent.group)}]`,
    `  resources: [${intent.resource}]`,
    `  verbs: [${verbsFor(intent.verb).join(', ')}]`,
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${role}Binding`,
    `metadata: { name: ${name}${scope} }`,
    `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${role}, name: ${name} }`,
    'subjects:',
    `- ${subjectIn(refusal)}`,
  ].join('\n');
}

/** A role is replaced when it is applied again: each includes what was needed to come so far. */
function verbsFor(verb: Intent['verb']): readonly string[] {
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
