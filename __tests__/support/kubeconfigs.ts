import { generate } from 'selfsigned';

/** A kubeconfig as a tool or a person writes it. */
export interface Sample {
  readonly name: string;
  readonly text: string;
}

const { cert, private: key } = await generate([{ name: 'commonName', value: 'kubernetes' }]);
const CA = Buffer.from(cert).toString('base64');
const KEY = Buffer.from(key).toString('base64');

const KIND = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${CA}
    server: https://127.0.0.1:36443
  name: kind-shop
contexts:
- context:
    cluster: kind-shop
    user: kind-shop
  name: kind-shop
current-context: kind-shop
kind: Config
preferences: {}
users:
- name: kind-shop
  user:
    client-certificate-data: ${CA}
    client-key-data: ${KEY}
`;

const TOKEN = `apiVersion: v1
kind: Config
current-context: production # the one that counts
clusters:
  # behind the load balancer
  - name: production
    cluster:
      server: "https://kubernetes.example.com/k8s/clusters/c-1"
      certificate-authority-data: ${CA}
      tls-server-name: kubernetes.internal
  - name: 'staging'
    cluster:
      server: https://staging.example.com:6443
      insecure-skip-tls-verify: true

users:
  - name: ci
    user:
      token: eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl
contexts:
  - name: production
    context:
      cluster: production
      user: ci
      namespace: argocd
  - name: staging
    context: 
      cluster: staging
      user: ci
`;

const EKS = `apiVersion: v1
kind: Config
preferences: {}
current-context: arn:aws:eks:eu-central-1:123456789012:cluster/shop
clusters:
- name: arn:aws:eks:eu-central-1:123456789012:cluster/shop
  cluster:
    server: https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com
    certificate-authority-data: ${CA}
contexts:
- name: arn:aws:eks:eu-central-1:123456789012:cluster/shop
  context:
    cluster: arn:aws:eks:eu-central-1:123456789012:cluster/shop
    user: arn:aws:eks:eu-central-1:123456789012:cluster/shop
users:
- name: arn:aws:eks:eu-central-1:123456789012:cluster/shop
  user:
    token: k8s-aws-v1.aHR0cHM6Ly9zdHM
`;

const PLAIN = TOKEN.replace(/ #.*| *# behind.*\n/g, '');

/** Every form that a test of both readers of YAML, or of both readers of kubeconfigs, must see. */
export const KUBECONFIGS: readonly Sample[] = [
  { name: 'as kind and kubeadm write it', text: KIND },
  { name: 'by hand, with comments and quotes', text: TOKEN },
  { name: 'another context', text: TOKEN.replace('production #', 'staging #') },
  { name: 'as the AWS CLI writes it', text: EKS },
  {
    name: 'a user and a password',
    text: TOKEN.replace(/token: .*/, 'username: me\n      password: secret'),
  },
  { name: 'no user', text: TOKEN.replaceAll('      user: ci\n', '') },
  {
    name: 'an address without a scheme of TLS',
    text: TOKEN.replace('"https:', '"http:'),
  },
  { name: 'line ends of Windows', text: PLAIN.replaceAll('\n', '\r\n') },
  { name: 'a document marker', text: `---\n${KIND}` },
  { name: 'a byte order mark', text: `\uFEFF${KIND}` },
  {
    name: 'mappings in braces',
    text: `current-context: a
clusters: [{ name: a, cluster: { server: https://k.example.com, certificate-authority-data: ${CA} } }]
contexts: [{ name: a, context: { cluster: a, user: a } }]
users: [{ name: a, user: { token: abc } }]
`,
  },
  {
    name: 'folded certificates',
    text: KIND.replaceAll(CA, `>-\n      ${CA.replace(/.{64}/g, '$&\n      ')}`),
  },
  {
    name: 'anchors and merge keys',
    text: KIND.replace('  user:\n', '  user: &admin\n').concat('- name: other\n  user: *admin\n'),
  },
  {
    name: 'a token that YAML takes for a number',
    text: TOKEN.replace(/token: .*/, "token: '123'"),
  },
  {
    name: 'JSON',
    text: JSON.stringify({
      'current-context': 'a',
      clusters: [{ name: 'a', cluster: { server: 'https://k.example.com' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      users: [{ name: 'a', user: { token: 'abc' } }],
    }),
  },
];
