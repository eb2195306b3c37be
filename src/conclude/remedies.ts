import type { Conclusion, Reason } from '../core/result/vocabulary.js';
import type { Inputs } from '../inputs/types.js';

/** What a person may do about an end that the Applications came to, with YAML to paste. */
export function remedyFor(
  { conclusion, reason }: { readonly conclusion: Conclusion; readonly reason: Reason },
  { source, waitResources }: Pick<Inputs, 'source' | 'waitResources'>,
): string {
  if (conclusion === 'timeout') return OF_TIMEOUTS[reason] ?? LONGER;
  if (conclusion !== 'failure') return '';
  if (reason === 'invalid-input') return waitResources.length > 0 ? OTHER_PATTERNS : NAME_IT;
  // An event is told after the sync: there is nothing to begin.
  if (reason === 'sync-failed') return source === 'event' ? MEND : `${MEND} ${SYNC_AGAIN}`;
  return OF_FAILURES[reason] ?? '';
}

const MEND =
  'The job summary lists what failed and what was said of it. Mend it in Git and push: the new commit gets a sync of its own.';
const SYNC_AGAIN = `If it failed for a passing reason, sync once more; it needs patch on Applications:
with:
  trigger: sync`;

const LONGER = `The job summary lists what is in the way. If it only takes longer:
with:
  timeout: 20m`;

const OTHER_PATTERNS = `Compare the patterns with the resources that the Application has in Argo CD:
with:
  wait-resources: apps/Deployment/shop/web   # or Kind/namespace/name, or Kind/name`;

const NAME_IT = `Name the commit, not a branch:
with:
  revision: \${{ github.sha }}`;

const SUSPENDED = `A rollout waits for somebody to promote it, or a resource was suspended: resume it. If that is as it should be:
with:
  suspended: succeed`;

const DEGRADED = `The job summary lists what is not healthy; its events and logs say why. If it may be Degraded for longer before it recovers:
with:
  degraded-grace: 5m`;

/** What to do where a server did not answer. */
export const IN_REACH = `A private server needs a runner in its network. Behind a proxy, beside the step's \`with\`:
env:
  HTTPS_PROXY: http://proxy.example.com:3128`;

/** What to do where something cannot be read. */
export const UNKNOWN_SHAPE = 'This version may not know this version of Argo CD: please report it.';

const OF_TIMEOUTS: Readonly<Partial<Record<Reason, string>>> = {
  unreachable: `It was tried until the timeout. ${IN_REACH}`,
  missing: `Nothing made the Application in time. If it only takes longer:
with:
  if-missing: wait
  timeout: 20m`,
  suspended: SUSPENDED,
  degraded: DEGRADED,
  'comparison-error': `Mend what the condition in the job summary says. After a repair outside of Git (credentials, a plugin), make Argo CD look anew; it needs patch on Applications:
with:
  trigger: hard-refresh`,
};

const OF_FAILURES: Readonly<Partial<Record<Reason, string>>> = {
  'internal-error': UNKNOWN_SHAPE,
  degraded: DEGRADED,
  suspended: SUSPENDED,
  'auto-sync-refused':
    'Auto-sync does not try this revision again. Mend what it says and push, or, if this is what you want, sync by hand in Argo CD.',
  deleted: `If it is meant to go, wait for that:
with:
  wait-for: deletion
If it is made anew, wait for that with \`if-missing: wait\`.`,
};
