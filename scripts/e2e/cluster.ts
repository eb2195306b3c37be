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
   * A ServiceAccount with a Role for Applications, and with further ones in other namespaces.
   * @returns its token, once the server knows what it allows
   */
  account(name: string, verbs: readonly string[]): Promise<string>;
  /** Lets an account read objects in a namespace, as live evidence does. */
  allowReading(account: string, namespace: string): Promise<void>;
  removeAccount(name: string): Promise<void>;
  /** Creates or replaces an Application. */
  put(object: KubeObject): Promise<KubeObject>;
  get(name: string): Promise<KubeObject | undefined>;
  remove(name: string): Promise<void>;
  /**
   * Creates an object as Argo CD's controller.
   * @returns makes its last write be of a time (RFC 3339)
   */
  applied(object: KubeObject): Promise<(writtenAt: string) => Promise<void>>;
  /** Takes away all that was made. */
  close(): Promise<void>;
}

const GROUP = 'argoproj.io';
const VERSION = 'v1alpha1';
const PLURAL = 'applications';
const CRD = `${PLURAL}.${GROUP}`;
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

  const at = { group: GROUP, version: VERSION, namespace, plural: PLURAL };
  const versions = new Map<string, string>();

  const get = async (name: string): Promise<KubeObject | undefined> => {
    const found = await ignoreMissing(custom.getNamespacedCustomObject({ ...at, name }));
    return found as KubeObject | undefined;
  };

  const remove = async (name: string) => {
    versions.delete(name);
    await ignoreMissing(custom.deleteNamespacedCustomObject({ ...at, name }));
  };

  /** Grants take a moment to be known. */
  const allowed = async (account: string, resourceAttributes: V1ResourceAttributes) => {
    const user = `system:serviceaccount:${namespace}:${account}`;
    const body = { spec: { user, resourceAttributes } };
    const is = async () =>
      (await authorization.createSubjectAccessReview({ body })).status?.allowed === true;
    await until(is, `${account} may ${resourceAttributes.verb} ${resourceAttributes.resource}`);
  };

  const grant = async (where: string, account: string, rules: V1PolicyRule[]) => {
    const metadata = { name: account, labels };
    await rbac.createNamespacedRole({ namespace: where, body: { metadata, rules } });
    undo.push(() => rbac.deleteNamespacedRole({ namespace: where, name: account }));
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account };
    const subjects = [{ kind: 'ServiceAccount', namespace, name: account }];
    const body = { metadata, roleRef, subjects };
    await rbac.createNamespacedRoleBinding({ namespace: where, body });
    undo.push(() => rbac.deleteNamespacedRoleBinding({ namespace: where, name: account }));
  };

  /** A definition that is new is unknown at first, then 429 while its storage is made. */
  const isServed = async () => {
    const listing = custom.listNamespacedCustomObject(at);
    return (await ignoring([404, 429, 503], listing)) !== undefined;
  };

  const lab: Lab = {
    namespace,
    access: accessOf(config),
    clockOffsetMs,
    nameNamespace,
    makeNamespace: async (name) => void (await makeNamespace(name)),
    removeNamespace,
    async account(name, verbs) {
      await core.createNamespacedServiceAccount({
        namespace,
        body: { metadata: { name, labels } },
      });
      undo.push(() => core.deleteNamespacedServiceAccount({ namespace, name }));
      if (verbs.length > 0) {
        const rule = { apiGroups: [GROUP], resources: [PLURAL], verbs: [...verbs] };
        await grant(namespace, name, [rule]);
      }
      for (const verb of verbs) {
        await allowed(name, { namespace, group: GROUP, resource: PLURAL, verb });
      }
      const body = { spec: { audiences: [] as string[], expirationSeconds: 3600 } };
      const issued = await core.createNamespacedServiceAccountToken({ namespace, name, body });
      return issued.status?.token ?? '';
    },
    async allowReading(account, where) {
      await grant(where, account, [
        { apiGroups: [''], resources: ['configmaps', 'services', 'namespaces'], verbs: ['get'] },
        { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] },
      ]);
      await allowed(account, { namespace: where, group: '', resource: 'configmaps', verb: 'get' });
    },
    async removeAccount(name) {
      await core.deleteNamespacedServiceAccount({ namespace, name });
    },
    async put(object) {
      const { name } = object.metadata;
      const resourceVersion = versions.get(name);
      const body = withVersion(object, resourceVersion);
      const stored = (
        resourceVersion === undefined
          ? await custom.createNamespacedCustomObject({ ...at, body })
          : await custom.replaceNamespacedCustomObject({ ...at, name, body })
      ) as KubeObject;
      versions.set(name, stored.metadata.resourceVersion ?? '');
      return stored;
    },
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
      await until(isServed, `${CRD} is served`);
      const left = (await custom.listNamespacedCustomObject(at)) as {
        readonly items: readonly KubeObject[];
      };
      for (const { metadata } of left.items) await remove(metadata.name);
      for (const step of undo.reverse()) await ignoreMissing(step());
      for (const name of [...namespaces]) await removeNamespace(name);
      await removeDefinition();
    },
  };

  /** The definition goes only if it is of this run, and nobody has used it since. */
  const removeDefinition = async () => {
    const found = await ignoreMissing(extensions.readCustomResourceDefinition({ name: CRD }));
    if (found?.metadata?.labels?.[RUN_LABEL] !== run) return;
    const { group, version, plural } = at;
    const all = (await custom.listClusterCustomObject({ group, version, plural })) as {
      readonly items: readonly unknown[];
    };
    if (all.items.length > 0) {
      console.log(`${CRD} stays: other Applications have come to be.`);
      return;
    }
    await extensions.deleteCustomResourceDefinition({ name: CRD });
    const read = () => ignoreMissing(extensions.readCustomResourceDefinition({ name: CRD }));
    await until(async () => (await read()) === undefined, `${CRD} is gone`);
  };

  try {
    await define(extensions, labels);
    await until(isServed, `${CRD} is served`);
  } catch (thrown) {
    await lab.close();
    throw thrown;
  }
  return lab;
}

/** Makes the Application known, where it is not: anything goes, and no status subresource. */
async function define(
  extensions: ApiextensionsV1Api,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const found = await ignoreMissing(extensions.readCustomResourceDefinition({ name: CRD }));
  if (found) return;
  const openAPIV3Schema = { type: 'object', x_kubernetes_preserve_unknown_fields: true };
  const version = { name: VERSION, served: true, storage: true, schema: { openAPIV3Schema } };
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: CRD, labels },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: PLURAL, singular: 'application', kind: 'Application' },
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
