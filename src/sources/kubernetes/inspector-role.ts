import { subjectIn } from './rbac.js';

const WITHIN = 'argocd-post-sync-within';
const WINDOWS = 'argocd-post-sync-windows';

/**
 * All that a look within the resources of a namespace takes, as YAML to apply.
 * @param refusal the server's message, which names the user
 * @param logs the logs of containers too
 */
export function inspectorRole(namespace: string, refusal: string, logs = false): string {
  const rules = [
    '- { apiGroups: [""], resources: [pods], verbs: [get, list] }',
    '- { apiGroups: [""], resources: [events], verbs: [list] }',
    '- { apiGroups: [""], resources: [persistentvolumeclaims, services], verbs: [get] }',
    '- { apiGroups: [apps], resources: [deployments, replicasets, statefulsets, daemonsets], verbs: [get] }',
    '- { apiGroups: [batch], resources: [jobs], verbs: [get] }',
    '- { apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [get] }',
    '- { apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [get] }',
    '- { apiGroups: [argoproj.io], resources: [rollouts], verbs: [get] }',
    '- { apiGroups: [argoproj.io], resources: [analysisruns], verbs: [list] }',
    ...(logs ? ['- { apiGroups: [""], resources: [pods/log], verbs: [get] }'] : []),
  ];
  return roleWith(WITHIN, namespace, rules, refusal);
}

/**
 * What it takes to read the sync windows of AppProjects, as YAML to apply.
 * @param namespace of Argo CD
 * @param refusal the server's message, which names the user
 */
export function windowsRole(namespace: string, refusal: string): string {
  const rules = ['- { apiGroups: [argoproj.io], resources: [appprojects], verbs: [get] }'];
  return roleWith(WINDOWS, namespace, rules, refusal);
}

function roleWith(
  name: string,
  namespace: string,
  rules: readonly string[],
  refusal: string,
): string {
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    `metadata: { name: ${name}, namespace: ${namespace} }`,
    'rules:',
    ...rules,
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: RoleBinding',
    `metadata: { name: ${name}, namespace: ${namespace} }`,
    `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${name} }`,
    'subjects:',
    `- ${subjectIn(refusal)}`,
  ].join('\n');
}
