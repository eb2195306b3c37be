import { type Application, keyOf } from '../core/application/types.js';
import { managesElsewhere } from '../core/children/managed.js';
import { type Lead, targetOfManaged } from '../core/children/target.js';
import { resolveTarget, type Target } from '../core/decision/target.js';
import type { Inputs } from '../inputs/types.js';
import type { Console } from '../report/console.js';

/** Decide what an Application is to reach; say so for the first of those that reach the same. */
export interface TargetResolvers {
  readonly named: (application: Application) => Target;
  /** Of one that others manage. */
  readonly managed: (application: Application, leads: readonly Lead[]) => Target;
}

export function targetResolvers(inputs: Inputs, console: Console): TargetResolvers {
  const said = new Set<string>();
  const once = (line: string, say: () => void) => {
    if (!said.has(line)) say();
    said.add(line);
  };
  const tell = (application: Application, what: string, { why }: Target) => {
    const line = `waiting for ${what} (${why}).`;
    once(line, () => console.info(`${keyOf(application)}: ${line}`));
    if (!inputs.children || !managesElsewhere(application)) return;
    const key = keyOf(application);
    once(`elsewhere ${key}`, () => console.warning(elsewhere(key)));
  };
  const images = inputs.images.map(({ text }) => text).join(', ');
  const whatever = images === '' ? 'whatever is deployed' : `image ${images} at any revision`;
  return {
    named(application) {
      const target = resolveTarget(inputs.revision, inputs.run, application);
      tell(application, target.kind === 'any' ? whatever : `revision ${target.text}`, target);
      if (target.kind === 'any' && inputs.revision.kind === 'auto' && images === '') {
        once('warned', () => console.warning(noRevision(target.why)));
      }
      return target;
    },
    managed(application, leads) {
      const target = targetOfManaged(inputs.revision, leads, inputs.run, application);
      const what = target.kind === 'any' ? 'what its spec asks for' : `revision ${target.text}`;
      tell(application, what, target);
      return target;
    },
  };
}

function elsewhere(key: string): string {
  return `children: ${key} deploys Applications to another cluster, where another Argo CD runs them: this step does not wait for those.`;
}

function noRevision(why: string): string {
  return `revision: auto found no revision to wait for (${why}), so what was deployed before this run may satisfy the wait. Name the revision, e.g. revision: \${{ github.sha }}, or the commit of the configuration repository; revision: none silences this.`;
}
