import type { Filter } from '../../src/core/filters/filter.js';
import type { ApplicationResult, Change } from '../../src/core/result/vocabulary.js';
import type { Log } from '../../src/platform/log.js';
import type { Report } from '../../src/report/report.js';

export function change(given: Partial<Change> = {}): Change {
  return {
    application: 'shop',
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web',
    change: 'updated',
    evidence: 'compared',
    message: 'deployment.apps/web configured',
    images: ['registry.example.com/shop/web:1.1.0'],
    phase: '',
    ...given,
  };
}

export function result(given: Partial<ApplicationResult> = {}): ApplicationResult {
  return {
    application: 'shop',
    conclusion: 'success',
    reason: 'synced',
    message: 'shop is deployed',
    revision: 'c3b0a1ca0659caeb106979446f11ad9220de841f',
    revisions: ['c3b0a1ca0659caeb106979446f11ad9220de841f'],
    syncStatus: 'Synced',
    healthStatus: 'Healthy',
    operationPhase: 'Succeeded',
    startedAt: '2026-11-21T07:00:00Z',
    finishedAt: '2026-11-21T07:00:12Z',
    changes: [change()],
    evidence: 'complete',
    blockers: [],
    causes: [],
    summaryImages: [],
    ...given,
  };
}

export function filter(name: string, given: Partial<Filter> = {}): Filter {
  return { name, patterns: [], ...given };
}

/** A report whose `matched` is given as an object-like list. */
export function report(given: Partial<Report> = {}): Report {
  return {
    conclusion: 'success',
    reason: 'synced',
    message: 'shop is deployed',
    remedy: '',
    applications: [result()],
    filters: [],
    matched: new Map(),
    changes: ['created', 'updated', 'pruned'],
    fieldValues: false,
    waitedMs: 12_340,
    ...given,
  };
}

/** So many changes of one Application, each a resource of its own. */
export function changesOf(count: number, given: Partial<Change> = {}): readonly Change[] {
  return Array.from({ length: count }, (_, i) => change({ name: `web-${i}`, ...given }));
}

/** A log that remembers: each entry as its level and text. */
export function memory(): { readonly log: Log; readonly said: string[] } {
  const said: string[] = [];
  const at = (level: string) => (text: string) => void said.push(`${level}: ${text}`);
  const group = (title: string, lines: readonly string[]) =>
    void said.push(`group: ${title}`, ...lines);
  return {
    said,
    log: {
      info: at('info'),
      debug: at('debug'),
      notice: at('notice'),
      warning: at('warning'),
      error: at('error'),
      group,
    },
  };
}
