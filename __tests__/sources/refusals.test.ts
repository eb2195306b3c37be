import { expect, test } from '@jest/globals';
import { TooLarge } from '../../src/http/limits.js';
import { TerminalError } from '../../src/platform/errors.js';
import { readAction } from '../../src/sources/argocd/applicationsets.js';
import {
  type ArgocdAction,
  refusal as argocdRefusal,
  LIST_ACTION,
} from '../../src/sources/argocd/refusals.js';
import type { ResourceAttributes } from '../../src/sources/kubernetes/rbac.js';
import { refusal as kubernetesRefusal } from '../../src/sources/kubernetes/refusals.js';

const SERVER = 'the server';

function answered(status: number) {
  return { status, type: '', retryAfter: '', location: '', body: '{"message":"no"}' };
}

function remedyIn(error: Error): string {
  if (!(error instanceof TerminalError)) throw error;
  return error.remedy;
}

/** What would not help is not advised. */
const NOTHING = /^$/;

test.each<[number, ResourceAttributes['verb'], string, string | undefined, RegExp]>([
  [400, 'list', 'applications', undefined, /^Check the input selector/],
  [400, 'list', 'pods', undefined, NOTHING],
  [404, 'patch', 'applications', 'shop', /if-missing: wait/],
  [404, 'get', 'pods/log', 'web-1', NOTHING],
])('the Kubernetes API answers %d to %s %s', (status, verb, resource, name, remedy) => {
  const namespace = 'argocd';
  const attributes = { verb, group: '', resource, namespace, ...(name ? { name } : {}) };
  expect(remedyIn(kubernetesRefusal(answered(status), attributes, SERVER))).toMatch(remedy);
});

const ONE: ArgocdAction = { action: 'get', what: 'argocd/shop', object: 'default/shop' };

test.each<[string, number, ArgocdAction, RegExp]>([
  ['a list', 400, LIST_ACTION, /^Check `selector`/],
  ['one Application, or a part of it', 400, ONE, NOTHING],
  ['an ApplicationSet', 400, readAction({ namespace: 'argocd', name: 's' }, undefined), NOTHING],
  ['a sync', 400, { ...ONE, action: 'sync' }, /trigger: refresh/],
  ['one Application below a root path', 404, ONE, /--rootpath/],
])('the Argo CD API answers to %s with %d', (_, status, action, remedy) => {
  expect(remedyIn(argocdRefusal(answered(status), action, SERVER))).toMatch(remedy);
});

test.each([
  ['list', /fewer Applications at a time/],
  ['answer', /^Check that this is the server that was meant\.$/],
  ['log', /log-lines: 20/],
] as const)('of %s there is more than the limit', (kind, remedy) => {
  expect(new TooLarge(SERVER, kind, 1024).remedy).toMatch(remedy);
});
