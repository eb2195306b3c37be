/** A Kubernetes object, as far as an API server looks into it. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly [field: string]: unknown;
}

/** One step of the store's history. */
export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change; for DELETED the last state, with the version of the deletion. */
  readonly object: KubeObject;
  /** Before the change; absent for ADDED. */
  readonly previous?: KubeObject;
}

/** Objects of one resource, with the versions and the history that watches and pages need. */
export class Store {
  #version = 1;
  #horizon = 0;
  #uids = 0;
  #objects = new Map<string, KubeObject>();
  #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #historyLimit: number;

  /** @param historyLimit how many changes are kept for watches that start in the past */
  constructor(historyLimit = Number.POSITIVE_INFINITY) {
    this.#historyLimit = historyLimit;
  }

  get version(): number {
    return this.#version;
  }

  /** Changes up to this version are forgotten. */
  get horizon(): number {
    return this.#horizon;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  /** All objects in the order of their keys, now or at an earlier version. */
  list(version = this.#version): readonly KubeObject[] {
    const state = new Map(this.#objects);
    for (const change of this.#history.toReversed()) {
      if (change.version <= version) break;
      if (change.previous) state.set(keyOf(change.object), change.previous);
      else state.delete(keyOf(change.object));
    }
    return [...state.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  since(version: number): readonly Change[] {
    return this.#history.filter((change) => change.version > version);
  }

  /**
   * Stores a whole object under a new version: the recorded one where that is ahead, else the next.
   * @returns the object as stored
   */
  put(object: KubeObject): KubeObject {
    const previous = this.#objects.get(keyOf(object));
    const recorded = Number(object.metadata.resourceVersion ?? 0);
    const version = recorded > this.#version ? recorded : this.#version + 1;
    const stored: KubeObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? previous?.metadata.uid ?? this.#newUid(),
        resourceVersion: String(version),
      },
    };
    this.#objects.set(keyOf(stored), stored);
    this.#record(
      previous
        ? { version, type: 'MODIFIED', object: stored, previous }
        : { version, type: 'ADDED', object: stored },
    );
    return stored;
  }

  /** @returns whether there was something to remove */
  remove(namespace: string, name: string): boolean {
    const previous = this.get(namespace, name);
    if (!previous) return false;
    this.#objects.delete(keyOf(previous));
    const version = this.#version + 1;
    const object = {
      ...previous,
      metadata: { ...previous.metadata, resourceVersion: String(version) },
    };
    this.#record({ version, type: 'DELETED', object, previous });
    return true;
  }

  /** Forgets the history up to a version: watches from before it are "too old" from now on. */
  compact(version = this.#version): void {
    this.#horizon = Math.max(this.#horizon, version);
    this.#history = this.#history.filter((change) => change.version > this.#horizon);
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #record(change: Change): void {
    this.#version = change.version;
    this.#history.push(change);
    if (this.#history.length > this.#historyLimit) {
      this.compact(this.#history[this.#history.length - this.#historyLimit - 1]?.version);
    }
    for (const listener of [...this.#listeners]) listener(change);
  }

  #newUid(): string {
    this.#uids += 1;
    return `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`;
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** RFC 7386: null takes a field away, objects merge, all else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
