import { resolve } from 'node:path';
import { NO_LOOKS } from '../core/result/looks.js';
import { lookOptions, observeTree } from '../core/result/observe.js';
import { explained } from '../core/result/settle.js';
import { EMPTY_TREE, type ResourceTree, type TreeNode } from '../core/within/tree.js';
import { list, record, text } from '../http/json.js';
import { InputError, messageOf } from '../platform/errors.js';
import { treeIn } from '../sources/argocd/tree.js';
import { WORKLOADS } from '../sources/kubernetes/workloads.js';
import { analysisNode } from '../sources/live-rollout.js';
import type { Outcome } from '../wait/waits.js';

/** Names of files with what is within an Application; empty: none. */
export interface WithinFiles {
  /** The answer of `resource-tree` of the Argo CD API. */
  readonly tree: string;
  /** What `kubectl get pods -o json` prints; workloads and AnalysisRuns may be among them. */
  readonly pods: string;
}

/**
 * What is within an Application, as it was saved; undefined where nothing was.
 * @throws InputError
 */
export function readWithin(
  files: WithinFiles,
  directory: string,
  readFile: (path: string) => string,
): ResourceTree | undefined {
  if (files.tree === '' && files.pods === '') return undefined;
  const json = (option: keyof WithinFiles): unknown => {
    try {
      return JSON.parse(readFile(resolve(directory, files[option])));
    } catch (thrown) {
      throw new InputError([`--${option}: cannot read ${files[option]}: ${messageOf(thrown)}`]);
    }
  };
  const tree = files.tree === '' ? EMPTY_TREE : treeIn(json('tree'));
  const pods = files.pods === '' ? [] : list(record(json('pods')).items).flatMap(nodeOf);
  if (tree.nodes.length + pods.length === 0) {
    const given = files.tree === '' ? '--pods' : '--tree';
    const wanted = files.tree === '' ? '`items`, as kubectl prints them' : '`nodes` of Argo CD';
    throw new InputError([`${given}: there is nothing in it; it must have ${wanted}`]);
  }
  const known = new Map(pods.map((each) => [each.uid, each]));
  const inTree = new Set(tree.nodes.map(({ uid }) => uid));
  const nodes = tree.nodes.map((each) => ({ ...each, ...detailsOf(known.get(each.uid)) }));
  return { ...tree, nodes: [...nodes, ...pods.filter(({ uid }) => !inTree.has(uid))] };
}

/** Items of lists of one kind may lack it: then they are pods. */
function nodeOf(object: unknown): readonly TreeNode[] {
  const kind = text(record(object).kind) || 'Pod';
  if (kind === 'AnalysisRun') return [analysisNode(object)];
  const type = WORKLOADS.find((each) => each.kind === kind);
  return type ? [type.node(object)] : [];
}

/** What an object tells beyond the tree. */
function detailsOf(node: TreeNode | undefined): Partial<TreeNode> {
  return {
    ...(node?.pod ? { pod: node.pod } : {}),
    ...(node?.rollout ? { rollout: node.rollout } : {}),
    ...(node?.analysis ? { analysis: node.analysis } : {}),
  };
}

/**
 * The ends with the causes that a tree tells of.
 * @throws InputError where there are several Applications: it is of one
 */
export function withTree(outcome: Outcome, tree: ResourceTree): Outcome {
  if (outcome.ends.size > 1) {
    throw new InputError(['--tree and --pods are of one Application: name it with --application']);
  }
  const ends = [...outcome.ends].map(([key, settled]) => {
    const { within, result } = settled;
    if (!within) return [key, settled] as const;
    const options = lookOptions(within.application, result.application);
    const looks = observeTree(NO_LOOKS, tree, options, { elapsed: 0 }, true);
    return [key, explained(settled, looks)] as const;
  });
  return { ...outcome, ends: new Map(ends) };
}
