/** The outputs that every run has; filters add `<filter>`, `<filter>-count`, `<filter>-resources`. */
export const FIXED_OUTPUTS = [
  'conclusion',
  'reason',
  'message',
  'changed',
  'changed-count',
  'resources',
  'matched',
  'filter-results',
  'matrix',
  'revision',
  'revisions',
  'sync-status',
  'health-status',
  'operation-phase',
  'images',
  'started-at',
  'finished-at',
  'duration-seconds',
  'evidence',
  'causes',
  'applications',
  'results-file',
] as const;

/** The outputs of a filter. */
export function outputNamesOf(filter: string): readonly [string, string, string] {
  return [filter, `${filter}-count`, `${filter}-resources`];
}
