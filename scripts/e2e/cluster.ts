import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { KubeConfig, V1PolicyRule } from '@kubernetes/client-node';
import { APPLICATIONS, type ResourceKind } from '../../__tests__/support/api/kinds.ts';
import { isRecord, type KubeObject } from '../../__tests__/support/api/store.ts';
import {
  ApiError,
  ARGO_KINDS,
  apiOf,
  DEFINITIONS,
  definitionOf,
  hasStatus,
  ignoreMissing,
  ignoring,
  kindOf,
  pathOf,
} from '../kubernetes.ts';
import { until } from '../script.ts';

/** What a run of the tests has in a cluster, and takes away again. */
export interface Lab extends AsyncDisposable {
  /** Applications live here. */
  readonly namespace: string;
  /** The action's inputs for reaching the cluster, but for the credentials. */
  readonly access: Readonly<Record<string, string>>;
  /** The server's time minus this machine's, in milliseconds; up to a second too small. */
  readonly clockOffsetMs: number;
  /** The name of a namespace that is not there yet. */
  nameNamespace(): string;
  makeNamespace(name: string): Promise<void>;
  removeNamespace(name: string): Promise<void>;
  /**
   * A ServiceAccount that may do in the namespace of the Applications what the rules allow.
   * @returns its token, once the server knows what it allows
   */
  account(name: string, rules: readonly V1PolicyRule[]): Promise<string>;
  /** Allows an account more, in another namespace. Resolves once the server knows. */
  allow(account: string, namespace: string, rules: readonly V1PolicyRule[]): Promise<void>;
  removeAccount(name: string): Promise<void>;
  /** Creates or replaces an object of one of `ARGO_KINDS`, in the namespace of the Applications. */
  put(object: KubeObject): Promise<KubeObject>;
  /** An Application. */
  get(name: string): Promise<KubeObject | undefined>;
  /** @param kind one of `ARGO_KINDS`; default: an Application */
  remove(name: string, kind?: string): Promise<void>;
  /**
   * Creates an object as Argo CD's controller.
   * @returns makes its last write be of a time (RFC 3339)
   */
  applied(object: KubeObject): Promise<(writtenAt: string) => Promise<void>>;
}

const RUN_LABEL = 'argocd-post-sync-e2e';
const CONTROLLER = 'argocd-controller';
const NAMESPACES = pathOf(kindOf('Namespace'));
const ACCOUNT = kindOf('ServiceAccount');
const ROLE = kindOf('Role');
const BINDING = { ...ROLE, plural: 'rolebindings' };

interface List {
  readonly items: readonly KubeObject[];
}

/** @throws what the first request throws where the cluster cannot be reached or forbids it */
export async function openLab(config: KubeConfig): Promise<Lab> {
  const client: RequestOptions = {};
  await config.applyToHTTPSOptions(client);
  const url = config.getCurrentCluster()?.server ?? '';
  const headers = client.headers as Readonly<Record<string, string>>;
  const api = apiOf({ url, token: '', ca: '' }, { client, headers });

  const run = Math.random().toString(36).slice(2, 8);
  const labels = { [RUN_LABEL]: run };
  const undo: string[] = [];
  const namespaces = new Set<string>();

  let named = 0;
  const nameNamespace = () => {
    named += 1;
    return `post-sync-e2e-${run}-${named}`;
  };

  /** Creates an object that is deleted at the end. */
  const make = async (path: string, name: string, body: object) => {
    await api('POST', path, { ...body, metadata: { name, labels } });
    undo.push(`${path}/${name}`);
  };

  const makeNamespace = async (name: string) => {
    const made = await api('POST', NAMESPACES, { metadata: { name, labels } });
    namespaces.add(name);
    return Date.parse(made.metadata.creationTimestamp ?? '');
  };

  const removeNamespace = async (name: string) => {
    await ignoreMissing(api('DELETE', `${NAMESPACES}/${name}`));
    // Where no controller finishes namespaces (a bare API server), nobody made its account either.
    const accounts = await api<List>('GET', pathOf(ACCOUNT, name));
    if (!accounts.items.some(({ metadata }) => metadata.name === 'default')) {
      const body = { metadata: { name }, spec: { finalizers: [] } };
      await ignoreMissing(api('PUT', `${NAMESPACES}/${name}/finalize`, body));
    }
    namespaces.delete(name);
  };

  const namespace = nameNamespace();
  const clockOffsetMs = (await makeNamespace(namespace)) - Date.now();
  const accounts = pathOf(ACCOUNT, namespace);
  const listOf = (kind: ResourceKind) => pathOf(kind, namespace);
  const versions = new Map<string, string>();

  const remove = async (name: string, kind = APPLICATIONS.kind) => {
    versions.delete(`${kind}/${name}`);
    await ignoreMissing(api('DELETE', `${listOf(kindOf(kind))}/${name}`));
  };

  const put = async (object: KubeObject) => {
    const { name } = object.metadata;
    const kind = kindOf(object.kind);
    const [list, key] = [listOf(kind), `${kind.kind}/${name}`];
    const known = versions.get(key);
    const body = withVersion(object, known);
    let stored =
      known === undefined
        ? await api('POST', list, body)
        : await api('PUT', `${list}/${name}`, body);
    if (hasStatus(kind)) {
      const body = withVersion(object, stored.metadata.resourceVersion);
      stored = await api('PUT', `${list}/${name}/status`, body);
    }
    versions.set(key, stored.metadata.resourceVersion ?? '');
    return stored;
  };

  /** Grants take a moment to be known. */
  const allow = async (account: string, where: string, rules: readonly V1PolicyRule[]) => {
    await make(pathOf(ROLE, where), account, { rules });
    await make(pathOf(BINDING, where), account, {
      roleRef: { apiGroup: ROLE.group, kind: 'Role', name: account },
      subjects: [{ kind: 'ServiceAccount', namespace, name: account }],
    });
    const user = `system:serviceaccount:${namespace}:${account}`;
    for (const request of requestsOf(rules)) {
      const resourceAttributes = { namespace: where, ...request };
      const isAllowed = async () => {
        const body = { spec: { user, resourceAttributes } };
        const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
        const { status } = await api('POST', path, body);
        return isRecord(status) && status['allowed'] === true;
      };
      await until(isAllowed, `${account} may ${request.verb} ${request.resource}`);
    }
  };

  /** A definition that is new is unknown at first, then 429 while its storage is made. */
  const served = (kind: ResourceKind) => {
    const isServed = async () =>
      (await ignoring([404, 429, 503], api('GET', listOf(kind)))) !== undefined;
    return until(isServed, `${kind.plural} are served`);
  };

  /** Makes a kind known, where it is not: anything goes. */
  const define = async (kind: ResourceKind) => {
    const { metadata, ...rest } = definitionOf(kind);
    if (await ignoreMissing(api('GET', `${DEFINITIONS}/${metadata.name}`))) return;
    await api('POST', DEFINITIONS, { ...rest, metadata: { ...metadata, labels } });
  };

  /** The definition goes only if it is of this run, and nobody has used it since. */
  const removeDefinition = async (kind: ResourceKind) => {
    const { name } = definitionOf(kind).metadata;
    const path = `${DEFINITIONS}/${name}`;
    const found = await ignoreMissing(api('GET', path));
    if (found?.metadata.labels?.[RUN_LABEL] !== run) return;
    const all = await api<List>('GET', pathOf(kind));
    if (all.items.length > 0) {
      console.log(`${name} stays: others have made some of them.`);
      return;
    }
    await api('DELETE', path);
    const isGone = async () => (await ignoreMissing(api('GET', path))) === undefined;
    await until(isGone, `${name} is gone`);
  };

  const close = async () => {
    for (const kind of ARGO_KINDS) {
      await served(kind);
      const left = await api<List>('GET', listOf(kind));
      for (const { metadata } of left.items) await remove(metadata.name, kind.kind);
    }
    for (const path of undo.reverse()) await ignoreMissing(api('DELETE', path));
    for (const name of [...namespaces]) await removeNamespace(name);
    for (const kind of ARGO_KINDS) await removeDefinition(kind);
  };

  try {
    for (const kind of ARGO_KINDS) await define(kind);
    for (const kind of ARGO_KINDS) await served(kind);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    namespace,
    access: accessOf(config),
    clockOffsetMs,
    nameNamespace,
    makeNamespace: async (name) => void (await makeNamespace(name)),
    removeNamespace,
    async account(name, rules) {
      await make(accounts, name, {});
      if (rules.length > 0) await allow(name, namespace, rules);
      const body = { spec: { audiences: [], expirationSeconds: 3600 } };
      const { status } = await api('POST', `${accounts}/${name}/token`, body);
      return isRecord(status) ? String(status['token']) : '';
    },
    allow,
    removeAccount: async (name) => void (await api('DELETE', `${accounts}/${name}`)),
    put,
    get: (name) => ignoreMissing(api('GET', `${listOf(APPLICATIONS)}/${name}`)),
    remove,
    async applied(object) {
      const path = pathOf(kindOf(object.kind), object.metadata.namespace);
      const { name } = object.metadata;
      await api('POST', `${path}?fieldManager=${CONTROLLER}`, object);
      if (object.kind === 'Namespace') namespaces.add(name);
      // A real cluster's controllers write to it too: the change is made to what is there by then.
      return (writtenAt) =>
        retryingConflicts(async () => {
          const changed = withWriteAt(await api('GET', `${path}/${name}`), writtenAt, run);
          await api('PUT', `${path}/${name}?fieldManager=post-sync-e2e`, changed);
        });
    },
    [Symbol.asyncDispose]: close,
  };
}

/** What rules allow, one by one. */
function requestsOf(rules: readonly V1PolicyRule[]) {
  return rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((type) => {
        const [resource = '', subresource = ''] = type.split('/');
        return verbs.map((verb) => ({ group, resource, subresource, verb }));
      }),
    ),
  );
}

function accessOf(config: KubeConfig): Readonly<Record<string, string>> {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('The kubeconfig has no current cluster.');
  const file = cluster.caFile;
  const authority = cluster.caData ?? (file ? readFileSync(file, 'utf8') : '');
  return {
    server: cluster.server,
    ...(authority === '' ? {} : { 'certificate-authority': authority }),
    ...(cluster.skipTLSVerify ? { 'insecure-skip-tls-verify': 'true' } : {}),
  };
}

function withVersion(object: KubeObject, resourceVersion: string | undefined): KubeObject {
  if (resourceVersion === undefined) return object;
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

/** An object as if Argo CD's controller had written it last at that time. */
function withWriteAt(object: KubeObject, time: string, run: string): KubeObject {
  const { metadata } = object;
  const entries = (metadata['managedFields'] ?? []) as readonly { readonly manager: string }[];
  const managedFields = entries.map((each) =>
    each.manager === CONTROLLER ? { ...each, time } : each,
  );
  // A server takes no change of times alone, so another manager changes something beside them.
  const annotations = { ...metadata.annotations, [RUN_LABEL]: run };
  return { ...object, metadata: { ...metadata, annotations, managedFields } };
}

const CONFLICT = 409;
const CONFLICTS = 10;

async function retryingConflicts(work: () => Promise<void>): Promise<void> {
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      return await work();
    } catch (thrown) {
      const again = thrown instanceof ApiError && thrown.code === CONFLICT;
      if (!again || conflicts === CONFLICTS) throw thrown;
    }
  }
}
