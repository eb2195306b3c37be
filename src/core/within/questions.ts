import { resourceName } from '../application/types.js';
import {
  compareSymptoms,
  type Finding,
  findingsIn,
  type Symptom,
  waitsForClaims,
} from './findings.js';
import { familyOf, type ResourceTree, type TreeNode } from './tree.js';

/** What a look that found something is to ask next: of ten pods with one cause, one. */

/** One pod for each cause that is in pods, the most telling first. */
export function podsToRead(tree: ResourceTree, most: number): readonly TreeNode[] {
  const pods = oneOfEach(findingsIn(tree))
    .toSorted(moreTelling)
    .map(({ at }) => at);
  return distinct(pods.filter(({ pod }) => pod)).slice(0, most);
}

/** Rollouts that do not go on, and the AnalysisRuns for which they stopped. */
export function rolloutsToRead(tree: ResourceTree, most: number): readonly TreeNode[] {
  const nodes = findingsIn(tree).flatMap(({ at, analysis }) => [
    ...(at.rollout ? [at] : []),
    ...(analysis ? [analysis] : []),
  ]);
  return distinct(nodes).slice(0, most);
}

/** What an event may explain better. */
const UNEXPLAINED: ReadonlySet<Symptom> = new Set([
  'cannot be scheduled',
  'is degraded',
  'is not ready',
  'is progressing',
  'is starting',
]);

/** What may have events that tell what its state does not, the most telling first. */
export function nodesToAskAbout(tree: ResourceTree, most: number): readonly TreeNode[] {
  const family = familyOf(tree);
  const open = oneOfEach(findingsIn(tree)).filter(isUnexplained);
  const nodes = open.toSorted(moreTelling).flatMap(({ at, root, said }) => {
    if (waitsForClaims(at, said)) return family.currentBelow(root).filter(isUnboundClaim);
    // What says that it waits for its pods may have none, for which what makes them knows why.
    return at.pod ? [at] : family.currentBelow(root).filter(isUnwell);
  });
  return distinct(nodes).slice(0, most);
}

function isUnexplained({ symptom, said, at }: Finding): boolean {
  if (symptom !== 'cannot be scheduled') return UNEXPLAINED.has(symptom);
  return said === '' || waitsForClaims(at, said);
}

function isUnboundClaim(node: TreeNode): boolean {
  return node.kind === 'PersistentVolumeClaim' && isUnwell(node);
}

function isUnwell({ health, pod, analysis }: TreeNode): boolean {
  return !pod && !analysis && health !== '' && health !== 'Healthy';
}

function moreTelling(a: Finding, b: Finding): number {
  return compareSymptoms(a.symptom, b.symptom);
}

function oneOfEach(found: readonly Finding[]): readonly Finding[] {
  const first = new Map<string, Finding>();
  for (const each of found) {
    const key = `${resourceName(each.root)} ${each.symptom} ${each.likeness}`;
    if (!first.has(key)) first.set(key, each);
  }
  return [...first.values()];
}

function distinct(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return [...new Set(nodes.filter((node) => node.uid !== ''))];
}
