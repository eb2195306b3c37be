import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiException,
  ApiextensionsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  RbacAuthorizationV1Api,
  type V1PolicyRule,
  type V1ResourceAttributes,
} from '@kubernetes/client-node';
import type { KubeObject } from '../../__tests__/support/api/store.ts';
import { APPLICATION, GROUP, KINDS, type Kind, kindOf, VERSION } from './kinds.ts';

/** What a run of the tests has in a cluster, and takes away again. */
export interface Lab {
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
  /** Creates or replaces an object of one of `KINDS`, in the namespace of the Applications. */
  put(object: KubeObject): Promise<KubeObject>;
  /** An Application. */
  get(name: string): Promise<KubeObject | undefined>;
  /** @param kind one of `KINDS`; default: an Application */
  remove(name: string, kind?: string): Promise<void>;
  /**
   * Creates an object as Argo CD's controller.
   * @returns makes its last write be of a time (RFC 3339)
   */
  applied(object: KubeObject): Promise<(writtenAt: string) => Promise<void>>;
  /** Takes away all that was made. */
  close(): Promise<void>;
}

const RUN_LABEL = 'argocd-post-sync-e2e';
const CONTROLLER = 'argocd-controller';
const PATIENCE_MS = 20_000;

/** @throws what the first request throws where the cluster cannot be reached or forbids it */
export async function openLab(config: KubeConfig): Promise<Lab> {
  const core = config.makeApiClient(CoreV1Api);
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const extensions = config.makeApiClient(ApiextensionsV1Api);
  const authorization = config.makeApiClient(AuthorizationV1Api);
  const custom = config.makeApiClient(CustomObjectsApi);
  const objects = KubernetesObjectApi.makeApiClient(config);

  const run = Math.random().toString(36).slice(2, 8);
  const labels = { [RUN_LABEL]: run };
  const undo: (() => Promise<unknown>)[] = [];
  const namespaces = new Set<string>();

  let named = 0;
  const nameNamespace = () => {
    named += 1;
    return `post-sync-e2e-${run}-${named}`;
  };

  const makeNamespace = async (name: string) => {
    const made = await core.createNamespace({ body: { metadata: { name, labels } } });
    namespaces.add(name);
    return made.metadata?.creationTimestamp ?? new Date();
  };

  const removeNamespace = async (name: string) => {
    await ignoreMissing(core.deleteNamespace({ name }));
    // Where no controller finishes namespaces (a bare API server), nobody made its account either.
    const accounts = await core.listNamespacedServiceAccount({ namespace: name });
    if (!accounts.items.some((each) => each.metadata?.name === 'default')) {
      const spec = { finalizers: [] };
      await ignoreMissing(
        core.replaceNamespaceFinalize({ name, body: { metadata: { name }, spec } }),
      );
    }
    namespaces.delete(name);
  };

  const namespace = nameNamespace();
  const clockOffsetMs = (await makeNamespace(namespace)).getTime() - Date.now();

  const at = ({ plural }: Kind) => ({ group: GROUP, version: VERSION, namespace, plural });
  const versions = new Map<string, string>();

  const get = async (name: string): Promise<KubeObject | undefined> => {
    const asked = custom.getNamespacedCustomObject({ ...at(APPLICATION), name });
    return (await ignoreMissing(asked)) as KubeObject | undefined;
  };

  const remove = async (name: string, kind = APPLICATION.kind) => {
    versions.delete(`${kind}/${name}`);
    await ignoreMissing(custom.deleteNamespacedCustomObject({ ...at(kindOf(kind)), name }));
  };

  const put = async (object: KubeObject) => {
    const { name } = object.metadata;
    const kind = kindOf(object.kind);
    const key = `${kind.kind}/${name}`;
    const known = versions.get(key);
    const body = withVersion(object, known);
    let stored = (
      known === undefined
        ? await custom.createNamespacedCustomObject({ ...at(kind), body })
        : await custom.replaceNamespacedCustomObject({ ...at(kind), name, body })
    ) as KubeObject;
    if (kind.hasStatus) {
      const body = withVersion(object, stored.metadata.resourceVersion);
      const request = custom.replaceNamespacedCustomObjectStatus({ ...at(kind), name, body });
      stored = (await request) as KubeObject;
    }
    versions.set(key, stored.metadata.resourceVersion ?? '');
    return stored;
  };

  /** Grants take a moment to be known. */
  const allowed = async (account: string, resourceAttributes: V1ResourceAttributes) => {
    const user = `system:serviceaccount:${namespace}:${account}`;
    const body = { spec: { user, resourceAttributes } };
    const is = async () =>
      (await authorization.createSubjectAccessReview({ body })).status?.allowed === true;
    await until(is, `${account} may ${resourceAttributes.verb} ${resourceAttributes.resource}`);
  };

  const allow = async (account: string, where: string, rules: readonly V1PolicyRule[]) => {
    const metadata = { name: account, labels };
    await rbac.createNamespacedRole({ namespace: where, body: { metadata, rules: [...rules] } });
    undo.push(() => rbac.deleteNamespacedRole({ namespace: where, name: account }));
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account };
    const subjects = [{ kind: 'ServiceAccount', namespace, name: account }];
    const body = { metadata, roleRef, subjects };
    await rbac.createNamespacedRoleBinding({ namespace: where, body });
    undo.push(() => rbac.deleteNamespacedRoleBinding({ namespace: where, name: account }));
    for (const request of requestsOf(rules)) {
      await allowed(account, { namespace: where, ...request });
    }
  };

  /** A definition that is new is unknown at first, then 429 while its storage is made. */
  const isServed = async (kind: Kind) => {
    const listing = custom.listNamespacedCustomObject(at(kind));
    return (await ignoring([404, 429, 503], listing)) !== undefined;
  };

  const lab: Lab = {
    namespace,
    access: accessOf(config),
    clockOffsetMs,
    nameNamespace,
    makeNamespace: async (name) => void (await makeNamespace(name)),
    removeNamespace,
    async account(name, rules) {
      await core.createNamespacedServiceAccount({
        namespace,
        body: { metadata: { name, labels } },
      });
      undo.push(() => core.deleteNamespacedServiceAccount({ namespace, name }));
      if (rules.length > 0) await allow(name, namespace, rules);
      const body = { spec: { audiences: [] as string[], expirationSeconds: 3600 } };
      const issued = await core.createNamespacedServiceAccountToken({ namespace, name, body });
      return issued.status?.token ?? '';
    },
    allow,
    async removeAccount(name) {
      await core.deleteNamespacedServiceAccount({ namespace, name });
    },
    put,
    get,
    remove,
    async applied(object) {
      const made = await objects.create(
        object as unknown as KubernetesObject,
        undefined,
        undefined,
        CONTROLLER,
      );
      if (object.kind === 'Namespace') namespaces.add(object.metadata.name);
      // A real cluster's controllers write to it too: the change is made to what is there by then.
      return (writtenAt) =>
        retryingConflicts(async () => {
          const found = await objects.read(made as Parameters<typeof objects.read>[0]);
          await objects.replace(
            withWriteAt(found, writtenAt, run),
            undefined,
            undefined,
            'post-sync-e2e',
          );
        });
    },
    async close() {
      for (const kind of KINDS) await removeAll(kind);
      for (const step of undo.reverse()) await ignoreMissing(step());
      for (const name of [...namespaces]) await removeNamespace(name);
      for (const kind of KINDS) await removeDefinition(kind);
    },
  };

  const removeAll = async (kind: Kind) => {
    await until(() => isServed(kind), `${kind.plural} are served`);
    const left = (await custom.listNamespacedCustomObject(at(kind))) as List;
    for (const { metadata } of left.items) await remove(metadata.name, kind.kind);
  };

  /** The definition goes only if it is of this run, and nobody has used it since. */
  const removeDefinition = async (kind: Kind) => {
    const name = definitionOf(kind);
    const read = () => ignoreMissing(extensions.readCustomResourceDefinition({ name }));
    const found = await read();
    if (found?.metadata?.labels?.[RUN_LABEL] !== run) return;
    const { group, version, plural } = at(kind);
    const all = (await custom.listClusterCustomObject({ group, version, plural })) as List;
    if (all.items.length > 0) {
      console.log(`${name} stays: others have made some of them.`);
      return;
    }
    await extensions.deleteCustomResourceDefinition({ name });
    await until(async () => (await read()) === undefined, `${name} is gone`);
  };

  try {
    for (const kind of KINDS) await define(extensions, kind, labels);
    for (const kind of KINDS) await until(() => isServed(kind), `${kind.plural} are served`);
  } catch (thrown) {
    await lab.close();
    throw thrown;
  }
  return lab;
}

/** What rules allow, one by one. */
function requestsOf(rules: readonly V1PolicyRule[]): readonly V1ResourceAttributes[] {
  return rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((type) => {
        const [resource = '', subresource = ''] = type.split('/');
        return verbs.map((verb) => ({ group, resource, subresource, verb }));
      }),
    ),
  );
}

interface List {
  readonly items: readonly KubeObject[];
}

function definitionOf({ plural }: Kind): string {
  return `${plural}.${GROUP}`;
}

/** Makes a kind known, where it is not: anything goes. */
async function define(
  extensions: ApiextensionsV1Api,
  kind: Kind,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const name = definitionOf(kind);
  if (await ignoreMissing(extensions.readCustomResourceDefinition({ name }))) return;
  const openAPIV3Schema = { type: 'object', x_kubernetes_preserve_unknown_fields: true };
  const version = {
    ...{ name: VERSION, served: true, storage: true, schema: { openAPIV3Schema } },
    ...(kind.hasStatus ? { subresources: { status: {} } } : {}),
  };
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, labels },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: kind.plural, singular: kind.kind.toLowerCase(), kind: kind.kind },
      versions: [version],
    },
  };
  await extensions.createCustomResourceDefinition({ body });
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

/** undefined: it is not there. */
function ignoreMissing<T>(request: Promise<T>): Promise<T | undefined> {
  return ignoring([404], request);
}

/** @returns undefined for such an answer */
async function ignoring<T>(codes: readonly number[], request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (thrown) {
    if (thrown instanceof ApiException && codes.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Gave up waiting until ${what}.`);
    await sleep(50);
  }
}

/** An object as if Argo CD's controller had written it last at that time. */
function withWriteAt(object: KubernetesObject, writtenAt: string, run: string): KubernetesObject {
  const managedFields = object.metadata?.managedFields?.map((entry) =>
    entry.manager === CONTROLLER ? { ...entry, time: new Date(writtenAt) } : entry,
  );
  // A server takes no change of times alone, so another manager changes something beside them.
  const annotations = { ...object.metadata?.annotations, [RUN_LABEL]: run };
  const metadata = { ...object.metadata, annotations, ...(managedFields ? { managedFields } : {}) };
  return { ...object, metadata };
}

const CONFLICT = 409;
const CONFLICTS = 10;

async function retryingConflicts(work: () => Promise<void>): Promise<void> {
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      return await work();
    } catch (thrown) {
      const again = thrown instanceof ApiException && thrown.code === CONFLICT;
      if (!again || conflicts === CONFLICTS) throw thrown;
    }
  }
}
