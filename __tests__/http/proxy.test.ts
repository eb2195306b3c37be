import { expect, test } from '@jest/globals';
import {
  loginOf,
  maskProxies,
  proxyFromEnvironment,
  proxyOfKubeconfig,
} from '../../src/http/proxy.js';
import { TerminalError } from '../../src/platform/errors.js';

const PROXY = 'http://proxy.example.com:3128';

type Environment = Readonly<Record<string, string>>;

function proxyFor(server: string, env: Environment): string {
  return proxyFromEnvironment(new URL(server), env)?.host ?? 'none';
}

test.each<[server: string, env: Environment, proxy: string]>([
  ['https://k.example.com', {}, 'none'],
  ['https://k.example.com', { HTTPS_PROXY: PROXY }, 'proxy.example.com:3128'],
  ['https://k.example.com', { https_proxy: PROXY }, 'proxy.example.com:3128'],
  ['https://k.example.com', { HTTPS_PROXY: 'http://a', https_proxy: PROXY }, 'a'],
  ['https://k.example.com', { HTTPS_PROXY: '', https_proxy: 'http://a' }, 'a'],
  ['https://k.example.com', { HTTP_PROXY: PROXY }, 'none'],
  ['http://ghe.example.com', { HTTP_PROXY: PROXY }, 'proxy.example.com:3128'],
  ['http://ghe.example.com', { HTTPS_PROXY: PROXY }, 'none'],
  ['https://k.example.com', { HTTPS_PROXY: 'proxy.example.com:3128' }, 'proxy.example.com:3128'],
  ['https://k.example.com', { HTTPS_PROXY: 'ann:pw@proxy:3128' }, 'proxy:3128'],
  ['https://k.example.com', { HTTPS_PROXY: 'socks5://proxy:1080' }, 'proxy:1080'],
  // This machine is never reached by a proxy.
  ['https://localhost:6443', { HTTPS_PROXY: PROXY }, 'none'],
  ['https://127.0.0.1:6443', { HTTPS_PROXY: PROXY }, 'none'],
  ['https://127.8.9.1', { HTTPS_PROXY: PROXY }, 'none'],
  ['https://[::1]:6443', { HTTPS_PROXY: PROXY }, 'none'],
  ['https://localhost.example.com', { HTTPS_PROXY: PROXY }, 'proxy.example.com:3128'],
])('%s with %j: %s', (server, env, proxy) => {
  expect(proxyFor(server, env)).toBe(proxy);
});

/** As the tests of golang.org/x/net/http/httpproxy have it, and around its corners. */
test.each<[noProxy: string, server: string, excluded: boolean]>([
  ['', 'https://k.example.com', false],
  ['*', 'https://k.example.com', true],
  [' , *', 'https://10.1.2.3', true],
  ['example.com', 'https://example.com', true],
  ['example.com', 'https://k.example.com', true],
  ['example.com', 'https://a.b.example.com', true],
  ['example.com', 'https://notexample.com', false],
  ['example.com', 'https://example.com.evil.org', false],
  ['EXAMPLE.com', 'https://k.Example.COM', true],
  ['.example.com', 'https://k.example.com', true],
  ['.example.com', 'https://example.com', false],
  ['*.example.com', 'https://k.example.com', true],
  ['*.example.com', 'https://example.com', false],
  ['k.*.com', 'https://k.example.com', false],
  ['a.org, example.com ,b.org', 'https://k.example.com', true],
  ['example.com:443', 'https://k.example.com', true],
  ['example.com:443', 'https://k.example.com:6443', false],
  ['example.com:6443', 'https://k.example.com:6443', true],
  ['.example.com:6443', 'https://k.example.com:6443', true],
  ['example.com:80', 'http://example.com', true],
  [':443', 'https://k.example.com', false],
  ['10.1.2.3', 'https://10.1.2.3:6443', true],
  ['10.1.2.3', 'https://10.1.2.30', false],
  ['10.1.2.3:6443', 'https://10.1.2.3:6443', true],
  ['10.1.2.3:443', 'https://10.1.2.3:6443', false],
  ['10.0.0.0/8', 'https://10.1.2.3:6443', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['172.16.0.0/12', 'https://172.31.255.255', true],
  ['172.16.0.0/12', 'https://172.32.0.0', false],
  ['0.0.0.0/0', 'https://8.8.8.8', true],
  ['10.0.0.0/33', 'https://10.1.2.3', false],
  ['10.0.0.0/x', 'https://10.1.2.3', false],
  ['10.0.0.0/', 'https://10.1.2.3', false],
  ['10.0.0.0/8', 'https://10.example.com', false],
  ['2.3', 'https://10.1.2.3', false],
  ['fd00::/8', 'https://[fd12::1]:6443', true],
  ['fd00::/8', 'https://[fe80::1]', false],
  ['fd12::1', 'https://[fd12::1]:6443', true],
  ['[fd12::1]', 'https://[fd12::1]:6443', true],
  ['[fd12::1]:6443', 'https://[fd12::1]:6443', true],
  ['[fd12::1]:443', 'https://[fd12::1]:6443', false],
])('NO_PROXY=%s and %s: %s', (noProxy, server, excluded) => {
  const env = { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY };
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const proxy = proxyFor(server, { ...env, [name]: noProxy });
    expect(proxy).toBe(excluded ? 'none' : 'proxy.example.com:3128');
  }
});

test.each(['://', 'ftp://ann:hunter22@proxy', 'http://ann:hunter22@', 'http://ann:hunter22@[1'])(
  'HTTPS_PROXY=%s is refused, and not shown',
  (value) => {
    const refused = () => proxyFor('https://k.example.com', { HTTPS_PROXY: value });
    expect(refused).toThrow(TerminalError);
    expect(refused).toThrow('HTTPS_PROXY must be a URL like http://proxy.example.com:3128.');
    expect(refused).not.toThrow('hunter22');
  },
);

test.each(['http', 'https', 'socks5', 'socks5h', 'socks4'])('a proxy-url of %s', (scheme) => {
  expect(proxyOfKubeconfig(`${scheme}://proxy.example.com:1080`).protocol).toBe(`${scheme}:`);
});

test('the login of a proxy is masked in each of its forms', () => {
  const masked: string[] = [];
  maskProxies({ HTTPS_PROXY: 'ann:open%20sesame@proxy:3128' }, (secret) => masked.push(secret));
  const basic = Buffer.from('ann:open sesame').toString('base64');
  expect(masked).toEqual(['open%20sesame', 'open sesame', 'ann:open sesame', basic]);
});

test('a login that cannot be decoded is taken as it is', () => {
  expect(loginOf(new URL('http://ann:100%@proxy'))).toBe('ann:100%');
});
