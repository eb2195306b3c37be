import { expect, test } from '@jest/globals';
import { hider, shownBy } from '../../src/http/secrets.js';
import { costOf } from '../support/cost.ts';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
const LOGIN = 'ann:open/"sesame"';
const BASIC = Buffer.from(LOGIN).toString('base64');
const PROXY = 'bob:p<r>oxy&7';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const inJson = (text: string) => JSON.stringify({ message: text });
const inUnicode = (text: string) =>
  [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

const FORMS: ReadonlyArray<readonly [string, (secret: string) => string]> = [
  ['as it is', (secret) => `Authorization: ${secret} was refused`],
  ['in JSON', inJson],
  ['in JSON as Go writes it', (secret) => inJson(secret).replace(/[<>&]/g, inUnicode)],
  ['in JSON with slashes escaped', (secret) => inJson(secret).replaceAll('/', '\\/')],
  ['in JSON of nothing but escapes', (secret) => `{"message":"${inUnicode(secret)}"}`],
  [
    'in JSON of capital escapes',
    (secret) => inUnicode(secret).replace(/[a-f]/g, (c) => c.toUpperCase()),
  ],
  ['in a URL', (secret) => `/login?state=${encodeURIComponent(secret)}`],
  ['in base64', (secret) => `got ${base64(secret)}.`],
  ['in base64 after a byte', (secret) => base64(`x${secret}yz`)],
  ['in base64 after two bytes', (secret) => base64(`xy${secret}z`)],
  ['in base64url', (secret) => Buffer.from(`Bearer ${secret}!`).toString('base64url')],
];

/** What can be read out of a text, in whatever of the forms. */
function readable(text: string): string {
  const unescaped = text.replace(/\\u([0-9a-f]{4})/gi, (_, code) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const plain = unescaped.replace(/\\(.)/g, '$1');
  const runs = text.match(/[\w+/-]{8,}/g) ?? [];
  const decoded = runs.flatMap((run) =>
    [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), 'base64').toString('latin1')),
  );
  return [
    text,
    plain,
    decodeURIComponent(plain.replace(/%(?![0-9a-f]{2})/gi, '')),
    ...decoded,
  ].join('\n');
}

const SECRETS = [
  ['a bearer token', TOKEN, `Bearer ${TOKEN}`, []],
  ['the header of Basic', BASIC, `Basic ${BASIC}`, []],
  ['user and password', LOGIN, `Basic ${BASIC}`, []],
  ['a password', 'open/"sesame"', `Basic ${BASIC}`, []],
  ["a proxy's login", PROXY, '', [PROXY]],
  ["a proxy's password", 'p<r>oxy&7', '', [PROXY]],
] as const;

test.each(
  SECRETS.flatMap(([name, ...rest]) =>
    FORMS.map(([form, write]) => [name, form, write, ...rest] as const),
  ),
)('%s %s is hidden from people', (_, __, write, secret, authorization, logins) => {
  const text = write(secret);
  // The control: it could be read.
  expect(readable(text)).toContain(secret);
  const hidden = hider(shownBy(authorization, logins)).inProse(text);
  expect(hidden).toContain('(hidden)');
  expect(readable(hidden)).not.toContain(secret);
});

test('of data, tokens are replaced, and no word that a password may be', () => {
  const login = `Basic ${base64('ann:production')}`;
  const { inData, inProse } = hider(shownBy(login, []));
  const data = `{"name":"production","echo":"${base64('ann:production')}"}`;
  expect(inData(data)).toBe('{"name":"production","echo":"(hidden)"}');
  expect(inProse(data)).toBe('{"name":"(hidden)","echo":"(hidden)"}');
});

test('what is too short to be a secret is not replaced', () => {
  const { inData, inProse } = hider(shownBy('Bearer abc', ['a:b']));
  expect(inData('abc a:b')).toBe('abc a:b');
  expect(inProse('abc a:b')).toBe('abc a:b');
  expect(hider(shownBy('', [])).inProse('abc')).toBe('abc');
});

test.each([3_000, 130_000])(
  'a secret of %i characters is hidden where it is escaped',
  async (size) => {
    const secret = 'aB3/'.repeat(size / 4);
    const hide = hider({ tokens: [], passwords: [secret] });
    const text = `{"why":"${'\\u003cb\\u003e '.repeat(10_000)}${inUnicode(secret)}"}`;
    let hidden = '';
    // An expression of so many letters takes a hundred times as long, or cannot be made.
    expect(await costOf(() => (hidden = hide.inProse(text)))).toBeLessThan(100);
    expect(hidden).toMatch(/ \(hidden\)"\}$/);
  },
);

test('what is hidden leaves JSON as it is around it', () => {
  const { inProse } = hider({ tokens: [], passwords: ['"hunter/22'] });
  const said = (text: string) => JSON.parse(inProse(`{"message":"${text}"}`)).message;
  expect(said('no: \\"\\u0022hunter\\/22\\"!')).toBe('no: "(hidden)"!');
  expect(said('no: \\\\\\"hunter\\u002f22\\\\')).toMatch(/^no: .{0,2}\(hidden\)\\$/);
});
