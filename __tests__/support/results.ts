import type { StepResult } from './action.ts';

/** A resource in the results file and in outputs: what the tests ask of it. */
export interface Resource {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly change: string;
  readonly evidence: string;
  /** Of a hook. */
  readonly phase: string;
  readonly fields?: readonly Field[];
}

export interface Field {
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** An Application in the results file. */
export interface ApplicationEntry {
  readonly application: string;
  readonly conclusion: string;
  readonly reason: string;
  /** Id of the rule that decided. */
  readonly rule: string;
  readonly 'all-resources': readonly Resource[];
}

/** Applications in the results file; without one, none. */
export function applicationsOf({ results }: Pick<StepResult, 'results'>) {
  const file = results as { readonly applications: readonly ApplicationEntry[] } | undefined;
  return file?.applications ?? [];
}

export function resourcesOf(result: Pick<StepResult, 'results'>): readonly Resource[] {
  return applicationsOf(result).flatMap((each) => each['all-resources']);
}

/** `CHANGE group/Kind/namespace/name` of all that changed, sorted, as recordings write it. */
export function changesOf(result: Pick<StepResult, 'results'>): readonly string[] {
  return resourcesOf(result)
    .filter(({ change }) => change !== 'unchanged' && change !== 'hook')
    .map((each) => `${each.change} ${placeOf(each)}`)
    .sort();
}

/** `group/Kind/namespace/name PHASE` of all hooks, sorted. */
export function hooksOf(result: Pick<StepResult, 'results'>): readonly string[] {
  return resourcesOf(result)
    .filter(({ change }) => change === 'hook')
    .map((each) => `${placeOf(each)} ${each.phase}`)
    .sort();
}

/** `group/Kind/namespace/name`. */
export function placeOf({ group, kind, namespace, name }: Resource): string {
  return `${group}/${kind}/${namespace}/${name}`;
}
