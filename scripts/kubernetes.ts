/** A real Kubernetes API server, as the bench and the end-to-end tests write to it. */
import type { KubeObject } from '../__tests__/support/api/store.ts';
import { type Ask, ask } from '../__tests__/support/client.ts';

export const GROUP = 'argoproj.io';
export const VERSION = 'v1alpha1';

/** A kind of Argo's, as its projects define it. */
export interface Kind {
  readonly kind: string;
  readonly plural: string;
  /** Its status is a subresource: written by requests of its own, and without a new generation. */
  readonly hasStatus: boolean;
}

/** By manifests/crds of argoproj/argo-cd and argoproj/argo-rollouts. */
export const APPLICATION: Kind = {
  kind: 'Application',
  plural: 'applications',
  hasStatus: false,
};

export const KINDS: readonly Kind[] = [
  APPLICATION,
  { kind: 'ApplicationSet', plural: 'applicationsets', hasStatus: true },
  { kind: 'AppProject', plural: 'appprojects', hasStatus: false },
  { kind: 'Rollout', plural: 'rollouts', hasStatus: true },
  { kind: 'AnalysisRun', plural: 'analysisruns', hasStatus: false },
];

/** @throws Error for a kind that is not in `KINDS` */
export function kindOf(name: string | undefined): Kind {
  const found = KINDS.find(({ kind }) => kind === name);
  if (!found) throw new Error(`${name} is not one of ${KINDS.map(({ kind }) => kind).join(', ')}.`);
  return found;
}

/** The CustomResourceDefinition of a kind, for which anything goes. */
export function definitionOf({ kind, plural, hasStatus }: Kind): KubeObject {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = {
    ...{ name: VERSION, served: true, storage: true, schema: { openAPIV3Schema } },
    ...(hasStatus ? { subresources: { status: {} } } : {}),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      ...{ group: GROUP, scope: 'Namespaced', versions: [version] },
      names: { plural, singular: kind.toLowerCase(), kind },
    },
  };
}

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Path of the objects of a resource in a namespace. @param group `v1`, `apps/v1` */
export function pathOf(group: string, namespace: string, plural: string): string {
  return `${group.includes('/') ? '/apis' : '/api'}/${group}/namespaces/${namespace}/${plural}`;
}

/** An answer that is no success. */
export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Sends a request with a body of JSON; a PATCH is a server-side apply.
 * @returns what the server answers
 * @throws ApiError unless it is a success
 */
export type Api = <T = KubeObject>(method: string, path: string, body?: unknown) => Promise<T>;

export function apiOf(server: Parameters<typeof ask>[0], options: Ask = {}): Api {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
    const headers = { ...options.headers, 'content-type': type };
    const { code, text } = await ask(server, path, { ...options, method, headers, body });
    if (code >= 300) throw new ApiError(code, `${method} ${path}: ${code} ${text}`);
    return JSON.parse(text) as T;
  };
}

/** @returns undefined for an answer with one of these codes */
export async function ignoring<T>(
  codes: readonly number[],
  request: Promise<T>,
): Promise<T | undefined> {
  try {
    return await request;
  } catch (thrown) {
    if (thrown instanceof ApiError && codes.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

/** @returns undefined: it is not there */
export function ignoreMissing<T>(request: Promise<T>): Promise<T | undefined> {
  return ignoring([404], request);
}
