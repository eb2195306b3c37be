/** Where an Application stands among those that are waited for. */
export interface Place {
  /** The one that manages it, by its key; of several the first. Absent: it is waited for by name. */
  readonly parent?: string;
  /** Those that manage it, without any that it manages itself, at whatever depth. */
  readonly managers: readonly string[];
  readonly children: readonly string[];
}

/** By the keys of the Applications, each once. */
export type Family = ReadonlyMap<string, Place>;

/** A walk down from the roots, with what is left to do on the way back up. */
interface Step {
  readonly key: string;
  readonly children: readonly string[];
  next: number;
}

/**
 * Everything that can be reached from the roots.
 * @param roots the Applications that are waited for by name
 * @param childrenOf the keys of those that an Application manages
 */
export function familyOf(
  roots: Iterable<string>,
  childrenOf: (key: string) => readonly string[],
): Family {
  const managers = new Map<string, string[]>();
  const children = new Map<string, readonly string[]>();
  for (const root of roots) if (!children.has(root)) walk(root, childrenOf, managers, children);
  const places = [...children].map(([key, own]) => [key, placeOf(managers.get(key), own)] as const);
  return new Map(places);
}

function placeOf(managers: readonly string[] = [], children: readonly string[]): Place {
  const [parent] = managers;
  return { ...(parent === undefined ? {} : { parent }), managers, children };
}

function walk(
  root: string,
  childrenOf: (key: string) => readonly string[],
  managers: Map<string, string[]>,
  children: Map<string, readonly string[]>,
): void {
  const path: Step[] = [];
  /** Those on the path: what manages one of them would manage itself. */
  const above = new Set<string>();
  const enter = (key: string) => {
    const own = childrenOf(key);
    children.set(key, own);
    above.add(key);
    path.push({ key, children: own, next: 0 });
  };
  enter(root);
  for (let here = path.at(-1); here; here = path.at(-1)) {
    const child = here.children[here.next++];
    if (child === undefined) {
      above.delete(here.key);
      path.pop();
    } else if (!above.has(child)) {
      managers.set(child, [...(managers.get(child) ?? []), here.key]);
      if (!children.has(child)) enter(child);
    }
  }
}

/** Every Application with its depth, below the one that manages it; roots in their order. */
export function treeOf(
  keys: readonly string[],
  parentOf: (key: string) => string | undefined,
): readonly (readonly [key: string, depth: number])[] {
  const known = new Set(keys);
  const below = Map.groupBy(keys, (key) => {
    const parent = parentOf(key);
    return parent !== undefined && known.has(parent) ? parent : undefined;
  });
  const tree: (readonly [string, number])[] = [];
  const at = (parent: string | undefined, depth: number) =>
    (below.get(parent) ?? []).map((key) => [key, depth] as const).reverse();
  const left = at(undefined, 0);
  for (let next = left.pop(); next; next = left.pop()) {
    const [key, depth] = next;
    tree.push(next);
    left.push(...at(key, depth + 1));
  }
  return tree;
}
