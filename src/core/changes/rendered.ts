import { type ResourceKey, resourceName } from '../application/types.js';
import type { Rendered, RenderedResources } from '../fields/rendering.js';
import type { ResourceFields } from '../fields/resources.js';
import type { Change } from '../result/vocabulary.js';

/** What Argo CD renders of what was there before a deployment, and of what it deployed. */
export interface RenderedDeployment {
  readonly resources: RenderedResources;
  /** The Application has it now, in Git or still to be pruned. */
  readonly managed: (resource: ResourceKey) => boolean;
  /** All that the Application has in Git is among the later manifests: nothing of it is missing. */
  readonly whole: boolean;
}

/**
 * Decides by the manifests what nothing better could, and adds the changed fields of updated
 * resources.
 * @param fields whether the changed fields are asked for
 */
export function withRendered(
  changes: readonly Change[],
  { resources }: RenderedDeployment,
  fields: boolean,
): readonly Change[] {
  return changes.map((each) => {
    if (each.change !== 'updated') return each;
    const found = resources.of(each);
    const change = each.evidence === 'reported' ? decidedBy(each, found) : each;
    if (!fields || change.change !== 'updated' || found.kind !== 'kept') return change;
    return { ...change, fields: { ...found.fields, evidence: 'rendered' } };
  });
}

function decidedBy(change: Change, found: Rendered): Change {
  if (found.kind === 'added') return { ...change, change: 'created', evidence: 'rendered' };
  if (found.kind !== 'kept' || !isDecided(found.fields)) return change;
  const updated = found.fields.changes.length > 0;
  return { ...change, change: updated ? 'updated' : 'unchanged', evidence: 'rendered' };
}

/** Of a Secret whose masked values look the same, nobody knows. */
function isDecided({ changes, unknown }: ResourceFields): boolean {
  return unknown === 'none' || unknown === 'any' || changes.some(({ steps }) => !isData(steps));
}

function isData(steps: ResourceFields['changes'][number]['steps']): boolean {
  return steps.length === 1 && steps[0]?.text === 'data';
}

/**
 * What left Git, is gone, and whose result was replaced before it was seen.
 * @param application as in `Change.application`
 */
export function prunedUnseen(
  application: string,
  changes: readonly Change[],
  { resources, managed }: RenderedDeployment,
): readonly Change[] {
  const told = new Set(changes.map(resourceName));
  // A manifest does not say whether its kind has namespaces; what was told of it does.
  const isTold = (each: ResourceKey) =>
    [each.namespace, ''].some((namespace) => told.has(resourceName({ ...each, namespace })));
  return resources.removed
    .filter((each) => !isTold(each) && !managed(each))
    .map((each) => ({
      application,
      ...each,
      change: 'pruned',
      evidence: 'rendered',
      message: '',
      images: [],
      phase: '',
    }));
}
