/** A real Kubernetes API server, as the bench and the end-to-end tests write to it. */
import {
  APPLICATIONS,
  groupVersion,
  KINDS,
  type ResourceKind,
} from '../__tests__/support/api/kinds.ts';
import type { KubeObject } from '../__tests__/support/api/store.ts';
import { type Ask, ask } from '../__tests__/support/client.ts';

/** The kinds of Argo's projects, whose definitions a cluster may lack. */
export const ARGO_KINDS = KINDS.filter(({ group }) => group === APPLICATIONS.group);

/**
 * Whether its status is a subresource: written by requests of its own, and without a new generation.
 * By manifests/crds of argoproj/argo-cd and argoproj/argo-rollouts.
 */
export function hasStatus({ kind }: ResourceKind): boolean {
  return kind === 'ApplicationSet' || kind === 'Rollout';
}

/** @throws Error for a kind that the tests do not know */
export function kindOf(name: string | undefined): ResourceKind {
  const found = KINDS.find(({ kind }) => kind === name);
  if (!found) throw new Error(`${name} is not one of ${KINDS.map(({ kind }) => kind).join(', ')}.`);
  return found;
}

/** The CustomResourceDefinition of a kind, for which anything goes. */
export function definitionOf(of: ResourceKind): KubeObject {
  const { group, version: name, kind, plural } = of;
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = {
    ...{ name, served: true, storage: true, schema: { openAPIV3Schema } },
    ...(hasStatus(of) ? { subresources: { status: {} } } : {}),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      ...{ group, scope: 'Namespaced', versions: [version] },
      names: { plural, singular: kind.toLowerCase(), kind },
    },
  };
}

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Path of the objects of a kind. @param namespace of those that have one; default: all */
export function pathOf(kind: ResourceKind, namespace = ''): string {
  const group = `${kind.group ? '/apis' : '/api'}/${groupVersion(kind)}`;
  const place = kind.namespaced && namespace !== '' ? `/namespaces/${namespace}` : '';
  return `${group}${place}/${kind.plural}`;
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
