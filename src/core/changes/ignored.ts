import type { Application, ResourceKey } from '../application/types.js';
import { compileGlob } from '../filters/globs.js';

/**
 * Tells of a resource whether `spec.ignoreDifferences` leaves fields of it out of the comparison
 * (`diff_normalizer.go` of Argo CD: group and kind are globs, name and namespace are not).
 */
export function ignoredIn({
  ignoredDifferences = [],
}: Pick<Application, 'ignoredDifferences'>): (of: ResourceKey) => boolean {
  const entries = ignoredDifferences.map(({ group, kind, name, namespace }) => {
    const [isGroup, isKind] = [matcher(group), matcher(kind)];
    return (of: ResourceKey) =>
      isGroup(of.group) &&
      isKind(of.kind) &&
      (name === '' || name === of.name) &&
      (namespace === '' || namespace === of.namespace);
  });
  return (of) => entries.some((applies) => applies(of));
}

/** A glob that cannot be read may be any: what is written must not be called unchanged. */
function matcher(glob: string): (text: string) => boolean {
  const compiled = compileGlob(glob);
  return compiled.ok ? compiled.value.matches : () => true;
}
