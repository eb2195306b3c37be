import { shortRevision } from './core/verdict.js';
import type { Status } from './report/progress.js';
import { nameOf } from './selection.js';
import type { Waits } from './wait.js';

/** Where every Application stands, for the progress. */
export function statusesOf(waits: Waits, applicationNamespace: string): readonly Status[] {
  return [...waits].map(([key, { state, verdict }]) => {
    const { application, presence } = state;
    const shown = presence === 'present' ? application : undefined;
    return {
      application: nameOf(key, applicationNamespace),
      phase: shown?.operation?.phase ?? '',
      sync: shown?.comparison.status ?? '',
      health: shown?.health.status ?? '',
      revision: shown ? shortRevision(shown.comparison.revisions) : '',
      waitsFor: verdict.kind === 'done' ? '' : verdict.what,
      done: verdict.kind === 'done',
    };
  });
}
