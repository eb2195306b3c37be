import type { Application } from '../core/application/types.js';
import { isSha, repositoryAt } from '../core/decision/target.js';
import type { Inputs } from '../inputs/types.js';
import type { Log } from '../platform/log.js';
import type { EffectDependencies } from '../wait/effects.js';
import type { Commits } from './commits.js';
import type { GithubParts } from './connection.js';

/** What a wait asks of GitHub. Few waits have a question: what answers is loaded with the first. */
export function commitQuestions(
  { githubToken, run }: Pick<Inputs, 'githubToken' | 'run'>,
  { log, ...parts }: GithubParts & { readonly log: Log },
): Pick<EffectDependencies, 'relate' | 'resolveName'> {
  let loaded: Promise<Commits> | undefined;
  const commits = () => {
    loaded ??= import('./commits.js').then(({ githubCommits }) =>
      githubCommits({ token: githubToken, apiUrl: run.apiUrl, log, ...parts }),
    );
    return loaded;
  };
  return {
    async relate({ application, target }, revision, signal) {
      if (!application || target?.kind !== 'revision') return 'other';
      const [source = 0] = target.sources ?? [];
      const repository = repositoryAt(application.sources[source], run.serverUrl);
      if (repository === undefined || !isSha(target.text) || !isSha(revision)) return 'other';
      const { contains, tagged } = await commits();
      if (mayBeTag(application, source, run)) {
        const tagOf = await tagged(repository, revision, signal);
        if (tagOf === undefined) return undefined;
        if (tagOf !== '') return { tagOf };
      }
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

/** Whether a source tracks something else than a branch, as far as the run knows. */
function mayBeTag({ sources }: Application, source: number, { commit }: Inputs['run']): boolean {
  const tracked = sources[source]?.targetRevision ?? '';
  if (['', 'HEAD'].includes(tracked) || commit.kind === 'none') return false;
  return tracked !== commit.defaultBranch && commit.ref !== `refs/heads/${tracked}`;
}
