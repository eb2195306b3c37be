import type { ApplicationResult, Reason } from '../core/result/vocabulary.js';
import type { Inputs } from '../inputs/types.js';

/** What to do about how the Applications ended, with YAML to paste. */
export function remedyFor(
  { conclusion, reason, rule }: Pick<ApplicationResult, 'conclusion' | 'reason' | 'rule'>,
  { source }: Pick<Inputs, 'source'>,
): string {
  if (rule === 'applicationset-not-generated' && conclusion === 'timeout') {
    return source === 'argocd' ? GENERATE_BEFORE : GENERATE;
  }
  if (rule === 'applicationset-absent' && reason === 'deleted') return CREATED_AGAIN;
  if (conclusion === 'timeout') return OF_TIMEOUTS[reason] ?? LONGER;
  if (conclusion !== 'failure') return '';
  // An event reports a sync that is over: there is nothing to start.
  if (reason === 'sync-failed') return source === 'event' ? FIX : `${FIX} ${SYNC_AGAIN}`;
  return OF_RULES.get(rule ?? '') ?? OF_FAILURES[reason] ?? '';
}

const FIX =
  'The job summary lists what failed and why. Fix it in Git and push; with auto-sync, the new commit will be synced on its own.';
const SYNC_AGAIN = `If the cause was temporary, sync again; this needs the patch verb on Applications:
with:
  trigger: sync`;

const LONGER = `The job summary lists what is in the way. If it only needs more time:
with:
  timeout: 20m`;

const FIX_SET = 'Fix what the ApplicationSet reports (`kubectl describe applicationset`)';

const GENERATE = `${FIX_SET}, or have its generators run at once, rather than every few minutes (needs \`patch\` on ApplicationSets):
with:
  trigger: refresh`;

/** The Argo CD API has no request for it. */
const GENERATE_BEFORE = `${FIX_SET}, or make its generators run again before this step, rather than every few minutes:
kubectl annotate applicationset NAME -n argocd argocd.argoproj.io/application-set-refresh=true`;

const CREATED_AGAIN = `If it will be created again, wait for that:
with:
  if-missing: wait`;

const OTHER_PATTERNS = `Compare the patterns with the resources that the Application has in Argo CD:
with:
  wait-resources: apps/Deployment/shop/web   # or Kind/namespace/name, or Kind/name`;

const NAME_IT = `Name the commit, not a branch:
with:
  revision: \${{ github.sha }}`;

const ALL_NAMESPACES = `Watch all namespaces; this needs the right to list and watch Applications in all of them:
with:
  application-namespace: '*'
  application: argocd/root   # the namespace and the name of the Application that manages the others`;

const SUSPENDED = `A rollout waits to be promoted, or a resource was suspended: promote or resume it. If Suspended is fine:
with:
  suspended: succeed`;

const DEGRADED = `The job summary lists what is not healthy; its events and logs say why. What was Degraded before the deployment has to be fixed by itself, or left out with \`wait-for: sync\`. If it needs more time to recover:
with:
  degraded-grace: 5m`;

const POD_FAILURE = `Fix it in Git and push; with auto-sync, the new commit will be synced on its own. If the container needs more tries before it starts:
with:
  degraded-grace: 5m   # or never; or pod-failures: wait`;

const NOT_AUTOMATED = `Sync it in Argo CD, or let this step do so; this needs the patch verb on Applications:
with:
  trigger: sync
To wait until someone syncs it: if-not-automated: wait`;

const SYNC_WINDOW = `Wait until the window lets auto-sync start, change it in the AppProject, or, where the window allows manual syncs, sync by hand in Argo CD. A window may block for hours: do not wait for it on a runner. An event starts the workflow after the sync:
with:
  source: event`;

/** What to do where a server did not answer. */
export const IN_REACH = `A private server needs a runner in its network. Behind a proxy, beside the step's \`with\`:
env:
  HTTPS_PROXY: http://proxy.example.com:3128`;

/** What to do where something cannot be read. */
export const UNKNOWN_SHAPE = 'This version may not know this version of Argo CD: please report it.';

const OF_TIMEOUTS: Readonly<Partial<Record<Reason, string>>> = {
  unreachable: `The step tried until the timeout. ${IN_REACH}`,
  missing: `Nothing created the Application in time (or, with \`min-applications\`, enough of them). If it only needs more time:
with:
  if-missing: wait
  timeout: 20m`,
  suspended: SUSPENDED,
  'sync-window': SYNC_WINDOW,
  degraded: DEGRADED,
  'comparison-error': `Fix what the condition in the job summary reports. After a fix outside of Git (credentials, a plugin), make Argo CD compare again; this needs the patch verb on Applications:
with:
  trigger: hard-refresh`,
};

/** Of failures whose reason does not say which input is wrong. */
const OF_RULES: ReadonlyMap<string, string> = new Map([
  ['out-of-sight', ALL_NAMESPACES],
  ['no-such-resource', OTHER_PATTERNS],
  ['ambiguous-name', NAME_IT],
]);

const OF_FAILURES: Readonly<Partial<Record<Reason, string>>> = {
  'internal-error': UNKNOWN_SHAPE,
  degraded: DEGRADED,
  'pod-failure': POD_FAILURE,
  'sync-window': SYNC_WINDOW,
  'not-automated': NOT_AUTOMATED,
  suspended: SUSPENDED,
  'auto-sync-refused':
    'Auto-sync will not try this revision again. Fix what it reports and push, or, if this is what you want, sync by hand in Argo CD.',
  deleted: `If it is meant to be deleted, wait for that:
with:
  wait-for: deletion
If it will be created again, wait for that with \`if-missing: wait\`.`,
};
