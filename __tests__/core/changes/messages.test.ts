import { describe, expect, test } from '@jest/globals';
import { type ApplyOutcome, applyOutcomes } from '../../../src/core/changes/messages.js';

const ALL: readonly ApplyOutcome[] = ['created', 'updated', 'unchanged'];
const MAYBE: readonly ApplyOutcome[] = ['updated', 'unchanged'];
const WEB = 'deployment.apps/web';
const ROLE = 'clusterrole.rbac.authorization.k8s.io/reader';
const RULES =
  '\tmissing rules added:\n\t\t{Verbs:[get] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}';
const NOT_ANNOTATED =
  'Warning: resource deployments/web is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is required by  apply.  apply should only be used on resources created declaratively by either  create --save-config or  apply. The missing annotation will be patched automatically.';
const NOT_MIGRATED =
  'Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply. This is non-fatal and will be retried next time you apply. Error: the object has been modified';
const REJECTED =
  'Warning: server rejected managed fields migration to Server-Side Apply. This is non-fatal and will be retried next time you apply. Error: timeout';
const NOT_APPLIED_AGAIN =
  'Warning: failed to re-apply configuration after performing Server-Side Apply migration. This is non-fatal and will be retried next time you apply. Error: timeout';
const DELETING = 'Warning: Detected changes to resource web which is currently being deleted.';

/** All that kubectl and Argo CD print of an object that they have not failed to apply. */
const MESSAGES: Readonly<Record<string, readonly (readonly [string, readonly ApplyOutcome[]])[]>> =
  {
    'kubectl apply': [
      [`${WEB} created`, ['created']],
      [`${WEB} unchanged`, ['unchanged']],
      [`${WEB} configured`, MAYBE],
      ['configmap/unchanged configured', MAYBE],
      ['configmap/created.configured unchanged', ['unchanged']],
      [`${WEB} configured. ${NOT_ANNOTATED}`, MAYBE],
      [`${WEB} unchanged. ${DELETING}`, ['unchanged']],
      [`${WEB} configured. ${NOT_ANNOTATED}\n${DELETING}`, MAYBE],
      [`${WEB} unchanged. warning: error calculating patch from openapi v3 spec: x`, ['unchanged']],
      [`${WEB} created. Warning: unknown field "spec.x"`, ['created']],
      [`Warning: spec.x: deprecated since v1.29; use y\n${WEB} created`, ['created']],
      [`Warning: this was configured and created\n${WEB} unchanged`, ['unchanged']],
      [`${WEB} unchanged\n`, ['unchanged']],
    ],
    'kubectl apply --server-side': [
      [`${WEB} serverside-applied`, ALL],
      [`${WEB} serverside-applied. ${NOT_MIGRATED}`, ALL],
      [`${WEB} serverside-applied. ${REJECTED}`, ALL],
      [`${WEB} serverside-applied. ${NOT_APPLIED_AGAIN}\n${DELETING}`, ALL],
      [`${ROLE} serverside-applied`, ALL],
    ],
    'kubectl create and replace': [
      [`${WEB} created`, ['created']],
      ['job.batch/once-x7k2p created', ['created']],
      [`${WEB} replaced`, MAYBE],
      [`${WEB} replaced. Warning: autoscaling/v2beta2 is deprecated. Use autoscaling/v2`, MAYBE],
      ['CustomResourceDefinition/widgets.lab.dev updated', MAYBE],
      ['Namespace/shop updated', MAYBE],
    ],
    'kubectl replace --force: deleted and created again': [
      [
        'job.batch "migrate" deleted from force-replace namespace\njob.batch/migrate replaced',
        ['updated'],
      ],
      ['job.batch "migrate" deleted\njob.batch/migrate replaced', ['updated']],
      ['job.batch "migrate" force deleted\njob.batch/migrate replaced', ['updated']],
      ['pod "web" force deleted from shop namespace\npod/web replaced', ['updated']],
      ['namespace "shop" deleted\nnamespace/shop replaced', ['updated']],
      ['job.batch "migrate" deleted\njob.batch/migrate created', ['updated']],
      [
        'job.batch "migrate" force deleted from shop namespace\njob.batch/migrate replaced. Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.',
        ['updated'],
      ],
      [
        'Warning: child pods are preserved by default when jobs are deleted\njob.batch "migrate" deleted from shop namespace\njob.batch/migrate replaced',
        ['updated'],
      ],
      ['job.batch "migrate" deleted from shop namespace', ALL],
      ['job.batch "migrate" was deleted by a person\njob.batch/migrate unchanged', ['unchanged']],
    ],
    'kubectl auth reconcile, then apply': [
      [`${ROLE} reconciled. reconciliation required create`, ['created']],
      [`${ROLE} reconciled. reconciliation required create\n${RULES}`, ['created']],
      // It has no rules to list. Argo CD 3.6.1 wrote this.
      [
        `${ROLE} reconciled. reconciliation required create${ROLE} configured. ${NOT_ANNOTATED}`,
        ['created'],
      ],
      [`${ROLE} reconciled. reconciliation required update${ROLE} unchanged`, ['updated']],
      [`${ROLE} reconciled. reconciliation required recreate${ROLE} configured`, ['updated']],
      [
        `${ROLE} reconciled. reconciliation required create\n${RULES}${ROLE} configured. ${NOT_ANNOTATED}`,
        ['created'],
      ],
      [`${ROLE} reconciled. reconciliation required update\n${RULES}`, ['updated']],
      [
        `${ROLE} reconciled. reconciliation required update\n${RULES}${ROLE} unchanged`,
        ['updated'],
      ],
      [`${ROLE} reconciled. reconciliation required recreate`, ['updated']],
      [`${ROLE} reconciled. reconciliation required something new`, ALL],
      [
        `${ROLE} reconciled. reconciliation required update, but object opted out (rbac.authorization.kubernetes.io/autoupdate: false)\n${RULES}${ROLE} configured`,
        MAYBE,
      ],
      [`${ROLE} reconciled. ${ROLE} configured`, MAYBE],
      [`${ROLE} reconciled. ${ROLE} unchanged`, ['unchanged']],
      [`${ROLE} reconciled. ${ROLE} unchanged. Warning: v1beta1 is deprecated`, ['unchanged']],
      [`${ROLE} reconciled${ROLE} unchanged`, ['unchanged']],
      [`${ROLE} reconciled${ROLE} configured`, MAYBE],
      [`${ROLE} reconciled`, MAYBE],
      [`${ROLE} unchanged`, ['unchanged']],
    ],
    'dry runs': [
      [`${WEB} created (dry run)`, ALL],
      [`${WEB} unchanged (server dry run)`, ALL],
      [`${WEB} configured (dry run)`, ALL],
      [`${WEB} serverside-applied (server dry run)`, ALL],
      [`${ROLE} reconciled (dry run). reconciliation required create`, ['created']],
    ],
    'what says nothing of an apply': [
      ['', ALL],
      ['web created', ALL],
      ['deployment "web" was created by somebody', ALL],
      ['successfully rolled out', ALL],
      ['Terminated', ALL],
      ['pruned', ALL],
      ['widget is ready', ALL],
      [`${WEB} constructor`, ALL],
      [`${WEB} is created`, ALL],
      ['/ created', ['created']],
    ],
  };

describe.each(Object.entries(MESSAGES))('%s', (_, rows) => {
  test.each(rows)('%j', (message, outcomes) => {
    expect(applyOutcomes(message)).toEqual(outcomes);
  });
});

/** As a template of Argo CD Notifications cuts: the first 60 characters and the last 59. */
function cut(message: string): string {
  return `${message.slice(0, 60)}…${message.slice(-59)}`;
}

describe('without its middle, a message says no more than what is left', () => {
  const LONG = 'role.rbac.authorization.k8s.io/the-reader-of-all';
  test.each<[string, readonly ApplyOutcome[]]>([
    [`${WEB} configured. ${NOT_ANNOTATED}`, MAYBE],
    [`${WEB} unchanged. ${NOT_ANNOTATED}`, ['unchanged']],
    [`${LONG} reconciled. reconciliation required update\n${RULES}${LONG} unchanged`, ALL],
    [`${LONG} reconciled. reconciliation required create\n${RULES}${LONG} unchanged`, ALL],
    [`role.rbac.authorization.k8s.io/r reconciled. reconciliation required update`, ['updated']],
    [`job.batch "m" deleted from shop namespace\njob.batch/m replaced. ${NOT_ANNOTATED}`, ALL],
    ['job.batch "m" deleted\njob.batch/m replaced. Warning: x', ['updated']],
  ])('%j', (message, outcomes) => {
    const short = message.length <= 119;
    expect(applyOutcomes(short ? message : cut(message), !short)).toEqual(outcomes);
  });

  test.each<[string, readonly ApplyOutcome[]]>([
    ['create', ['created']],
    ['update', ['updated']],
    ['recreate', ['updated']],
  ])('cut after the word that tells: %s', (word, outcomes) => {
    const message = `${ROLE} reconciled. reconciliation required ${word}\n\tmiss…x`;
    expect(applyOutcomes(message, true)).toEqual(outcomes);
  });

  test.each(['c', 'creat', 'recre', 'upd', ''])('cut within the word that tells: %j', (word) => {
    expect(applyOutcomes(`${ROLE} reconciled. reconciliation required ${word}…x`, true)).toEqual(
      ALL,
    );
  });
});
