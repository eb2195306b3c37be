import { compareRanks, type Finding, findingsOf, type Rank } from './findings.js';
import { familyOf, type ResourceTree, type TreeNode } from './tree.js';

/** What a look that found something is to ask next: of ten pods with one cause, one. */

/** One pod for each cause that is in pods, the most telling first. */
export function podsToRead(tree: ResourceTree, most: number): readonly TreeNode[] {
  const family = familyOf(tree);
  const found = family.roots.flatMap((root) => onePerKind(findingsOf(family, root)));
  const ranked = [...found].sort((a, b) => compareRanks(a.rank, b.rank));
  return distinct(ranked.flatMap(({ pod }) => pod ?? [])).slice(0, most);
}

/** Causes that an event may explain better. */
const UNEXPLAINED: ReadonlySet<Rank> = new Set([
  'unschedulable',
  'degraded',
  'not ready',
  'progressing',
  'starting',
]);

/** What may have events that tell what its state does not, the most telling first. */
export function nodesToAskAbout(tree: ResourceTree, most: number): readonly TreeNode[] {
  const family = familyOf(tree);
  const open = family.roots.flatMap((root) => {
    const found = onePerKind(findingsOf(family, root)).filter(({ rank }) => UNEXPLAINED.has(rank));
    const below = found.some(({ pod }) => !pod) ? family.currentBelow(root).filter(isUnwell) : [];
    return found.flatMap(({ rank, pod, words }) => {
      if (rank === 'unschedulable' && words !== '') return [];
      return (pod ? [pod] : below).map((node) => ({ rank, node }));
    });
  });
  const ranked = [...open].sort((a, b) => compareRanks(a.rank, b.rank));
  return distinct(ranked.map(({ node }) => node)).slice(0, most);
}

function isUnwell({ uid, health, pod }: TreeNode): boolean {
  return uid !== '' && !pod && health !== '' && health !== 'Healthy';
}

function onePerKind(found: readonly Finding[]): readonly Finding[] {
  return [...new Map(found.toReversed().map((each) => [each.kind, each])).values()];
}

function distinct(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return [...new Set(nodes.filter((node) => node.uid !== ''))];
}
