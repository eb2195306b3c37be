import { symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LONGEST_PROSE } from '../src/core/application/decode.js';
import { readOthersFile } from '../src/platform/files.js';
import { runAction, type StepResult } from './support/action.ts';
import { type ApiServer, startApiServer } from './support/api-server.ts';
import { inputsFor } from './support/client.ts';
import { costed } from './support/cost.ts';
import { B, type Look, manifest } from './support/manifest.ts';
import { startProxy } from './support/proxy.ts';
import { runHere } from './support/run-here.ts';
import { commandsOf } from './support/workflow-commands.ts';

/**
 * What a hostile or careless hand can put into a run: its inputs, the objects of the cluster, the
 * answers of servers. Each is refused, or stays text; and no credential is written anywhere.
 */

type Inputs = Readonly<Record<string, string>>;

/** What a run wrote, in the order of the runner's files. */
interface Written {
  readonly stdout: string;
  readonly summary: string;
  readonly outputs: ReadonlyMap<string, string>;
  readonly results: string;
  readonly code: number | null;
  /** In reference work. */
  readonly cost: number;
}

interface Bench {
  readonly server: ApiServer;
  readonly workspace: string;
}

interface Row {
  readonly name: string;
  readonly inputs?: Inputs | ((bench: Bench) => Inputs);
  readonly arrange?: (bench: Bench) => void;
  /** Of the Application `shop`, which is done otherwise. */
  readonly look?: Look;
  /** `CONCLUSION/REASON` */
  readonly ends: string;
  readonly says?: RegExp;
  /** What must be written nowhere. */
  readonly hides?: readonly string[];
  readonly check?: (written: Written, bench: Bench) => void;
}

const INVALID = 'failure/invalid-input';
const DONE = 'success/synced';
const NO_SERVER: Inputs = { server: '', token: '', 'certificate-authority': '' };

/** Whole kubeconfigs, as JSON, which is YAML. */
function config(cluster: object, user: object = {}): Inputs {
  const kubeconfig = JSON.stringify({
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'k',
  });
  return { ...NO_SERVER, kubeconfig };
}

/** A list of lists of lists, each ten times the one before, by aliases. */
function bomb(levels: number): string {
  const names = [...'abcdefghijklmnop'].slice(0, levels);
  return names
    .map((name, level) => {
      const of = level === 0 ? 'x' : `*${names[level - 1]}`;
      return `${name}: &${name} [${Array(10).fill(of).join(', ')}]`;
    })
    .join('\n');
}

const INPUTS: readonly Row[] = [
  {
    name: 'a password in `server`',
    inputs: { server: 'https://admin:hunter22@k.example.com' },
    ends: INVALID,
    hides: ['hunter22'],
  },
  {
    name: 'a token in the query of `server`',
    inputs: { server: 'https://k.example.com/?x=1' },
    ends: INVALID,
    says: /query or fragment/,
  },
  {
    name: 'plain http to another machine',
    inputs: { server: 'http://k.example.com' },
    ends: INVALID,
    says: /plain http/,
  },
  {
    name: 'plain http to a name that begins like the loopback',
    inputs: { server: 'http://127.0.0.1.example.com' },
    ends: INVALID,
    says: /plain http/,
  },
  {
    name: 'plain http to a name that ends like the loopback',
    inputs: { server: 'http://notlocalhost' },
    ends: INVALID,
    says: /plain http/,
  },
  {
    name: 'a file in place of a server',
    inputs: { server: 'file:///etc/passwd' },
    ends: INVALID,
    says: /is not an https:\/\/ URL/,
  },
  {
    name: 'a header in the token',
    inputs: { token: 'abc\r\nImpersonate-User: admin' },
    ends: INVALID,
    hides: ['Impersonate'],
  },
  {
    name: 'a forgotten expression as audience',
    inputs: { token: '', 'oidc-audience': '$'.concat('{{ vars.AUDIENCE }}') },
    ends: INVALID,
    says: /cannot be an audience/,
  },
  {
    name: 'a private key as certificate authority',
    inputs: { 'certificate-authority': '-----BEGIN PRIVATE KEY-----\nTUlJRXNlY3JldA==\n' },
    ends: INVALID,
    hides: ['TUlJRXNlY3JldA'],
  },
  {
    name: 'a whole private key as certificate authority',
    inputs: {
      'certificate-authority':
        '-----BEGIN PRIVATE KEY-----\nTUlJRXNlY3JldA==\n-----END PRIVATE KEY-----\n',
    },
    ends: INVALID,
    hides: ['TUlJRXNlY3JldA'],
  },
  {
    name: 'a broken kubeconfig with a secret in the broken line',
    inputs: { ...NO_SERVER, kubeconfig: 'clusters: []\nusers: [{ token: hunter22' },
    ends: INVALID,
    hides: ['hunter22'],
  },
  {
    name: 'a kubeconfig of aliases without end',
    inputs: { ...NO_SERVER, kubeconfig: `${bomb(12)}\nclusters: *l` },
    ends: INVALID,
  },
  {
    name: 'a kubeconfig nested without end',
    inputs: { ...NO_SERVER, kubeconfig: `clusters: ${'['.repeat(10_000)}` },
    ends: INVALID,
  },
  {
    name: 'a kubeconfig with tags that make objects',
    inputs: { ...NO_SERVER, kubeconfig: "clusters: !!js/function 'function(){ throw 1 }'" },
    ends: INVALID,
  },
  {
    name: 'a kubeconfig that is all prototype',
    inputs: { ...NO_SERVER, kubeconfig: '{"__proto__": {"clusters": [{"name": "c"}]}}' },
    ends: INVALID,
    check: () => expect(({} as Record<string, unknown>)['clusters']).toBeUndefined(),
  },
  {
    name: 'a kubeconfig with plain http',
    inputs: config({ server: 'http://k.example.com' }, { token: 'hunter22' }),
    ends: INVALID,
    says: /plain http/,
    hides: ['hunter22'],
  },
  {
    name: 'a kubeconfig with a password in its server',
    inputs: config({ server: 'https://admin:hunter22@k.example.com' }),
    ends: INVALID,
    hides: ['hunter22'],
  },
  {
    name: 'a kubeconfig with a password in a proxy that is none',
    inputs: config({ server: 'https://127.0.0.1:1', 'proxy-url': 'gopher://ann:hunter22@p' }),
    ends: INVALID,
    hides: ['hunter22'],
  },
  {
    name: 'an auth-provider with its tokens',
    inputs: config(
      { server: 'https://127.0.0.1:1' },
      { 'auth-provider': { name: 'oidc', config: { 'refresh-token': 'hunter22' } } },
    ),
    ends: INVALID,
    says: /exec:/,
    hides: ['hunter22'],
  },
  {
    name: 'an exec plugin that is a line for a shell',
    inputs: ({ workspace }) =>
      config(
        { server: 'https://127.0.0.1:1' },
        { exec: { command: `touch ${join(workspace, 'pwned')}; echo` } },
      ),
    ends: INVALID,
    check: (_, { workspace }) => expect(exists(join(workspace, 'pwned'))).toBe(false),
  },
  {
    name: 'an exec plugin that prints a secret and fails',
    inputs: config(
      { server: 'https://127.0.0.1:1' },
      {
        exec: { command: 'node', args: ['-e', 'console.error("token=hunter22"); process.exit(1)'] },
      },
    ),
    ends: 'failure/unauthorized',
    says: /token=\(hidden\)/,
    hides: ['hunter22'],
  },
  {
    name: 'an exec plugin that waits for a person, and shows what it was given',
    inputs: {
      ...config(
        { server: 'https://127.0.0.1:1' },
        {
          exec: {
            command: 'sh',
            args: [
              '-c',
              'echo "enter the code ABCD-1234; $2 $AUTH_X" >&2; exec sleep 600',
              '--client-secret',
              'hunter22',
              'hunter22',
            ],
            env: [{ name: 'AUTH_X', value: 'hunter23' }],
          },
        },
      ),
      timeout: '0',
    },
    ends: 'failure/unauthorized',
    says: /sh, which gave no answer within 4 s\. It says: enter the code ABCD-1234; .{0,3}\(hidden\)/,
    hides: ['hunter22', 'hunter23'],
  },
  {
    name: 'an exec plugin that needs a terminal',
    inputs: config(
      { server: 'https://127.0.0.1:1' },
      { exec: { command: 'sh', interactiveMode: 'Always' } },
    ),
    ends: INVALID,
    says: /interactiveMode: Always/,
  },
  {
    name: 'an exec plugin that prints without end',
    inputs: config({ server: 'https://127.0.0.1:1' }, { exec: { command: 'yes' } }),
    ends: 'failure/unauthorized',
    says: /printed more than 4 MiB/,
  },
  {
    name: 'a password in the arguments of an exec plugin that prints it in base64',
    inputs: config(
      { server: 'https://127.0.0.1:1' },
      {
        exec: {
          command: 'node',
          args: [
            '-e',
            'console.error("Basic", btoa("ann:" + process.argv[1].slice(11))); process.exit(1)',
            '--',
            '--password=hunter22',
          ],
        },
      },
    ),
    ends: 'failure/unauthorized',
    says: /\(hidden\)/,
    hides: ['hunter22', 'YW5uOmh1bnRlcjIy', 'odW50ZXIy', btoa('hunter22')],
  },
  {
    name: 'a CA of a list, which must not count as none',
    inputs: config(
      { server: 'https://127.0.0.1:1', 'certificate-authority-data': ['hunter22'] },
      { token: 'hunter23' },
    ),
    ends: INVALID,
    says: /certificate-authority-data of cluster c of .kubeconfig. must be text, and is a list/,
    hides: ['hunter22', 'hunter23'],
  },
  {
    name: 'a kubeconfig without credentials',
    inputs: config({ server: 'https://127.0.0.1:1' }, { token: '' }),
    ends: INVALID,
    says: /user u of .kubeconfig. has no credentials/,
  },
  {
    name: 'a token file without end',
    inputs: config({ server: 'https://127.0.0.1:1' }, { tokenFile: '/dev/zero' }),
    ends: INVALID,
    says: /token file \/dev\/zero cannot be read/,
  },
  {
    name: 'a server of this machine without credentials',
    inputs: { server: 'https://127.0.0.1:1', token: '' },
    ends: INVALID,
    says: /is given without token/,
  },
  {
    name: 'a server of slashes without end',
    inputs: { server: `https://k.example.com/${'/'.repeat(100_000)}x?`, token: 't' },
    ends: INVALID,
    says: /query or fragment/,
  },
  {
    name: 'filters of aliases without end',
    inputs: { filters: `${bomb(12)}` },
    ends: INVALID,
    says: /line \d+/,
  },
  {
    name: 'filters nested without end',
    inputs: { filters: `web: ${'['.repeat(10_000)}` },
    ends: INVALID,
  },
  {
    name: 'filters that contain themselves',
    inputs: { filters: "web: &a [ 'Deployment/*', *a ]" },
    ends: INVALID,
    says: /line 1/,
  },
  {
    name: 'filters of a megabyte',
    inputs: { filters: Array.from({ length: 40_000 }, (_, i) => `f${i}: 'Kind/n${i}'`).join('\n') },
    ends: INVALID,
  },
  {
    name: 'filters in a device that never ends',
    inputs: { filters: '/dev/zero' },
    ends: INVALID,
    says: /not a regular file/,
  },
  {
    name: 'filters by a link to a device',
    arrange: ({ workspace }) => symlinkSync('/dev/zero', join(workspace, 'device.yml')),
    inputs: { filters: 'device.yml' },
    ends: INVALID,
    says: /outside of/,
  },
  {
    name: 'filters by a link to what is not of the repository',
    arrange({ workspace }) {
      writeFileSync(join(workspace, '..', 'elsewhere'), 'hunter22');
      symlinkSync('../elsewhere', join(workspace, 'link.yml'));
    },
    inputs: { filters: 'link.yml' },
    ends: INVALID,
    says: /outside of/,
    hides: ['hunter22'],
  },
  {
    name: 'filters by a path that leaves the repository',
    inputs: { filters: '../../../../etc/passwd' },
    ends: INVALID,
    says: /outside of|cannot be read/,
    hides: ['root:'],
  },
  {
    name: 'braces without end',
    inputs: { filters: `web: 'Deployment/${'{a,b}'.repeat(30)}'` },
    ends: INVALID,
    says: /more than 64 alternatives/,
  },
  {
    name: 'a range of braces without end',
    inputs: { filters: "web: 'Deployment/{1..999999999}'" },
    ends: INVALID,
    says: /more than 64 alternatives/,
  },
  {
    name: 'nested groups',
    inputs: { filters: `web: 'Deployment/${'+('.repeat(20)}a${')'.repeat(20)}b'` },
    ends: INVALID,
    says: /nested or more than 4 groups/,
  },
  {
    name: 'a pattern that backtracks',
    inputs: { filters: `web: 'Deployment/${'*a'.repeat(60)}b'` },
    look: { results: [resource({ name: 'a'.repeat(253) })] },
    ends: DONE,
    check: ({ outputs }) => expect(outputs.get('web')).toBe('false'),
  },
  {
    name: 'an image pattern that backtracks',
    inputs: { filters: `web: { pattern: 'Deployment/*', image: '${'**/*a'.repeat(40)}b' }` },
    look: { results: [resource({ images: [`${'a/'.repeat(2_000)}a`] })] },
    ends: DONE,
  },
  {
    name: 'an Application glob that backtracks',
    inputs: { application: `sho*,${'*a'.repeat(60)}b`, 'if-missing': 'skip' },
    arrange: ({ server }) => void server.put(manifest('a'.repeat(253))),
    ends: DONE,
  },
  {
    name: 'patterns to wait for without end',
    inputs: { 'wait-resources': `Deployment/${'{a,b}'.repeat(30)}` },
    ends: INVALID,
  },
  {
    name: 'a filter called __proto__',
    inputs: { filters: "__proto__: 'Deployment/*'\nweb: 'Deployment/*'" },
    look: { results: [resource({})] },
    ends: DONE,
    check({ outputs, results }) {
      expect(outputs.get('__proto__')).toBe('true');
      expect(JSON.parse(outputs.get('matched') ?? '')).toEqual(['__proto__', 'web']);
      expect(outputs.get('filter-results')).toBe('{"__proto__":true,"web":true}');
      expect(results).toContain('"__proto__"');
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      expect(({} as Record<string, unknown>)['web']).toBeUndefined();
    },
  },
  {
    name: 'filters called like what every object has',
    inputs: { filters: "constructor: 'Secret/*'\ntoString: 'Secret/*'\nhasOwnProperty: '*/*'" },
    look: { results: [resource({})] },
    ends: DONE,
    check({ outputs }) {
      expect(outputs.get('filter-results')).toBe(
        '{"constructor":false,"toString":false,"hasOwnProperty":true}',
      );
    },
  },
  {
    name: 'a filter called like a fixed output',
    inputs: { filters: "Conclusion: '*/*'" },
    ends: INVALID,
    says: /conclusion/i,
  },
  {
    name: 'a filter whose name has a line of its own',
    inputs: { filters: '"a\\nconclusion=success": "*/*"' },
    ends: INVALID,
  },
  {
    name: 'a selector with a parameter of its own',
    inputs: { application: '', selector: 'a=b&fieldSelector=metadata.name=x' },
    ends: INVALID,
    says: /selector/,
  },
  {
    name: 'an Application that leaves its path',
    inputs: { application: '../../secrets' },
    ends: INVALID,
  },
  {
    name: 'a namespace that leaves its path',
    inputs: { 'application-namespace': '../kube-system' },
    ends: INVALID,
  },
  {
    name: 'a revision that is an order to the runner',
    inputs: { revision: 'x\n::set-output name=conclusion::success' },
    ends: INVALID,
  },
  {
    name: 'a time of centuries',
    inputs: { timeout: '99999999999999999999h' },
    ends: INVALID,
    says: /too long/,
  },
  {
    name: 'a time that is no number',
    inputs: { timeout: '1e3' },
    ends: INVALID,
    says: /not a duration/,
  },
  {
    name: 'a name of a megabyte',
    inputs: { application: 'a'.repeat(1_000_000) },
    ends: INVALID,
    check: ({ stdout }) => expect(stdout.length).toBeLessThan(20_000),
  },
];

function exists(path: string): boolean {
  try {
    readOthersFile(path);
    return true;
  } catch {
    return false;
  }
}

/** An applied Deployment of a sync's result. */
function resource(over: object): object {
  return {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web',
    status: 'Synced',
    message: 'deployment.apps/web created',
    ...over,
  };
}

/** Where a text can stand: in what a sync says of a resource, in its name, in what fails. */
function content(name: string, text: string, shown?: RegExp): readonly Row[] {
  const says = shown === undefined ? {} : { says: shown };
  return [
    {
      name: `${name}, in messages and names`,
      look: { results: [resource({ message: text, name: text, images: [text] })] },
      inputs: { filters: "web: '*/*'" },
      ends: DONE,
      check({ outputs }) {
        const [first] = JSON.parse(outputs.get('resources') ?? '[]') as { message: string }[];
        // Outputs are data: nothing of it is changed there, but a long one lacks its middle.
        const message = first?.message ?? '';
        if (text.length <= LONGEST_PROSE) expect(message).toBe(text);
        else expect(message).toHaveLength(LONGEST_PROSE);
      },
    },
    {
      name: `${name}, in a failure`,
      look: {
        revision: B,
        sync: 'OutOfSync',
        phase: 'Failed',
        message: text,
        results: [resource({ status: 'SyncFailed', message: text })],
        conditions: [{ type: 'SyncError', message: text }],
      },
      inputs: { revision: B },
      ends: 'failure/sync-failed',
      ...says,
    },
  ];
}

const CONTENTS: readonly Row[] = [
  ...content('workflow commands', '::error::forged\n::add-mask::a\n  ::stop-commands::forged'),
  ...content('commands of the old form', 'x ##[error]forged\n##[group]forged'),
  ...content('escaped line breaks', 'a%0A::error::forged%0D%0A::error::forged%25', /%250A|%0A/),
  ...content('carriage returns', 'a\r::error::forged\r\n::warning::forged'),
  ...content(
    'line breaks of Unicode',
    'a\u2028::error::forged\u2029::error::forged\u0085::error::',
  ),
  ...content('Markdown', '# forged\n| a | b |\n|---|---|\n[x](javascript:alert(1)) **forged**'),
  ...content('HTML', '</pre></details><script>alert(1)</script><img src=x onerror=alert(1)>'),
  ...content('mentions and references', '@octocat #1 GH-1 https://evil.example.com'),
  ...content('terminal codes', '\u001b[31mred\u001b[0m\u001b]0;title\u0007\u009b2J'),
  ...content('text that runs backwards', '\u202egnp.exe\u202c\u2066x\u2069\u200b', /U\+202E/),
  ...content('delimiters of outputs', 'EOF\nghadelimiter_1\nconclusion=forged\nchanged<<EOF'),
  ...content('half a character', 'a\ud800b'),
  ...content('a text of 60,000 characters', 'long '.repeat(12_000)),
];

const SERVERS: readonly Row[] = [
  {
    name: 'a refusal that echoes the token',
    arrange: ({ server }) => {
      server.intercept = () => ({
        kind: 'status',
        code: 403,
        body: JSON.stringify({ message: `no: Authorization: Bearer ${server.token}` }),
      });
    },
    ends: 'failure/forbidden',
    says: /Bearer \(hidden\)/,
    hides: ['test-token'],
  },
  {
    name: 'a page of a proxy that echoes the token',
    arrange: ({ server }) => {
      server.intercept = () => ({
        kind: 'status',
        code: 502,
        body: `<pre>GET / Authorization: Bearer ${server.token}</pre>`,
      });
    },
    inputs: { timeout: '1' },
    ends: 'timeout/unreachable',
    hides: ['test-token'],
  },
  {
    name: 'an event that echoes the token',
    arrange: ({ server }) => {
      const event = { type: `RENAMED ${server.token}`, object: {} };
      server.intercept = ({ verb }) =>
        verb === 'watch'
          ? { kind: 'event', event }
          : { kind: 'status', code: 200, body: `Bearer ${server.token}` };
    },
    inputs: { timeout: '1' },
    ends: 'timeout/unreachable',
    hides: ['test-token'],
  },
  {
    name: 'a redirect with the token in its path',
    arrange: ({ server }) => {
      server.intercept = () => ({
        kind: 'status',
        code: 307,
        headers: { Location: `https://ann:pw@evil.example.com/${server.token}?t=${server.token}` },
      });
    },
    ends: 'failure/unreachable',
    hides: ['test-token'],
    check: (_, { server }) => expect(server.requests).toHaveLength(1),
  },
  {
    name: 'a refusal full of commands',
    arrange: ({ server }) => {
      const message = 'no\n::error::forged\n##[error]forged\n<script>alert(1)</script>';
      server.intercept = () => ({ kind: 'status', code: 403, body: JSON.stringify({ message }) });
    },
    ends: 'failure/forbidden',
  },
  {
    name: 'a refusal that names a user with YAML in it',
    arrange: ({ server }) => {
      const message = 'User "system:serviceaccount:a:b }\n- { kind: Group, name: all" cannot list';
      server.intercept = () => ({ kind: 'status', code: 403, body: JSON.stringify({ message }) });
    },
    ends: 'failure/forbidden',
    check: ({ stdout }) => expect(stdout).not.toMatch(/(?:%0A|\n)- \{ kind: Group/),
  },
  {
    name: 'a content type full of commands',
    arrange: ({ server }) => {
      server.intercept = () => ({
        kind: 'status',
        code: 200,
        body: 'x',
        headers: { 'Content-Type': '::error::forged <script>' },
      });
    },
    inputs: { timeout: '1' },
    ends: 'timeout/unreachable',
  },
  {
    name: 'an object with a prototype of its own',
    arrange: ({ server }) => {
      const text = JSON.stringify(manifest('shop', { version: '7' })).replace(
        '"status":{',
        '"__proto__":{"polluted":true},"status":{"__proto__":{"polluted":true},',
      );
      server.intercept = ({ verb }) =>
        verb === 'watch'
          ? { kind: 'garbage', text: `{"type":"ADDED","object":${text}}` }
          : undefined;
    },
    ends: DONE,
    check: () => expect(({} as Record<string, unknown>)['polluted']).toBeUndefined(),
  },
  {
    name: 'a resource called __proto__',
    look: { results: [resource({ name: '__proto__', kind: 'constructor', group: '__proto__' })] },
    inputs: { filters: "all: '*/*'" },
    ends: DONE,
    check: ({ outputs }) => expect(outputs.get('all-count')).toBe('1'),
  },
  {
    name: 'thousands of resources with long messages',
    look: {
      results: Array.from({ length: 2_000 }, (_, i) =>
        resource({ name: `web-${i}`, message: `created ${'<b>|'.repeat(100)}` }),
      ),
    },
    inputs: { filters: "all: '*/*'", 'live-evidence': 'off' },
    ends: DONE,
    check({ outputs, summary }) {
      expect(JSON.parse(outputs.get('resources') ?? '')).not.toHaveLength(0);
      expect(outputs.get('changed-count')).toBe('2000');
      const units = [...outputs].reduce(
        (sum, [name, value]) => sum + name.length + value.length,
        0,
      );
      // GitHub counts two bytes each.
      expect(units).toBeLessThan(1024 * 1024);
      expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024);
    },
  },
  {
    name: 'an address of the UI that is a script',
    look: { revision: B, phase: 'Failed', sync: 'OutOfSync', message: 'no' },
    arrange: ({ server }) => {
      server.setLive([
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { namespace: 'argocd', name: 'argocd-cm' },
          data: { url: 'javascript:alert(document.domain)//https://x' },
        },
      ]);
    },
    inputs: { revision: B },
    ends: 'failure/sync-failed',
    check: ({ summary, results }) => expect(`${summary}${results}`).not.toContain('javascript:'),
  },
];

const ROWS: readonly Row[] = [...INPUTS, ...CONTENTS, ...SERVERS];

/** What no input may make a run cost, in reference work: much below that of a quadratic one. */
const MOST = 200;

/** A run in this process, and all that it wrote. */
async function write(inputs: Inputs, workspace: string): Promise<Written> {
  const { value, cost } = await costed(() =>
    runHere({ inputs, env: { GITHUB_WORKSPACE: workspace } }),
  );
  const { stdout, summary, outputs, results, exitCode: code } = value;
  return {
    ...{ stdout, summary, code, cost },
    outputs: new Map(Object.entries(outputs)),
    results: JSON.stringify(results),
  };
}

/** The kinds of commands that a run may use. */
const COMMANDS = new Set(['add-mask', 'debug', 'notice', 'warning', 'error', 'group', 'endgroup']);

/** Whatever came in, these are never what comes out. */
function expectHarmless({
  stdout,
  summary,
  outputs,
}: Pick<Written, 'stdout' | 'summary' | 'outputs'>) {
  const commands = commandsOf(stdout);
  expect(commands.filter(({ name }) => !COMMANDS.has(name))).toEqual([]);
  expect(commands.filter(({ message }) => message.trim().startsWith('forged'))).toEqual([]);
  expect(commands.filter(({ name, message }) => name === 'add-mask' && message === 'a')).toEqual(
    [],
  );
  expect(stdout.split('\n').filter((line) => !/^::/.test(line) && line.includes('##['))).toEqual(
    [],
  );
  expect(stdout).not.toMatch(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/,
  );
  expect(summary).not.toMatch(
    /<script|<img|\]\(javascript|^# forged|^\| a \| b|@octocat|\u001b|\u202e/m,
  );
  expect(outputs.get('conclusion')).not.toBe('forged');
  expect([...outputs.keys()].filter((name) => /forged|\s/.test(name))).toEqual([]);
}

/** What of a run may not hold a credential: everything but the masks. */
function everywhere({ stdout, summary, outputs, results }: Written): string {
  const log = stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  return [...log, summary, ...[...outputs].flat(), results].join('\n');
}

let server: ApiServer;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hostile-'));
});

const held: string[] = [];
afterAll(async () => {
  await rm(directory, { recursive: true });
  const all = ROWS.length + SECRETS.length;
  process.stdout.write(
    `\n${held.join('\n')}\n${held.length} of ${all} hostile or bad inputs held\n`,
  );
});

/** @param ended how it ended */
function hold(name: string, ended: string): void {
  held.push(`${String(held.length + 1).padStart(3)}  ${ended.padEnd(22)}  ${name}`);
}

test.each(ROWS.map((row) => [row.name, row] as const))('%s', async (_, row) => {
  const root = await mkdtemp(join(directory, 'row-'));
  const workspace = await mkdtemp(join(root, 'work-'));
  server = await startApiServer({ objects: [manifest('shop', row.look)] });
  try {
    const bench = { server, workspace };
    row.arrange?.(bench);
    const given = typeof row.inputs === 'function' ? row.inputs(bench) : row.inputs;
    const inputs = {
      ...inputsFor(server),
      application: 'shop',
      revision: 'none',
      timeout: '60',
      ...given,
    };
    const written = await write(inputs, workspace);
    const ended = `${written.outputs.get('conclusion')}/${written.outputs.get('reason')}`;
    expect(`${ended} ${written.outputs.get('message')?.slice(0, 300)}`).toMatch(
      new RegExp(`^${row.ends} `),
    );
    expect(written.code).toBe(row.ends.startsWith('success') ? 0 : 1);
    if (row.says) expect(everywhere(written)).toMatch(row.says);
    for (const secret of row.hides ?? []) expect(everywhere(written)).not.toContain(secret);
    expectHarmless(written);
    row.check?.(written, bench);
    if (row.ends === INVALID) expect(server.requests).toEqual([]);
    expect(written.cost).toBeLessThan(MOST);
    hold(row.name, ended);
  } finally {
    await server.close();
  }
});

/** Ways in whose secrets are searched for in all that the built action leaves behind. */
interface SecretRow {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly step: (bench: Bench) => Promise<{
    readonly inputs?: Inputs;
    readonly env?: Inputs;
    readonly files?: Inputs;
    readonly close?: () => void;
  }>;
  readonly ends: string;
  readonly says?: RegExp;
}

const JWT = 'eyJhbGciOiJSUzI1NiJ9';

/** In place of GitHub's token endpoint. */
async function issuer(token: string) {
  const service = createServer((request, response) => {
    const allowed = request.headers.authorization === 'Bearer request-token-77c1';
    response.writeHead(allowed ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(allowed ? { value: token } : { message: 'no' }));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  return {
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=1`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token-77c1',
    },
    close: () => void service.close(),
  };
}

function claims(over: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const all = { aud: 'my-cluster', repository: 'acme/shop', iat: now, exp: now + 300, ...over };
  return `${JWT}.${Buffer.from(JSON.stringify(all)).toString('base64url')}.c2lnbmF0dXJlLTQ3MTE`;
}

const PLUGIN = `const answer = { kind: 'ExecCredential', status: { token: process.env.SECRET } };
console.error('debug: got', process.env.SECRET);
if (process.env.FAIL) process.exit(1);
console.log(JSON.stringify(answer));`;

function exec(bench: Bench, secret: string, more: readonly object[] = []): Inputs {
  const env = [{ name: 'SECRET', value: secret }, ...more];
  return config(
    {
      server: bench.server.url,
      'certificate-authority-data': Buffer.from(bench.server.ca).toString('base64'),
    },
    { exec: { command: 'node', args: ['-e', PLUGIN], env } },
  );
}

const SECRETS: readonly SecretRow[] = [
  {
    name: 'GitHub OIDC: a token that is accepted',
    secrets: [JWT, 'c2lnbmF0dXJlLTQ3MTE', 'request-token-77c1'],
    async step({ server: api }) {
      const token = claims();
      api.tokens.set(token, 'github:acme/shop');
      return { inputs: { token: '', 'oidc-audience': 'my-cluster' }, ...(await issuer(token)) };
    },
    ends: DONE,
  },
  {
    name: 'GitHub OIDC: a token that is refused',
    secrets: [JWT, 'c2lnbmF0dXJlLTQ3MTE', 'request-token-77c1'],
    step: async () => ({
      inputs: { token: '', 'oidc-audience': 'my-cluster' },
      ...(await issuer(claims({ repository: 'evil\n::error::forged' }))),
    }),
    ends: 'failure/unauthorized',
    says: /The token says aud my-cluster, sub \(none\), repository evil/,
  },
  {
    name: 'GitHub OIDC: an endpoint that refuses',
    secrets: ['request-token-wrong'],
    async step() {
      const { env, close } = await issuer('');
      return {
        inputs: { token: '', 'oidc-audience': 'my-cluster', timeout: '1' },
        env: { ...env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token-wrong' },
        close,
      };
    },
    ends: 'timeout/unreachable',
  },
  {
    name: 'an exec plugin that works, and logs its token',
    secrets: ['plugin-token-4f1c9a7e2b'],
    async step(bench) {
      bench.server.tokens.set('plugin-token-4f1c9a7e2b', 'github:acme/shop');
      return { inputs: exec(bench, 'plugin-token-4f1c9a7e2b') };
    },
    ends: DONE,
  },
  {
    name: 'an exec plugin whose token is refused',
    secrets: ['plugin-token-4f1c9a7e2b'],
    step: async (bench) => ({ inputs: exec(bench, 'plugin-token-4f1c9a7e2b') }),
    ends: 'failure/unauthorized',
  },
  {
    name: 'an exec plugin that fails, and logs its token',
    secrets: ['eyJwbHVnaW4tdG9rZW4tNGYxYzlhN2UyYg'],
    step: async (bench) => ({
      inputs: exec(bench, 'eyJwbHVnaW4tdG9rZW4tNGYxYzlhN2UyYg', [{ name: 'FAIL', value: '1' }]),
    }),
    ends: 'failure/unauthorized',
  },
  {
    name: 'the password of a proxy that refuses it',
    secrets: ['proxy-password-9b2e'],
    async step({ server: api }) {
      const proxy = await startProxy({ login: 'ann:another' });
      return {
        inputs: { server: `https://0.0.0.0:${api.port}`, timeout: '1' },
        env: { HTTPS_PROXY: proxy.url.replace('//', '//ann:proxy-password-9b2e@') },
        close: proxy.close,
      };
    },
    ends: 'timeout/unreachable',
  },
  {
    name: 'a user name and a password that are refused',
    secrets: ['basic-password-61d0', Buffer.from('ann:basic-password-61d0').toString('base64')],
    step: async ({ server: api }) => ({
      inputs: config(
        {
          server: api.url,
          'certificate-authority-data': Buffer.from(api.ca).toString('base64'),
        },
        { username: 'ann', password: 'basic-password-61d0' },
      ),
    }),
    ends: 'failure/unauthorized',
  },
  {
    name: 'a token file that is refused',
    secrets: ['file-token-8c21f0'],
    step: async ({ server: api }) => ({
      files: { token: 'file-token-8c21f0\n' },
      inputs: config(
        {
          server: api.url,
          'certificate-authority-data': Buffer.from(api.ca).toString('base64'),
        },
        { tokenFile: 'token' },
      ),
    }),
    ends: 'failure/unauthorized',
  },
];

/** The same of a process: its stderr, and the runner's own files. */
function everywhereOf({ stdout, stderr, summary, outputs, results, state, exported }: StepResult) {
  const log = stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  const rest = [outputs, results, state, exported].map((each) => JSON.stringify(each));
  return [...log, stderr, summary, ...rest].join('\n');
}

test.each(SECRETS.map((row) => [row.name, row] as const))('built: %s', async (_, row) => {
  server = await startApiServer({ objects: [manifest('shop')] });
  const { inputs, env = {}, files = {}, close } = await row.step({ server, workspace: directory });
  try {
    const result = await runAction({
      inputs: {
        ...inputsFor(server),
        application: 'shop',
        revision: 'none',
        timeout: '60s',
        ...inputs,
      },
      env: { ...env, RUNNER_DEBUG: '1' },
      files,
    });
    const ended = `${result.outputs['conclusion']}/${result.outputs['reason']}`;
    expect(`${ended} ${result.outputs['message']}`).toMatch(new RegExp(`^${row.ends} `));
    for (const secret of row.secrets) expect(everywhereOf(result)).not.toContain(secret);
    if (row.says) expect(everywhereOf(result)).toMatch(row.says);
    expect(result.stderr).toBe('');
    expectHarmless({ ...result, outputs: new Map(Object.entries(result.outputs)) });
    hold(`(built) ${row.name}`, ended);
  } finally {
    close?.();
    await server.close();
  }
});
