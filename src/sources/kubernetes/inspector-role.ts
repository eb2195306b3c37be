import { subjectIn } from './rbac.js';

const NAME = 'argocd-post-sync-within';

/**
 * All that a look within the resources of a namespace takes, as YAML to apply.
 * @param refusal the server's message, which names the user
 * @param logs the logs of containers too
 */
export function inspectorRole(namespace: string, refusal: string, logs = false): string {
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    `metadata: { name: ${NAME}, namespace: ${namespace} }`,
    'rules:',
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
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: RoleBinding',
    `metadata: { name: ${NAME}, namespace: ${namespace} }`,
    `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${NAME} }`,
    'subjects:',
    `- ${subjectIn(refusal)}`,
  ].join('\n');
}
