/** A kind of Argo's, as its projects define it. */
export interface Kind {
  readonly kind: string;
  readonly plural: string;
  /** Its status is a subresource: written by requests of its own, and without a new generation. */
  readonly hasStatus: boolean;
}

export const GROUP = 'argoproj.io';
export const VERSION = 'v1alpha1';

/** By manifests/crds of argoproj/argo-cd and argoproj/argo-rollouts. */
export const APPLICATION: Kind = {
  kind: 'Application',
  plural: 'applications',
  hasStatus: false,
};

export const KINDS: readonly Kind[] = [
  APPLICATION,
  { kind: 'ApplicationSet', plural: 'applicationsets', hasStatus: true },
  { kind: 'AppProject', plural: 'appprojects', hasStatus: false },
  { kind: 'Rollout', plural: 'rollouts', hasStatus: true },
  { kind: 'AnalysisRun', plural: 'analysisruns', hasStatus: false },
];

/** @throws Error for a kind that is not in `KINDS` */
export function kindOf(name: string | undefined): Kind {
  const found = KINDS.find(({ kind }) => kind === name);
  if (!found) throw new Error(`${name} is not one of ${KINDS.map(({ kind }) => kind).join(', ')}.`);
  return found;
}
