import { describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/report/report.js';
import { SUMMARY_BYTES, summaryOf } from '../../src/report/summary.js';
import { change, changesOf, filter, report, result } from './reports.js';

const summary = (given: Partial<Report> = {}) => summaryOf(report(given));

describe('what it says', () => {
  test.each([
    ['the end', /^## ✅ <code>shop<\/code>: synced\n\nshop is deployed\n/],
    ['the revision', /<code title="c3b0a1ca0659caeb106979446f11ad9220de841f">c3b0a1ca<\/code>/],
    ['the statuses', /✅ Synced \| 💚 Healthy \| Succeeded \| 12s \| 1 \|/],
    ['the count', /### 1 resource changed\n\n🟡 1 updated · ⚪ 1 unchanged\n/],
    [
      'the change',
      /\| 🟡 updated \| <code>apps\/Deployment<\/code> \| <code>shop\/web<\/code> \| compared \|/,
    ],
    ['the filters', /\| <code>cdn<\/code> \| ✅ yes \| 1 \|\n\| <code>db<\/code> \| ➖ no \| 0 \|/],
    [
      'the link',
      /<a href="https&#58;\/\/argocd.example.com\/applications\/shop"><code>shop<\/code><\/a>/,
    ],
    ['the wait', /waited 12s/],
  ])('%s', (_, expected) => {
    const applications = [
      result({
        changes: [change({ name: 'same', change: 'unchanged' }), change()],
        url: 'https://argocd.example.com/applications/shop',
      }),
    ];
    const filters = [filter('cdn'), filter('db')];
    expect(summary({ applications, filters, matched: new Map([['cdn', [change()]]]) })).toMatch(
      expected,
    );
  });

  test('counts by class, and hooks in the plural', () => {
    const hook = change({ change: 'hook', hook: 'PostSync', phase: 'Succeeded' });
    const textOf = (...hooks: readonly (typeof hook)[]) =>
      summary({ applications: [result({ changes: [change(), ...hooks] })] });
    expect(textOf(hook, hook)).toContain('🪝 2 hooks');
    expect(textOf(hook)).toMatch(/🪝 1 hook\b/);
  });

  test.each(['Job/shop/smoke', 'apps/Job/shop/smoke', 'PostSync hook Job/shop/smoke'])(
    'a failure: remedy, blockers, what else failed, once each (%s)',
    (subject) => {
      const hook = change({
        kind: 'Job',
        name: 'smoke',
        change: 'hook',
        hook: 'PostSync',
        phase: 'Failed',
      });
      const broken = change({ name: 'api', change: 'failed', message: 'is invalid' });
      const text = summary({
        conclusion: 'failure',
        reason: 'sync-failed',
        remedy: 'with:\n  timeout: 20m',
        applications: [
          result({
            conclusion: 'failure',
            changes: [change(), hook, broken],
            blockers: [{ subject, message: 'gave up' }],
          }),
        ],
      });
      expect(text).toContain('## ❌ <code>shop</code>: sync failed');
      expect(text).toContain('<pre>with&#58;\n  timeout&#58; 20m</pre>');
      expect(text).toContain(
        `| <code>${subject}</code> | gave up |\n| <code>Deployment/shop/api</code> | is invalid |\n\n`,
      );
      expect(text).toMatch(/### Hooks[^#]*\| ❌ PostSync \| <code>apps\/Job<\/code>/);
    },
  );

  test('what an Application manages stands below it', () => {
    const of = (application: string, parent?: string) =>
      result({ application, ...(parent ? { parent } : {}) });
    const deep = Array.from({ length: 30 }, (_, i) => of(`deep-${i}`, i ? `deep-${i - 1}` : 'a'));
    const applications = [of('root'), of('base'), of('a', 'root'), of('b', 'base'), ...deep];
    const summary = summaryOf(report({ applications }));
    const rows = [...summary.matchAll(/^\| ((?:&emsp;)*)(?:↳ )?✅ <code>([a-z0-9-]+)<\/code>/gm)];
    const tree = rows.map(([, indent = '', name]) => `${indent.length / 6} ${name}`);
    expect(tree.slice(0, 4)).toEqual(['0 root', '1 a', '2 deep-0', '3 deep-1']);
    expect(tree.slice(-3)).toEqual(['8 deep-29', '0 base', '1 b']);
  });

  test('several Applications: a row each, and resources with their Application', () => {
    const names = ['one', 'two'];
    const text = summary({
      applications: names.map((application) =>
        result({
          application,
          changes: [change({ application })],
          conclusion: 'timeout',
          reason: 'degraded',
        }),
      ),
    });
    expect(text).toContain('2 Applications');
    for (const name of names) {
      expect(text).toContain(`| ⌛ <code>${name}</code><br>timed out, degraded |`);
      expect(text).toContain(`| <code>${name}</code> | 🟡 updated |`);
    }
  });

  test.each([
    ['nothing changed', { applications: [result({ changes: [] })] }, '### Nothing changed'],
    [
      'nothing seen',
      { applications: [], conclusion: 'failure', reason: 'unreachable' } as const,
      '## ❌ Argo CD: server not reached',
    ],
    ['partial', { applications: [result({ evidence: 'partial' })] }, 'evidence is partial'],
  ])('%s', (_, given, expected) => {
    expect(summary(given)).toContain(expected);
  });
});

describe('hostile text', () => {
  const HOSTILE =
    '|x|\n\n## <script>alert(1)</script> `@octocat` #77 [a](javascript:b) \u202e\x1b[31m</details>';
  const text = summary({
    message: HOSTILE,
    remedy: HOSTILE,
    conclusion: 'failure',
    applications: ['a', HOSTILE].map((application) =>
      result({
        application,
        conclusion: 'failure',
        revision: HOSTILE,
        revisions: [HOSTILE],
        syncStatus: HOSTILE,
        healthStatus: HOSTILE,
        operationPhase: HOSTILE,
        blockers: [{ subject: HOSTILE, message: HOSTILE }],
        changes: (['updated', 'hook', 'failed'] as const).map((each) =>
          change({
            group: HOSTILE,
            kind: HOSTILE,
            namespace: HOSTILE,
            name: HOSTILE,
            message: HOSTILE,
            phase: HOSTILE,
            hook: HOSTILE,
            application,
            change: each,
          }),
        ),
      }),
    ),
  });

  test.each(['<script', '@octocat', '#77', '](', '\u202e', '\x1b', '|x|', '</details>'])(
    'no %j',
    (bait) => {
      expect(text).not.toContain(bait);
    },
  );

  test('every row of a table has as many cells as its head', () => {
    const tables = text.split('\n\n').filter((part) => part.includes('| --- |'));
    expect(tables.length).toBeGreaterThan(3);
    for (const table of tables) {
      const cells = table
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .map((line) => line.split('|').length);
      expect(new Set(cells).size).toBe(1);
    }
  });
});

describe('limits', () => {
  test.each([
    ['5,000 resources', SUMMARY_BYTES, 'x'.repeat(100)],
    ['long messages', SUMMARY_BYTES, '🚀'.repeat(5_000)],
    ['hostile messages', SUMMARY_BYTES, '@'.repeat(100_000)],
    ['little room', 8_000, 'x'],
  ])('%s', (_, limit, message) => {
    const changes = changesOf(5000, { message });
    const filters = changes.map((_, i) => filter(`filter-${i}`));
    const text = summaryOf(report({ applications: [result({ changes })], filters }), limit);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
    expect(Buffer.byteLength(text)).toBeGreaterThan(limit * 0.8);
    expect(text).toMatch(/waited 12s<\/sub>\n$/);
    const rows = text.match(/^\| (?:🟡|<code>filter)/gm)?.length ?? 0;
    const left = [...text.matchAll(/_(\d+) more, left out/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    expect(rows + left).toBe(10_000);
  });

  test('a long table is folded', () => {
    const text = summary({ applications: [result({ changes: changesOf(26) })] });
    expect(text).toContain('<details><summary>26 rows</summary>\n\n| Change |');
  });
});
