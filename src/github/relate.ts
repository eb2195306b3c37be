import type { Relation, State } from '../core/state.js';
import { isSha, repositoryAt } from '../core/target.js';
import type { RunContext } from '../inputs.js';
import type { Commits } from './commits.js';

/** Answers how a deployed revision relates to the target of an Application. */
export function relationOf(
  commits: Commits,
  run: Pick<RunContext, 'serverUrl'>,
): (state: State, revision: string, signal: AbortSignal) => Promise<Relation | undefined> {
  return async ({ application, target }, revision, signal) => {
    if (!application || target?.kind !== 'revision') return 'other';
    const [source = 0] = target.sources ?? [];
    const repository = repositoryAt(application.sources[source], run.serverUrl);
    if (repository === undefined || !isSha(target.text) || !isSha(revision)) return 'other';
    const contains = await commits.contains(repository, target.text, revision, signal);
    if (contains === undefined) return undefined;
    return contains ? 'descendant' : 'other';
  };
}
