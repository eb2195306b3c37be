import type { Certificates } from './certificates.ts';

export interface KubeconfigOptions {
  /** `certificate`: the client certificate in place of the token. */
  readonly user?: 'token' | 'certificate';
  readonly token?: string;
  readonly namespace?: string;
  readonly insecure?: boolean;
}

/** A kubeconfig with one context, `test`. */
export function kubeconfig(
  url: string,
  { ca, client }: Certificates,
  token: string,
  options: KubeconfigOptions = {},
): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const user =
    options.user === 'certificate'
      ? [
          `    client-certificate-data: ${base64(client.cert)}`,
          `    client-key-data: ${base64(client.key)}`,
        ]
      : [`    token: ${options.token ?? token}`];
  const trust = options.insecure
    ? '    insecure-skip-tls-verify: true'
    : `    certificate-authority-data: ${base64(ca)}`;
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- name: test',
    '  cluster:',
    `    server: ${url}`,
    trust,
    'users:',
    '- name: test',
    '  user:',
    ...user,
    'contexts:',
    '- name: test',
    '  context:',
    '    cluster: test',
    '    user: test',
    ...(options.namespace ? [`    namespace: ${options.namespace}`] : []),
    'current-context: test',
    '',
  ].join('\n');
}
