import { parseApplication } from '../../../src/core/application/parse.js';
import type { Application } from '../../../src/core/application/types.js';

/** Commits, oldest first. */
export const A = 'a'.repeat(40);
export const B = 'b'.repeat(40);
export const C = 'c'.repeat(40);
export const D = 'd'.repeat(40);

/** Names of resources, as `group/Kind/namespace/name`. */
export const WEB = 'apps/Deployment/shop/web';
export const API = 'apps/Deployment/shop/api';
export const SETTINGS = '/ConfigMap/shop/settings';
export const KEEP = '/ConfigMap/shop/keep';

export type Json = Readonly<Record<string, unknown>>;

const EPOCH = Date.parse('2026-03-01T12:00:00Z');

/** Second 0 of all stories, by the cluster's clock. */
export function serverTime(seconds: number): number {
  return EPOCH + seconds * 1000;
}

/** A time of a story as Kubernetes writes it: whole seconds. */
export function time(seconds: number): string {
  return `${new Date(serverTime(Math.floor(seconds))).toISOString().slice(0, 19)}Z`;
}

/** What an Application looks like at one moment. Times are seconds of the story. */
export interface Look {
  readonly name?: string;
  readonly uid?: string;
  readonly version?: number | string;
  readonly deleting?: boolean;
  readonly refreshing?: boolean;
  /** The compared revision, or those of several sources. */
  readonly at?: string | readonly string[];
  readonly sync?: string;
  readonly health?: string;
  readonly healthSince?: number;
  readonly healthMessage?: string;
  readonly reconciled?: number;
  /** false: no auto-sync. */
  readonly automated?: false | Json;
  readonly sources?: readonly Json[];
  readonly hydrated?: Json;
  readonly resources?: readonly string[];
  readonly operation?: Json;
  readonly requested?: Json;
  readonly history?: readonly Json[];
  /** `Type: message` */
  readonly conditions?: readonly string[];
  readonly images?: readonly string[];
  /** Name of the ApplicationSet that owns it. */
  readonly applicationSet?: string;
  /** `spec.ignoreDifferences` */
  readonly ignored?: readonly Json[];
}

/** An Application, built as JSON on the wire and read as the action reads it. */
export function app(look: Look = {}): Application {
  return parseApplication(wire(look));
}

export const SOURCE: Json = {
  repoURL: 'https://github.com/acme/shop.git',
  targetRevision: 'main',
  path: 'deploy',
};

/** The wire form of a look; by default settled at A since second -100. */
export function wire(look: Look = {}): Json {
  const { sources = [SOURCE], automated = { prune: true, selfHeal: true } } = look;
  const several = sources.length > 1 || Array.isArray(look.at);
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      namespace: 'argocd',
      name: look.name ?? 'shop',
      uid: look.uid ?? 'uid-1',
      resourceVersion: String(look.version ?? 1),
      ...(look.deleting ? { deletionTimestamp: time(0) } : {}),
      ...(look.applicationSet
        ? { ownerReferences: [{ kind: 'ApplicationSet', name: look.applicationSet }] }
        : {}),
      ...(look.refreshing ? { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } : {}),
    },
    spec: {
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      ...(several ? { sources } : { source: sources[0] }),
      ...(look.hydrated ? { sourceHydrator: { drySource: sources[0] } } : {}),
      syncPolicy: automated === false ? {} : { automated },
      ...(look.ignored ? { ignoreDifferences: look.ignored } : {}),
    },
    ...(look.requested ? { operation: look.requested } : {}),
    status: status(look, sources),
  };
}

function status(look: Look, sources: readonly Json[]): Json {
  const { at = A, sync = 'Synced', health = 'Healthy', reconciled = -100 } = look;
  const { resources = [`Synced ${SETTINGS}`, `Synced ${WEB}`], history = [deployed(A, -110)] } =
    look;
  return {
    sync: { status: sync, ...revisions(at), comparedTo: comparedTo(at, sources) },
    health: {
      status: health,
      ...(look.healthMessage === undefined ? {} : { message: look.healthMessage }),
      lastTransitionTime: time(look.healthSince ?? -100),
    },
    reconciledAt: time(reconciled),
    resources: resources.map(compared),
    history,
    ...(look.operation ? { operationState: look.operation } : {}),
    ...(look.hydrated ? { sourceHydrator: look.hydrated } : {}),
    conditions: (look.conditions ?? []).map((each) => {
      const [type, message] = each.split(/: (.*)/s);
      return { type, message, lastTransitionTime: time(0) };
    }),
    summary: { images: look.images ?? [] },
  };
}

function revisions(at: string | readonly string[]): Json {
  return typeof at === 'string' ? { revision: at } : { revision: '', revisions: at };
}

function comparedTo(at: string | readonly string[], sources: readonly Json[]): Json {
  return typeof at === 'string' ? { source: sources[0] } : { sources };
}

function named(name: string): Json {
  const [group = '', kind, namespace = '', last] = name.split('/');
  return {
    ...(group === '' ? {} : { group }),
    kind,
    ...(namespace === '' ? {} : { namespace }),
    name: last,
    version: 'v1',
  };
}

/** `Synced apps/Deployment/shop/web`, then in any order a health, `prune`, `hook`, `wave=2`. */
function compared(text: string): Json {
  const [status, name = '', ...words] = text.split(' ');
  const wave = words.find((each) => each.startsWith('wave='))?.slice('wave='.length);
  const health = words.find((each) => /^[A-Z]/.test(each));
  return {
    ...named(name),
    status,
    ...(health === undefined ? {} : { health: { status: health, message: `${health} it is` } }),
    ...(words.includes('prune') ? { requiresPruning: true } : {}),
    ...(words.includes('hook') ? { hook: true } : {}),
    ...(wave === undefined ? {} : { syncWave: Number(wave) }),
  };
}

/** An entry of `status.history`. */
export function deployed(
  at: string | readonly string[],
  from: number,
  to = from + 2,
  source = SOURCE,
): Json {
  return {
    ...revisions(at),
    source,
    id: 1,
    deployStartedAt: time(from),
    deployedAt: time(to),
  };
}

export interface Sync {
  readonly at?: string | readonly string[];
  readonly selective?: boolean;
  readonly dryRun?: boolean;
  /** By a person, not by auto-sync. */
  readonly manual?: boolean;
  readonly limit?: number;
  readonly options?: readonly string[];
}

/** `operation`: what is asked for. */
export function request({ at = B, selective, dryRun, manual, limit, options }: Sync = {}): Json {
  return {
    initiatedBy: manual ? { username: 'somebody' } : { automated: true },
    ...(limit === undefined ? {} : { retry: { limit } }),
    sync: {
      ...revisions(at),
      ...(selective ? { resources: [{ kind: 'Deployment', group: 'apps', name: 'web' }] } : {}),
      ...(dryRun ? { dryRun } : {}),
      ...(options ? { syncOptions: options } : {}),
    },
  };
}

export interface Run extends Sync {
  readonly phase?: string;
  readonly from?: number;
  /** Set between attempts too; by default two seconds after the start of what has ended. */
  readonly to?: number;
  readonly retry?: number;
  readonly message?: string;
  readonly results?: readonly Json[];
  /** The revision in `syncResult`; empty: there is no result yet. */
  readonly result?: string;
}

/** `status.operationState`. */
export function operation(run: Run = {}): Json {
  const { phase = 'Succeeded', from = 1, at = B, results = [], retry } = run;
  const ended = phase !== 'Running' && phase !== 'Terminating';
  const to = run.to ?? (ended ? from + 2 : undefined);
  const shown = run.result === undefined ? revisions(at) : { revision: run.result };
  return {
    operation: request(run),
    phase,
    startedAt: time(from),
    ...(to === undefined ? {} : { finishedAt: time(to) }),
    ...(retry === undefined ? {} : { retryCount: retry }),
    ...(run.message === undefined ? {} : { message: run.message }),
    ...(run.result === '' ? {} : { syncResult: { ...shown, resources: results } }),
  };
}

/** A result with what `kubectl apply` says: `deployment.apps/web configured`. */
export function applied(name: string, verb: string, more: Json = {}): Json {
  const [group = '', kind = '', , last] = name.split('/');
  const place = `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${last}`;
  return result(name, 'Synced', `${place} ${verb}`, more);
}

export function result(name: string, status: string, message: string, more: Json = {}): Json {
  return { ...named(name), status, message, syncPhase: 'Sync', ...more };
}

export function hook(name: string, type: string, phase: string, message = ''): Json {
  return result(name, 'Synced', message, { hookType: type, hookPhase: phase, syncPhase: type });
}
