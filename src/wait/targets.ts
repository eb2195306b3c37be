import type { Application } from '../core/application/types.js';
import { resolveTarget, type Target } from '../core/decision/target.js';
import type { Inputs } from '../inputs/types.js';
import type { Console } from '../report/console.js';

/** Decides what each Application is to reach; says so for the first of those that reach the same. */
export function targetResolver(
  inputs: Inputs,
  console: Console,
): (application: Application) => Target {
  const said = new Set<string>();
  const once = (line: string, say: () => void) => {
    if (!said.has(line)) say();
    said.add(line);
  };
  const named = inputs.images.map(({ text }) => text).join(', ');
  const whatever = named === '' ? 'whatever is deployed' : `image ${named} at any revision`;
  return (application) => {
    const target = resolveTarget(inputs.revision, inputs.run, application);
    const what = target.kind === 'any' ? whatever : `revision ${target.text}`;
    const line = `waiting for ${what} (${target.why}).`;
    once(line, () => console.info(`${application.namespace}/${application.name}: ${line}`));
    if (target.kind === 'any' && inputs.revision.kind === 'auto' && named === '') {
      once('warned', () => console.warning(noRevision(target.why)));
    }
    return target;
  };
}

function noRevision(why: string): string {
  return `revision: auto found no revision to wait for (${why}), so what was deployed before this run may satisfy the wait. Name the revision, e.g. revision: \${{ github.sha }}, or the commit of the configuration repository; revision: none silences this.`;
}
