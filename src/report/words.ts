import type { ChangeClass, Conclusion, Reason } from '../core/result/vocabulary.js';

/** How a conclusion looks. */
export const CONCLUSION_ICONS: Readonly<Record<Conclusion, string>> = {
  success: '✅',
  failure: '❌',
  timeout: '⌛',
  cancelled: '🛑',
  skipped: '⏭️',
};

/** How a class of change looks. */
export const CHANGE_ICONS: Readonly<Record<ChangeClass, string>> = {
  created: '🟢',
  updated: '🟡',
  unchanged: '⚪',
  pruned: '🔴',
  skipped: '⏭️',
  failed: '❌',
  hook: '🪝',
};

const TITLES: Readonly<Record<Reason, string>> = {
  synced: 'synced',
  'no-change': 'nothing to sync',
  superseded: 'superseded by a later revision',
  'sync-failed': 'sync failed',
  degraded: 'degraded',
  'pod-failure': 'a container cannot start',
  'sync-window': 'a sync window blocks it',
  'not-automated': 'auto-sync is off',
  'auto-sync-refused': 'auto-sync refused',
  'comparison-error': 'comparison failed',
  missing: 'not found',
  deleted: 'deleted',
  suspended: 'suspended',
  unauthorized: 'credentials refused',
  forbidden: 'access forbidden',
  unreachable: 'server not reached',
  truncated: 'event without its resources',
  'dry-run': 'dry run',
  'other-application': 'an event of another Application',
  'operation-running': 'operation still running',
  timeout: 'timed out',
  cancelled: 'cancelled',
  'invalid-input': 'invalid input',
  'internal-error': 'internal error',
};

/** How it ended, in a few words. */
export function titleOf(end: { readonly conclusion: Conclusion; readonly reason: Reason }): string {
  const title = TITLES[end.reason];
  return end.conclusion === 'timeout' && end.reason !== 'timeout' ? `timed out, ${title}` : title;
}

/** `1h 2m 3s` */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return `${h}h ${m}m ${s}s`;
  return m > 0 ? `${m}m ${s}s` : `${s}s`;
}

/** `Deployment/web, container main` */
export function logTitle(subject: string, container: string): string {
  return container === '' ? subject : `${subject}, container ${container}`;
}
