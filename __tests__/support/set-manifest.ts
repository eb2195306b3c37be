import type { KubeObject } from './api/store.ts';

/** What matters of an ApplicationSet; the rest is as after a successful reconcile. */
export interface SetLook {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  /** When its spec was written (RFC 3339). */
  readonly specWrittenAt?: string;
  readonly deleting?: boolean;
  readonly refreshing?: boolean;
  /** `none`: it was not reconciled yet. */
  readonly state?: 'generated' | 'generating' | 'none' | { readonly error: string };
  /** `status.resources`, by their names. */
  readonly applications?: readonly string[];
  /** `maxUpdate` of the steps of a RollingSync; `''`: not set. */
  readonly steps?: readonly (string | number)[];
  readonly rollout?: readonly SetRollout[];
}

export type SetRollout = readonly [
  application: string,
  status: string,
  step: string,
  revision: string,
];

/** An ApplicationSet as the API has it. */
export function setManifest(look: SetLook = {}): KubeObject {
  const { name = 'shops', namespace = 'argocd', uid = `uid-${name}`, generation = 1 } = look;
  const { specWrittenAt, applications = ['set-dev'], rollout = [], steps } = look;
  const written = { manager: 'kubectl', fieldsV1: { 'f:spec': {} }, time: specWrittenAt };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: {
      ...{ name, namespace, uid, generation },
      ...(specWrittenAt ? { managedFields: [written] } : {}),
      ...(look.deleting ? { deletionTimestamp: '2026-03-01T12:00:00Z' } : {}),
      ...(look.refreshing
        ? { annotations: { 'argocd.argoproj.io/application-set-refresh': 'true' } }
        : {}),
    },
    spec: {
      template: { spec: { project: 'default' } },
      ...(steps
        ? {
            strategy: {
              type: 'RollingSync',
              rollingSync: {
                steps: steps.map((maxUpdate) => (maxUpdate === '' ? {} : { maxUpdate })),
              },
            },
          }
        : {}),
    },
    status: {
      conditions: conditionsOf(look.state ?? 'generated'),
      resources: applications.map((each) => ({ kind: 'Application', name: each, namespace })),
      applicationStatus: rollout.map(([application, status, step, revision]) => ({
        ...{ application, status, step, targetRevisions: [revision], message: '' },
      })),
    },
  };
}

function conditionsOf(state: NonNullable<SetLook['state']>): readonly object[] {
  if (state === 'none') return [];
  const failed = typeof state === 'object';
  const done = state === 'generated';
  const reason = failed ? 'ApplicationValidationError' : 'ApplicationSetUpToDate';
  const message = failed ? state.error : 'All applications have been generated successfully';
  const condition = (type: string, is: boolean) => ({
    ...{ type, status: is ? 'True' : 'False', reason, message },
    lastTransitionTime: '2026-03-01T12:00:00Z',
  });
  return [condition('ErrorOccurred', failed), condition('ResourcesUpToDate', done)];
}
