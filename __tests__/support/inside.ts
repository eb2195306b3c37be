import { readFileSync } from 'node:fs';
import type { KubeObject } from './api-server.ts';
import type { Within } from './argocd-server.ts';

/** A moment of a recording of `inside/`. */
export interface Inside {
  readonly application: KubeObject;
  readonly objects: Readonly<Record<string, readonly KubeObject[]>>;
  readonly argocd: { readonly 'resource-tree': Readonly<Record<string, unknown>> };
}

export interface InsideRecording {
  readonly name: string;
  readonly before: Inside;
  readonly after: Inside;
  readonly 'argocd-events': Readonly<Record<string, { readonly items: readonly object[] }>>;
}

export function readInside(name: string): InsideRecording {
  const file = new URL(`../inside/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as InsideRecording;
}

/** All live objects of a moment, with the kinds that lists of them leave out. */
export function liveIn({ objects }: Inside): readonly KubeObject[] {
  return Object.values(objects).flat();
}

/** What Argo CD says of a moment. */
export function withinOf(recording: InsideRecording, moment: Inside): Within {
  const events = Object.fromEntries(
    (moment.objects['pods'] ?? []).map(({ metadata }) => [
      metadata.uid ?? '',
      recording['argocd-events'][metadata.name]?.items ?? [],
    ]),
  );
  return { tree: moment.argocd['resource-tree'], events };
}
