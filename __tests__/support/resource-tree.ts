import type { KubeObject } from './api-server.ts';

/**
 * The answer of `resource-tree` for live objects: owners, and health and details of each kind as
 * Argo CD 3.x computes them (gitops-engine/pkg/health, controller/cache/info.go and
 * resource_customizations of argoproj/argo-cd). Kinds without an entry have no health.
 */
export function resourceTreeOf(objects: readonly KubeObject[]): { readonly nodes: object[] } {
  const byUid = new Map(objects.map((each) => [each.metadata.uid ?? '', each]));
  return { nodes: objects.filter(({ kind }) => kind !== 'Event').map((each) => node(each, byUid)) };
}

/** The warnings among live objects, by the uid of what they are about, as `events` answers. */
export function eventsIn(objects: readonly KubeObject[]) {
  const events = objects.filter(({ kind }) => kind === 'Event');
  return Object.fromEntries(
    Object.entries(Object.groupBy(events, (each) => String(at(each, 'involvedObject', 'uid')))),
  ) as Readonly<Record<string, KubeObject[]>>;
}

type Json = Readonly<Record<string, unknown>>;

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], value);
}

function listAt(value: unknown, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

function textAt(value: unknown, ...path: readonly string[]): string {
  return String(at(value, ...path) ?? '');
}

function numberAt(value: unknown, ...path: readonly string[]): number {
  return Number(at(value, ...path) ?? 0);
}

function node(object: KubeObject, byUid: ReadonlyMap<string, KubeObject>): object {
  const { apiVersion = 'v1', kind, metadata } = object;
  const parents = listAt(metadata, 'ownerReferences').flatMap(({ uid }) => {
    const parent = byUid.get(String(uid));
    return parent ? [identity(parent)] : [];
  });
  const revision = revisionOf(object);
  const info = kind === 'Pod' ? podInfo(object) : {};
  const items = { ...(revision === undefined ? {} : { Revision: `Rev:${revision}` }), ...info };
  const [status, message] = HEALTH[kind ?? '']?.(object) ?? [];
  return {
    ...identity({ ...object, apiVersion }),
    ...{ createdAt: metadata.creationTimestamp, resourceVersion: metadata.resourceVersion },
    ...(parents.length > 0 ? { parentRefs: parents } : {}),
    ...(status === undefined ? {} : { health: { status, ...(message ? { message } : {}) } }),
    info: Object.entries(items).map(([name, value]) => ({ name, value })),
    ...(kind === 'Pod'
      ? { networkingInfo: { labels: metadata.labels }, images: images(object) }
      : {}),
  };
}

function identity({ apiVersion = 'v1', kind, metadata }: KubeObject) {
  const [version, group] = apiVersion.split('/').reverse();
  const { namespace, name, uid } = metadata;
  return { ...(group === undefined ? {} : { group }), version, kind, namespace, name, uid };
}

function revisionOf({ metadata, ...rest }: KubeObject): unknown {
  const annotations = metadata.annotations ?? {};
  return (
    annotations['deployment.kubernetes.io/revision'] ??
    annotations['rollout.argoproj.io/revision'] ??
    rest['revision']
  );
}

type Health = readonly [status: string, message?: string] | undefined;

const HEALTH: Readonly<Record<string, (object: KubeObject) => Health>> = {
  Deployment: deployment,
  ReplicaSet: replicaSet,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Pod: podHealth,
  Job: job,
  PersistentVolumeClaim: (object) => CLAIMS[textAt(object, 'status', 'phase')] ?? ['Unknown'],
  Ingress: byAddress,
  Service: (object) =>
    at(object, 'spec', 'type') === 'LoadBalancer' ? byAddress(object) : ['Healthy'],
  HorizontalPodAutoscaler: scaler,
  Rollout: rollout,
  AnalysisRun: analysisRun,
};

const CLAIMS: Readonly<Record<string, Health>> = {
  Bound: ['Healthy'],
  Pending: ['Progressing'],
  Lost: ['Degraded'],
};

function condition(object: KubeObject, type: string): Json | undefined {
  return listAt(object, 'status', 'conditions').find((each) => each['type'] === type);
}

function waiting(what: string): Health {
  return ['Progressing', `Waiting for rollout to finish: ${what}...`];
}

function deployment(object: KubeObject): Health {
  const { name } = object.metadata;
  const wanted = numberAt(object, 'spec', 'replicas');
  const [all, updated, available] = ['replicas', 'updatedReplicas', 'availableReplicas'].map(
    (key) => numberAt(object, 'status', key),
  ) as [number, number, number];
  if (at(object, 'spec', 'paused') === true) return ['Suspended', 'Deployment is paused'];
  if (condition(object, 'Progressing')?.['reason'] === 'ProgressDeadlineExceeded')
    return ['Degraded', `Deployment "${name}" exceeded its progress deadline`];
  if (updated < wanted)
    return waiting(`${updated} out of ${wanted} new replicas have been updated`);
  if (all > updated) return waiting(`${all - updated} old replicas are pending termination`);
  if (available < updated)
    return waiting(`${available} of ${updated} updated replicas are available`);
  return ['Healthy'];
}

function replicaSet(object: KubeObject): Health {
  const failure = condition(object, 'ReplicaFailure');
  if (failure?.['status'] === 'True') return ['Degraded', textAt(failure, 'message')];
  const wanted = numberAt(object, 'spec', 'replicas');
  const available = numberAt(object, 'status', 'availableReplicas');
  if (available < wanted)
    return waiting(`${available} out of ${wanted} new replicas are available`);
  return ['Healthy'];
}

function statefulSet(object: KubeObject): Health {
  const left = numberAt(object, 'spec', 'replicas') - numberAt(object, 'status', 'readyReplicas');
  return left > 0 ? ['Progressing', `Waiting for ${left} pods to be ready...`] : ['Healthy'];
}

function daemonSet(object: KubeObject): Health {
  const wanted = numberAt(object, 'status', 'desiredNumberScheduled');
  const available = numberAt(object, 'status', 'numberAvailable');
  if (available >= wanted) return ['Healthy'];
  const set = `daemon set "${object.metadata.name}" rollout to finish`;
  return [
    'Progressing',
    `Waiting for ${set}: ${available} of ${wanted} updated pods are available...`,
  ];
}

function job(object: KubeObject): Health {
  const failed = condition(object, 'Failed');
  if (failed) return ['Degraded', textAt(failed, 'message')];
  return condition(object, 'Complete') ? ['Healthy'] : ['Progressing'];
}

function byAddress(object: KubeObject): Health {
  const addresses = listAt(object, 'status', 'loadBalancer', 'ingress');
  return [addresses.length > 0 ? 'Healthy' : 'Progressing'];
}

const BROKEN_SCALER =
  /^(FailedGet(Scale|\w+Metric)|FailedUpdateScale|FailedComputeMetricsReplicas|InvalidSelector)$/;

function scaler(object: KubeObject): Health {
  const conditions = listAt(object, 'status', 'conditions');
  const broken = conditions.find((each) => BROKEN_SCALER.test(textAt(each, 'reason')));
  if (broken) return ['Degraded', textAt(broken, 'message')];
  const works = conditions.find(
    (each) => each['type'] === 'AbleToScale' && each['status'] === 'True',
  );
  return works ? ['Healthy', textAt(works, 'message')] : ['Progressing', 'Waiting to Autoscale'];
}

function rollout(object: KubeObject): Health {
  const phase = textAt(object, 'status', 'phase');
  return [phase === 'Paused' ? 'Suspended' : phase, textAt(object, 'status', 'message')];
}

const ANALYSES: Readonly<Record<string, readonly [status: string, message: string]>> = {
  Running: ['Progressing', 'Analysis run is running'],
  Successful: ['Healthy', 'Analysis run completed successfully'],
  Failed: ['Degraded', 'Analysis run failed'],
  Error: ['Degraded', 'Analysis run had an error'],
  Inconclusive: ['Unknown', 'Analysis run was inconclusive'],
};

function analysisRun(object: KubeObject): Health {
  const told = ANALYSES[textAt(object, 'status', 'phase')];
  return told && [told[0], textAt(object, 'status', 'message') || told[1]];
}

const ERROR = /^Err|Error$|BackOff$/;

function podHealth(object: KubeObject): Health {
  const phase = textAt(object, 'status', 'phase');
  const message = textAt(object, 'status', 'message');
  const always = (at(object, 'spec', 'restartPolicy') ?? 'Always') === 'Always';
  const containers = listAt(object, 'status', 'containerStatuses');
  const bad = containers.filter((each) => ERROR.test(textAt(each, 'state', 'waiting', 'reason')));
  if (always && bad.length > 0) {
    const messages = bad.map((each) => textAt(each, 'state', 'waiting', 'message'));
    return ['Degraded', messages.join(', ')];
  }
  if (phase === 'Succeeded') return ['Healthy', message];
  if (phase === 'Failed') return ['Degraded', message || failMessage(object)];
  if (phase !== 'Running' || !always) return ['Progressing', message];
  if (condition(object, 'Ready')?.['status'] === 'True') return ['Healthy', message];
  const ended = containers.some((each) => at(each, 'lastState', 'terminated') !== undefined);
  return [ended ? 'Degraded' : 'Progressing', message];
}

function failMessage(object: KubeObject): string {
  const init = listAt(object, 'status', 'initContainerStatuses');
  const all = [...init, ...listAt(object, 'status', 'containerStatuses')];
  for (const each of all) {
    const said = textAt(each, 'state', 'terminated', 'message');
    if (said !== '') return said;
    if (textAt(each, 'state', 'terminated', 'reason') === 'OOMKilled') return 'OOMKilled';
    const code = numberAt(each, 'state', 'terminated', 'exitCode');
    if (code !== 0) return `container "${each['name']}" failed with exit code ${code}`;
  }
  return '';
}

function images(object: KubeObject): readonly string[] {
  const all = [
    ...listAt(object, 'spec', 'initContainers'),
    ...listAt(object, 'spec', 'containers'),
  ];
  return [...new Set(all.map((each) => textAt(each, 'image')))];
}

function podInfo(object: KubeObject): Readonly<Record<string, string>> {
  const containers = listAt(object, 'status', 'containerStatuses');
  const init = listAt(object, 'status', 'initContainerStatuses');
  const ready = [...init, ...containers].filter((each) => each['ready'] === true).length;
  const sidecars = listAt(object, 'spec', 'initContainers').filter(isSidecar).length;
  const restarts = [...init, ...containers].reduce(
    (sum, each) => sum + numberAt(each, 'restartCount'),
    0,
  );
  return {
    'Status Reason': statusReason(object),
    Node: textAt(object, 'spec', 'nodeName'),
    Containers: `${ready}/${listAt(object, 'spec', 'containers').length + sidecars}`,
    ...(restarts > 0 ? { 'Restart Count': String(restarts) } : {}),
  };
}

function isSidecar(container: Json): boolean {
  return container['restartPolicy'] === 'Always';
}

/** As kubectl prints it: the first init container that is not done, else the first container. */
function statusReason(object: KubeObject): string {
  const initial = textAt(object, 'status', 'reason') || textAt(object, 'status', 'phase');
  if (object.metadata.deletionTimestamp) return 'Terminating';
  const specs = listAt(object, 'spec', 'initContainers');
  for (const [i, each] of listAt(object, 'status', 'initContainerStatuses').entries()) {
    const sidecar = specs.some((spec) => spec['name'] === each['name'] && isSidecar(spec));
    const ended = at(each, 'state', 'terminated');
    if (ended && numberAt(ended, 'exitCode') === 0) continue;
    if (sidecar && each['started'] === true) continue;
    if (ended)
      return `Init:${textAt(ended, 'reason') || `ExitCode:${numberAt(ended, 'exitCode')}`}`;
    const reason = textAt(each, 'state', 'waiting', 'reason');
    if (reason !== '' && reason !== 'PodInitializing') return `Init:${reason}`;
    return `Init:${i}/${specs.length}`;
  }
  const reasons = listAt(object, 'status', 'containerStatuses').map((each) => {
    const ended = at(each, 'state', 'terminated');
    const code = ended ? `ExitCode:${numberAt(ended, 'exitCode')}` : '';
    return textAt(each, 'state', 'waiting', 'reason') || textAt(ended, 'reason') || code;
  });
  return reasons.find((each) => each !== '') ?? initial;
}
