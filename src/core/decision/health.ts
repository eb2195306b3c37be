import type { Application, ComparedResource } from '../application/types.js';
import { type Pattern, selects } from '../filters/patterns.js';

/** Whose health and sync count. */
export interface Judged {
  readonly application: Application;
  readonly policy: { readonly waitResources: readonly Pattern[] };
}

/** The resources that must be in sync and healthy: all, or those of `wait-resources`. */
export function relevant({ application, policy }: Judged): readonly ComparedResource[] {
  const all = application.comparison.resources.filter((each) => !each.hook);
  return policy.waitResources.length === 0
    ? all
    : all.filter((each) => selects(policy.waitResources, each));
}

/**
 * Health of the Application, or the worst of the resources asked for. Where the object has health
 * by resource, those without are of kinds for which Argo CD has none: they are well.
 */
export function healthOf(judged: Judged): string {
  const own = judged.application.health.status;
  if (own === 'Healthy' || !isHealthByResource(judged)) return own;
  return relevant(judged).reduce(
    (worst, { health }) =>
      HEALTH_ORDER.indexOf(health) > HEALTH_ORDER.indexOf(worst) ? health : worst,
    'Healthy',
  );
}

/** Whether `wait-resources` can have an effect on health. */
export function isHealthByResource({ application, policy }: Judged): boolean {
  if (policy.waitResources.length === 0 || application.healthInTree) return false;
  return application.comparison.resources.some((each) => !each.hook && each.health !== '');
}

/** `wait-resources` is given, and has no effect on health. */
export function isHealthOfAll(judged: Judged): boolean {
  return judged.policy.waitResources.length > 0 && !isHealthByResource(judged);
}

/** Best to worst, as Argo CD has it. */
export const HEALTH_ORDER: readonly string[] = [
  'Healthy',
  'Suspended',
  'Progressing',
  'Missing',
  'Degraded',
  'Unknown',
];
