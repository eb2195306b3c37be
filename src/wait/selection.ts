import { type Application, keyOf } from '../core/application/types.js';
import { applicationMatches } from '../core/filters/application-names.js';
import { isLiteral } from '../core/filters/globs.js';
import { labelMatcher } from '../core/filters/label-selector.js';
import type { Inputs } from '../inputs/types.js';
import type { ObjectName, Selection } from '../sources/source.js';

/** One entry of `application`, or the `selector` alone: each must find something. */
export interface ApplicationSelector {
  /** As the user wrote it; of an ApplicationSet with its kind before it. */
  readonly text: string;
  /** `namespace/name` where the entry names one Application; else absent. */
  readonly key?: string;
  /** `namespace/name` of the ApplicationSet whose Applications the entry names; else absent. */
  readonly set?: string;
  readonly accepts: (application: Named) => boolean;
}

type Named = Pick<Application, 'namespace' | 'name' | 'applicationSet'> &
  Partial<Pick<Application, 'labels'>>;
type Wanted = Pick<
  Inputs,
  'applications' | 'applicationNamespace' | 'applicationSets' | 'selector'
> &
  Partial<Pick<Inputs, 'children'>>;

/** What the user wants, entry by entry. */
export function applicationSelectors(inputs: Wanted): readonly ApplicationSelector[] {
  const { applications, applicationNamespace: fallback, selector, children } = inputs;
  const { applicationSets } = inputs;
  if (applicationSets.length > 0) return applicationSets.map((each) => setSelector(each, fallback));
  // The server selects by labels, unless it is to deliver those without them too.
  const isLabelled = labelMatcher(children ? selector : '');
  const having = (matches: ApplicationSelector['accepts']): ApplicationSelector['accepts'] =>
    children ? (each) => matches(each) && isLabelled(each.labels ?? {}) : matches;
  if (applications.length === 0) {
    const accepts = having(({ namespace }) => fallback === '*' || namespace === fallback);
    return [{ text: selector, accepts }];
  }
  return applications.map((text) => {
    const { namespace, name } = partsOf(text, fallback);
    const literal = isLiteral(namespace) && isLiteral(name);
    const matches = applicationMatches([text], fallback);
    const accepts = having((each) => matches(each.namespace, each.name));
    return literal ? { text, key: `${namespace}/${name}`, accepts } : { text, accepts };
  });
}

function setSelector(text: string, fallback: string): ApplicationSelector {
  const { namespace, name } = partsOf(text, fallback);
  return {
    text: `ApplicationSet/${text}`,
    set: `${namespace}/${name}`,
    accepts: (each) => each.namespace === namespace && each.applicationSet === name,
  };
}

/** The ApplicationSets that are named, each once. */
export function applicationSetNames({
  applicationSets,
  applicationNamespace,
}: Pick<Wanted, 'applicationSets' | 'applicationNamespace'>): readonly ObjectName[] {
  const names = applicationSets.map((text) => partsOf(text, applicationNamespace));
  return [...new Map(names.map((each) => [keyOf(each), each])).values()];
}

/** All in the namespaces of ApplicationSets that these own. */
function selectionOfSets(inputs: Wanted): Selection {
  const sets = applicationSetNames(inputs);
  const [first, ...others] = new Set(sets.map(({ namespace }) => namespace));
  const everywhere = inputs.children && inputs.applicationNamespace === '*';
  const one = first !== undefined && others.length === 0 && !everywhere;
  return {
    ...(one ? { namespace: first } : {}),
    wholeSources: true,
    // Whom an Application manages, an ApplicationSet does not own.
    ...(inputs.children ? {} : { owners: new Set(sets.map(keyOf)) }),
  };
}

/** The narrowest list that holds everything wanted: one list, one watch. */
export function selectionOf(inputs: Wanted): Selection {
  if (inputs.applicationSets.length > 0) return selectionOfSets(inputs);
  const { applications, applicationNamespace: fallback, selector } = inputs;
  const parts = applications.map((text) => partsOf(text, fallback));
  const namespaces = new Set(applications.length > 0 ? parts.map((p) => p.namespace) : [fallback]);
  const names = new Set(parts.map((p) => p.name));
  const [namespace] = namespaces;
  const [name] = names;
  const wanted = applicationSelectors(inputs);
  const one = namespaces.size === 1 && namespace !== undefined && isLiteral(namespace);
  const within = one ? { namespace } : {};
  // Which Applications are managed is known only once they are there, and where.
  if (inputs.children) return { ...(fallback === '*' ? {} : within), wholeSources: true };
  return {
    ...within,
    ...(names.size === 1 && name !== undefined && isLiteral(name) ? { name } : {}),
    ...(selector === '' ? {} : { labelSelector: selector }),
    accepts: (namespace, name) => wanted.some((each) => each.accepts({ namespace, name })),
  };
}

/** What the user calls an Application: its bare name in the namespace of names without one. */
export function nameOf(key: string, applicationNamespace: string): string {
  const prefix = `${applicationNamespace}/`;
  return key.startsWith(prefix) ? key.slice(prefix.length) : key;
}

function partsOf(text: string, fallback: string): { namespace: string; name: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { namespace: fallback, name: text };
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
