import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Conclusion, Reason } from '../src/core/result.js';
import { readInputs } from '../src/inputs.js';
import { remedyFor } from '../src/remedies.js';

type End = readonly [conclusion: Conclusion, reason: Reason];

/** How the wait for an Application can end but well; what ends a run from outside brings its own. */
const BAD: readonly End[] = [
  ['failure', 'sync-failed'],
  ['failure', 'degraded'],
  ['failure', 'suspended'],
  ['failure', 'auto-sync-refused'],
  ['failure', 'deleted'],
  ['failure', 'invalid-input'],
  ['timeout', 'timeout'],
  ['timeout', 'unreachable'],
  ['timeout', 'missing'],
  ['timeout', 'suspended'],
  ['timeout', 'degraded'],
  ['timeout', 'comparison-error'],
];

const ACCESS = { server: 'https://kubernetes.example.com', token: 'word', application: 'shop' };

function inputsOf(given: Readonly<Record<string, unknown>> = {}) {
  const env = Object.entries({ ...ACCESS, ...given }).map(([name, value]) => {
    const text = String(value).replace(/^\$\{\{ github\.sha \}\}$/, 'a'.repeat(40));
    return [`INPUT_${name.toUpperCase()}`, text];
  });
  return readInputs(Object.fromEntries(env) as Readonly<Record<string, string>>, () => '');
}

/** The YAML to paste: `with:` and what is indented under it. */
function blocksIn(remedy: string): readonly Readonly<Record<string, unknown>>[] {
  return [...remedy.matchAll(/^with:\n(?: {2}.*(?:\n|$))+/gm)].map(([block]) => {
    return (parse(block) as { readonly with: Readonly<Record<string, unknown>> }).with;
  });
}

describe.each(BAD)('%s %s', (conclusion, reason) => {
  const remedies = [inputsOf(), inputsOf({ 'wait-resources': 'Deployment/web' })].map((inputs) =>
    remedyFor({ conclusion, reason }, inputs),
  );

  test.each(remedies)('says what to do: %j', (remedy) => {
    expect(remedy).toMatch(/^[A-Z].*[.:`]/s);
  });

  test.each(remedies)('what is to be pasted is accepted: %j', (remedy) => {
    if (remedy.includes('with:')) expect(blocksIn(remedy)).not.toHaveLength(0);
    for (const block of blocksIn(remedy)) expect(() => inputsOf(block)).not.toThrow();
  });
});

test.each<End>([
  ['success', 'synced'],
  ['skipped', 'missing'],
  ['cancelled', 'cancelled'],
  // Near names and the inputs to look at are hints of their own.
  ['failure', 'missing'],
])('%s %s needs none', (conclusion, reason) => {
  expect(remedyFor({ conclusion, reason }, inputsOf())).toBe('');
});

test('after an event there is nothing to begin', () => {
  const end = { conclusion: 'failure', reason: 'sync-failed' } as const;
  expect(remedyFor(end, { ...inputsOf(), source: 'event' })).not.toContain('trigger');
  expect(remedyFor(end, inputsOf())).toContain('trigger: sync');
});
