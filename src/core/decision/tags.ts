import type { Application, Revisions, TagObject } from '../application/types.js';
import type { Fact } from './facts.js';
import type { Observations } from './observations.js';
import type { Target } from './target.js';

/** Tag objects to the commits that they name, by SHA. */
export type Tags = ReadonlyMap<string, string>;

/** Adds tags to the known ones; the same map where all were known. */
export function withTags(known: Tags, found: readonly TagObject[]): Tags {
  const fresh = found.filter(({ tag, commit }) => known.get(tag) !== commit);
  if (fresh.length === 0) return known;
  return new Map([...known, ...fresh.map(({ tag, commit }) => [tag, commit] as const)]);
}

/** An Application with the commits in place of their tag objects. */
export function untagged(application: Application, tags: Tags): Application {
  if (tags.size === 0) return application;
  const { comparison, requested, operation, history } = application;
  return {
    ...application,
    comparison: withCommits(comparison, tags),
    history: history.map((each) => withCommits(each, tags)),
    ...(requested ? { requested: withCommits(requested, tags) } : {}),
    ...(operation ? { operation: withCommits(operation, tags) } : {}),
  };
}

/** What was seen before a tag was known, with its commit. */
export function untaggedEvidence(seen: Observations, tags: Tags): Observations {
  return {
    ...seen,
    comparisons: seen.comparisons.map((each) => withCommits(each, tags)),
    operations: seen.operations.map((each) => withCommits(each, tags)),
  };
}

/** Facts that were seen before a tag was known, with its commit. */
export function untaggedFacts(facts: readonly Fact[], tags: Tags): readonly Fact[] {
  return facts.map((each) => ('revisions' in each ? withCommits(each, tags) : each));
}

/** A target that names a tag object names its commit. */
export function untaggedTarget(target: Target, tags: Tags): Target {
  if (target.kind === 'any') return target;
  const text = target.text.toLowerCase();
  const [, commit] = text.length < 7 ? [] : ([...tags].find(([tag]) => tag.startsWith(text)) ?? []);
  return commit === undefined ? target : { ...target, text: commit };
}

function withCommits<T extends { readonly revisions: Revisions }>(at: T, tags: Tags): T {
  const { resolved } = at.revisions;
  if (!resolved.some((each) => tags.has(each))) return at;
  const commits = resolved.map((each) => tags.get(each) ?? each);
  return { ...at, revisions: { ...at.revisions, resolved: commits } };
}
