import type { Step } from './path.js';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a field; an empty one if it has no object. */
export function jsonAt(object: Json, key: string): Json {
  const value = object[key];
  return isJson(value) ? value : {};
}

/** The fields whose values tell the elements of a list apart, as in `k:{"name":"main"}`. */
export type MergeKey = readonly string[];

/**
 * The lists of Kubernetes' own types that have a merge key, by the name of their field. Where the
 * object's managedFields name other keys, those count.
 */
const OF_PODS: ReadonlyMap<string, MergeKey> = new Map([
  ['containers', ['name']],
  ['initContainers', ['name']],
  ['ephemeralContainers', ['name']],
  ['env', ['name']],
  ['volumes', ['name']],
  ['volumeMounts', ['mountPath']],
  ['volumeDevices', ['devicePath']],
  ['imagePullSecrets', ['name']],
  ['hostAliases', ['ip']],
  ['topologySpreadConstraints', ['topologyKey', 'whenUnsatisfiable']],
  ['resourceClaims', ['name']],
  ['schedulingGates', ['name']],
]);
const OF_OTHERS: ReadonlyMap<string, MergeKey> = new Map([
  ['secrets', ['name']],
  ['webhooks', ['name']],
  ['matchConditions', ['name']],
  ['drivers', ['name']],
  ['ownerReferences', ['uid']],
  ['taints', ['key', 'effect']],
]);
const PORTS: readonly MergeKey[] = [
  ['containerPort', 'protocol'],
  ['port', 'protocol'],
];

/** Says by which key the elements of a list are told apart; undefined: by their index. */
export type MergeKeyOf = (path: readonly Step[], elements: readonly Json[]) => MergeKey | undefined;

/** The merge keys of the types that an API group has. @param group empty: the core group */
export function mergeKeysOf(group: string): MergeKeyOf {
  const builtIn = !group.includes('.') || group.endsWith('.k8s.io');
  return (path, elements) => {
    const field = path.at(-1)?.text ?? '';
    // Custom resources embed Kubernetes' PodTemplateSpec, and have no other type of its own.
    if (!builtIn && !isInPodTemplate(path)) return undefined;
    if (field === 'ports')
      return PORTS.find((key) => elements.every((each) => (key[0] ?? '') in each));
    return OF_PODS.get(field) ?? (builtIn ? OF_OTHERS.get(field) : undefined);
  };
}

function isInPodTemplate(path: readonly Step[]): boolean {
  return path.some((step, i) => /template$/i.test(step.text) && path[i + 1]?.text === 'spec');
}

/** What a port is when it does not say. */
const DEFAULTS: ReadonlyMap<string, unknown> = new Map([['protocol', 'TCP']]);

/** The values of a merge key, in a form that two elements can be compared by. */
export function mergeIdentityOf(element: Json, key: MergeKey): string | undefined {
  const values = key.map((field) => element[field] ?? DEFAULTS.get(field));
  if (values[0] === undefined || values[0] === null) return undefined;
  return JSON.stringify(values);
}

/** How a path names an element: `main`, `80`, and `53,UDP` where the port alone would not do. */
export function elementText(element: Json, key: MergeKey): string {
  const [first = '', ...others] = key;
  const more = others
    .map((field) => [element[field] ?? DEFAULTS.get(field), DEFAULTS.get(field)] as const)
    .filter(([value, byDefault]) => byDefault !== undefined && value !== byDefault);
  return [element[first], ...more.map(([value]) => value)].map(String).join(',');
}
