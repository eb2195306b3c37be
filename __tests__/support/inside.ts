import { readFileSync } from 'node:fs';
import type { KubeObject } from './api-server.ts';
import type { Within } from './argocd-server.ts';

/** A moment of a recording of `inside/`. */
export interface InsideMoment {
  readonly application: KubeObject;
  /** By plural. */
  readonly objects: Readonly<Record<string, readonly KubeObject[]>>;
  readonly argocd: { readonly 'resource-tree': Readonly<Record<string, unknown>> };
}

/** What was within an Application before and after a commit; see `__tests__/inside/README.md`. */
export interface InsideRecording {
  readonly name: string;
  readonly revisions: { readonly from: string; readonly to: string };
  /** Of `fields-*`: the paths that changed, by `group/Kind/name`. */
  readonly expect: Readonly<Record<string, readonly string[]>>;
  readonly before: InsideMoment;
  readonly after: InsideMoment;
  readonly 'argocd-events': Readonly<Record<string, { readonly items: readonly object[] }>>;
  readonly 'argocd-manifests': Readonly<Record<string, { readonly manifests: readonly string[] }>>;
}

export function readInside(name: string): InsideRecording {
  const file = new URL(`../inside/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as InsideRecording;
}

/** All live objects of a moment, with the kinds that lists of them leave out. */
export function liveIn({ objects }: InsideMoment): readonly KubeObject[] {
  return Object.values(objects).flat();
}

/** What Argo CD says of a moment. */
export function withinOf(recording: InsideRecording, moment: InsideMoment): Within {
  const events = Object.fromEntries(
    (moment.objects['pods'] ?? []).map(({ metadata }) => [
      metadata.uid ?? '',
      recording['argocd-events'][metadata.name]?.items ?? [],
    ]),
  );
  return { tree: moment.argocd['resource-tree'], events };
}

/** What Argo CD rendered of a revision in a recording. */
export function renderedIn(
  recording: InsideRecording,
  revision: string,
): readonly object[] | undefined {
  return recording['argocd-manifests'][revision]?.manifests.map((each) => JSON.parse(each));
}
