import type { ApiServer } from './api-server.ts';

/** A kubeconfig as the commands of the README make it: some of it in YAML's flow style. */
export function flowStyle({ url, token, ca }: Pick<ApiServer, 'url' | 'token' | 'ca'>): string {
  return `apiVersion: v1
kind: Config
current-context: argocd
clusters:
  - name: argocd
    cluster:
      server: "${url}"
      certificate-authority-data: "${Buffer.from(ca).toString('base64')}"
users:
  - { name: post-sync, user: { token: "${token}" } }
contexts:
  - { name: argocd, context: { cluster: argocd, user: post-sync } }
`;
}
