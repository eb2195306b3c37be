import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from './api/store.ts';

/** A recording of what one commit changed within resources; see `__tests__/inside/README.md`. */
export interface InsideRecording {
  readonly revisions: { readonly from: string; readonly to: string };
  /** The paths that changed, by `group/Kind/name`. */
  readonly expect: Readonly<Record<string, readonly string[]>>;
  readonly before: InsideMoment;
  readonly after: InsideMoment;
  readonly 'argocd-manifests': Readonly<Record<string, { readonly manifests: readonly string[] }>>;
}

export interface InsideMoment {
  readonly application: KubeObject;
  /** By plural. */
  readonly objects: Readonly<Record<string, readonly KubeObject[]>>;
}

export function insideRecording(name: string): InsideRecording {
  const path = join(import.meta.dirname, '..', 'inside', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** What Argo CD rendered of a revision in a recording. */
export function renderedIn(
  recording: InsideRecording,
  revision: string,
): readonly object[] | undefined {
  return recording['argocd-manifests'][revision]?.manifests.map((each) => JSON.parse(each));
}
