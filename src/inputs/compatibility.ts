import { isLiteral } from '../core/filters/globs.js';
import { quoted } from '../core/filters/parsed.js';
import { HIDDEN } from '../platform/errors.js';
import { isLoopback } from '../platform/urls.js';
import { serverShown } from './access.js';
import type { InputName } from './defaults.js';
import type { Reader } from './reader.js';
import type { Inputs } from './types.js';

/** What belongs to a source, and what it cannot obey: refused, never ignored. */
export function checkSource(reader: Reader, inputs: Inputs): void {
  const { source, argocdServer, report, waitFor } = inputs;
  if (source === 'argocd') {
    requireArgocdServer(reader);
    refuseGiven(reader, CLUSTER_ACCESS, NOT_CLUSTER);
    if (reader.text('argocd-token') !== '') refuseGiven(reader, ['oidc-audience'], WITH_TOKEN);
  } else if (reader.text('argocd-server') === '') {
    refuseGiven(reader, ['argocd-token', 'argocd-connector'], NO_SERVER);
  }
  if (reader.text('argocd-token') !== '') refuseGiven(reader, ['argocd-connector'], WITH_TOKEN);
  refusePlainHttp(reader, source, argocdServer);
  if (source === 'event') refuseOfEvents(reader);
  if (waitFor.includes('deletion') && report.includes('deployment')) {
    reader.refuse('report', `${quoted(reader.text('report'))} ${NO_DEPLOYMENT}`);
  }
}

const CLUSTER_ACCESS: readonly InputName[] = ['kubeconfig', 'context', 'server', 'token'];
const NO_SERVER = 'is given without argocd-server: add the URL of the Argo CD server, or remove it';
const WITH_TOKEN =
  'is given together with argocd-token, which needs no login: remove one of the two';
const NOT_CLUSTER =
  'is access to a cluster, which source: argocd does not use: remove it, or set source: cluster';
const NO_LABELS =
  'asks for labels, which an event does not tell: use application, or a condition in the workflow';
const NO_TRIGGER =
  'cannot be used with source: event, whose operation has ended: accepted is only none';
const NO_HISTORY =
  'is given with source: event, which tells one operation and no history: remove it, or use source: cluster';
const NO_DEPLOYMENT =
  'names deployment with wait-for: deletion, which deploys nothing: remove deployment from it';
const ONE_EVENT = 'with source: event, which is about one Application: accepted is 1';
const NO_CHILDREN_OF_EVENTS =
  'is given with source: event, which is about one Application: remove it, or use source: cluster';
const NO_CHILDREN_LEFT =
  'is given with wait-for: deletion, after which nothing says what was managed: remove it, and name the Applications by application';
const NO_IMAGES =
  'is waited for, and source: event waits for nothing: remove it, or use image in filters';
const NOT_DELETED =
  'is given with wait-for: deletion, after which nothing runs: remove one of them';
const NO_SINCE =
  'is given with image, which looks for the deployments that brought it: remove one of the two';
const NO_KUBECONFIG =
  "is given without kubeconfig: source: event uses no access of the runner's own, add kubeconfig or remove it";

function refuseGiven(reader: Reader, names: readonly InputName[], problem: string): void {
  for (const name of names) {
    const value = reader.text(name);
    if (value !== '') reader.refuse(name, `${shown(name, value)} ${problem}`);
  }
}

function shown(name: InputName, value: string): string {
  if (['kubeconfig', 'token', 'argocd-token'].includes(name)) return HIDDEN;
  return name === 'server' ? serverShown(value.trim()) : quoted(value);
}

function requireArgocdServer(reader: Reader): void {
  if (reader.text('argocd-server') !== '') return;
  const remedy = 'give the URL of the Argo CD server, such as https://argocd.example.com';
  reader.refuse('argocd-server', `"" is empty with source: argocd: ${remedy}`);
}

/** For links any address will do. */
function refusePlainHttp(reader: Reader, source: Inputs['source'], server: string): void {
  const asked =
    source === 'argocd' || reader.text('argocd-token') + reader.text('argocd-connector') !== '';
  const url = server === '' ? undefined : new URL(server);
  if (asked && url?.protocol === 'http:' && !isLoopback(url.hostname)) {
    const problem = 'is plain http, in which the token would travel in the clear';
    reader.refuse('argocd-server', `${quoted(server)} ${problem}: accepted is https://`);
  }
}

/** An ApplicationSet says by itself which Applications those are, and where. */
export function checkApplicationSets(reader: Reader, inputs: Inputs): void {
  const { applicationSets, applicationNamespace, source, waitFor } = inputs;
  if (applicationSets.length === 0) return;
  const given = quoted(reader.text('applicationset'));
  const also = (['application', 'selector'] as const).find((each) => reader.text(each) !== '');
  if (also) reader.refuse('applicationset', `${given} is given together with ${also}: ${ONE_OF}`);
  if (source === 'event') reader.refuse('applicationset', `${given} is given ${ONE_EVENT_OF}`);
  if (waitFor.includes('deletion')) reader.refuse('applicationset', `${given} ${NOT_FOR_DELETION}`);
  const bare = applicationSets.find((each) => !each.includes('/'));
  if (bare && applicationNamespace === '*') {
    reader.refuse('applicationset', `${quoted(bare)} ${NO_NAMESPACE}`);
  }
}

const ONE_OF = 'remove one of the two, or use two steps';
const ONE_EVENT_OF =
  'with source: event, which is about one Application and does not tell what generates it: use application';
const NOT_FOR_DELETION =
  'is given with wait-for: deletion, which needs names: use application, with globs such as shop-*';
const NO_NAMESPACE =
  'has no namespace with application-namespace: *: write namespace/name of the ApplicationSet';

/** Names without a glob match one Application each, so more of them can never be found. */
export function checkCount(reader: Reader, inputs: Inputs): void {
  const { applications, minApplications, source } = inputs;
  const given = quoted(String(minApplications));
  if (source === 'event') {
    if (minApplications > 1) reader.refuse('min-applications', `${given} is given ${ONE_EVENT}`);
    return;
  }
  if (applications.length === 0 || applications.length >= minApplications) return;
  if (!applications.every(isLiteral)) return;
  const most = `application names only ${applications.length}`;
  const remedy = 'use globs or a selector, or a lower count';
  reader.refuse('min-applications', `${given} can never match, as ${most}: ${remedy}`);
}

/** An event is about one Application, and deletion leaves nothing that would tell what it managed. */
export function checkChildren(reader: Reader, { children, source, waitFor }: Inputs): void {
  if (!children) return;
  if (source === 'event') reader.refuse('children', `"true" ${NO_CHILDREN_OF_EVENTS}`);
  else if (waitFor.includes('deletion')) reader.refuse('children', `"true" ${NO_CHILDREN_LEFT}`);
}

export function checkImages(reader: Reader, { waitFor, source }: Inputs): void {
  if (reader.text('image') !== '' && source !== 'event') refuseGiven(reader, ['since'], NO_SINCE);
  if (source === 'event') refuseGiven(reader, ['image'], NO_IMAGES);
  else if (waitFor.includes('deletion')) refuseGiven(reader, ['image'], NOT_DELETED);
}

function refuseOfEvents(reader: Reader): void {
  refuseGiven(reader, ['selector'], NO_LABELS);
  refuseGiven(reader, ['since'], NO_HISTORY);
  const trigger = reader.text('trigger').trim();
  if (['refresh', 'hard-refresh', 'sync'].includes(trigger)) {
    reader.refuse('trigger', `${quoted(trigger)} is given ${NO_TRIGGER}`);
  }
  if (reader.text('context') !== '' && reader.text('kubeconfig') + reader.text('server') === '') {
    reader.refuse('context', `${quoted(reader.text('context'))} ${NO_KUBECONFIG}`);
  }
}
