import { isSha, repositoryAt } from '../core/decision/target.js';
import type { Inputs } from '../inputs/types.js';
import type { Log } from '../platform/log.js';
import type { EffectDependencies } from '../wait/effects.js';
import type { Commits } from './commits.js';

/** What a wait asks of GitHub. Few waits have a question: what answers is loaded with the first. */
export function commitQuestions(
  { githubToken, run }: Pick<Inputs, 'githubToken' | 'run'>,
  log: Log,
): Pick<EffectDependencies, 'relate' | 'resolveName'> {
  let loaded: Promise<Commits> | undefined;
  const commits = () => {
    loaded ??= import('./commits.js').then(({ githubCommits }) =>
      githubCommits(githubToken, run.apiUrl, log),
    );
    return loaded;
  };
  return {
    async relate({ application, target }, revision, signal) {
      if (!application || target?.kind !== 'revision') return 'other';
      const [source = 0] = target.sources ?? [];
      const repository = repositoryAt(application.sources[source], run.serverUrl);
      if (repository === undefined || !isSha(target.text) || !isSha(revision)) return 'other';
      const { contains } = await commits();
      const contained = await contains(repository, target.text, revision, signal);
      if (contained === undefined) return undefined;
      return contained ? 'descendant' : 'other';
    },
    async resolveName(repository, text, signal) {
      const { resolve } = await commits();
      return resolve(repository, text, signal);
    },
  };
}
