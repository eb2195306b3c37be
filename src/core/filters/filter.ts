import { type FieldChange, leavesOf } from '../fields/difference.js';
import { mergeKeysOf } from '../fields/lists.js';
import type { Change, ChangeClass } from '../result/vocabulary.js';
import type { ApplicationMatcher } from './application-names.js';
import { type FieldCondition, matchingFields, mayMatchUnknown } from './field-patterns.js';
import type { Pattern } from './patterns.js';

/** A named question about the changes: matches by one positive pattern or more and no negative one. */
export interface Filter {
  readonly name: string;
  readonly patterns: readonly Pattern[];
  /** The filter's own classes, in place of the run's. */
  readonly classes?: readonly ChangeClass[];
  readonly image?: (image: string) => boolean;
  /** Of an updated resource: on the fields that changed. */
  readonly fields?: FieldCondition;
  /** On the Application: `name` (in any namespace) or `namespace/name`. */
  readonly application?: ApplicationMatcher;
}

export interface EvaluateOptions {
  /** Namespace of changes whose `application` is a bare name. */
  readonly applicationNamespace?: string;
  /**
   * Images an `image` condition looks at; by default the change's own. Argo CD versions that
   * report none by resource leave only those of the whole Application (`summaryImages`).
   */
  readonly imagesOf?: (change: Change) => readonly string[];
}

/**
 * The changes that a filter matches, in their order.
 * @param runClasses the classes of the input `changes`; those of the filter, then those of a
 * pattern's prefix go before them
 */
export function evaluate(
  filter: Filter,
  changes: readonly Change[],
  runClasses: readonly ChangeClass[],
  options: EvaluateOptions = {},
): readonly Change[] {
  const { applicationNamespace = 'argocd', imagesOf = (change) => change.images } = options;
  const { image, classes = runClasses } = filter;
  return changes.filter(
    (change) =>
      patternsMatch(filter.patterns, change, classes) &&
      applicationMatch(filter.application, change, applicationNamespace) &&
      (image === undefined || imagesIn(change, imagesOf).some(image)) &&
      (filter.fields === undefined || fieldsMatch(filter.fields, change)),
  );
}

/** Images that changed, where that is known; else those that the resource has now. */
function imagesIn(
  change: Change,
  imagesOf: (change: Change) => readonly string[],
): readonly string[] {
  const { fields } = change;
  if (change.change !== 'updated' || !fields || fields.unknown === 'any') return imagesOf(change);
  return changedImages(fields.changes, change.group);
}

function changedImages(changes: readonly FieldChange[], group: string): readonly string[] {
  const mergeKeyOf = mergeKeysOf(group);
  return changes
    .flatMap((each) => [each, ...leavesOf(each, mergeKeyOf)])
    .filter(({ steps }) => steps.at(-1)?.text === 'image')
    .flatMap(({ to }) => (typeof to === 'string' ? [to] : []));
}

/** Created and pruned resources match as without the condition, and so does what is not known. */
function fieldsMatch(condition: FieldCondition, { change, fields, group }: Change): boolean {
  if (change !== 'updated' || !fields) return true;
  if (matchingFields(condition, fields.changes, group).length > 0) return true;
  return mayMatchUnknown(condition, fields.unknown);
}

/** Whether a filter matched a change without knowing that its conditions hold. */
export function isGuess({ fields: condition, image }: Filter, change: Change): boolean {
  const { fields } = change;
  if (image && change.images.length === 0 && !fields) return true;
  if (!condition || change.change !== 'updated') return false;
  if (!fields) return true;
  const found = matchingFields(condition, fields.changes, change.group);
  const byValue = condition.from !== undefined || condition.to !== undefined;
  return found.length === 0 || (byValue && found.every((each) => each.hidden === true));
}

/** Without a prefix a negative pattern excludes in every class, a positive one asks for `classes`. */
function patternsMatch(
  patterns: readonly Pattern[],
  change: Change,
  classes: readonly ChangeClass[],
): boolean {
  const hit = (pattern: Pattern, otherwise: readonly ChangeClass[]) =>
    (pattern.classes ?? otherwise).includes(change.change) && pattern.matches(change);
  return (
    patterns.some((pattern) => !pattern.negative && hit(pattern, classes)) &&
    !patterns.some((pattern) => pattern.negative && hit(pattern, [change.change]))
  );
}

function applicationMatch(
  application: ApplicationMatcher | undefined,
  change: Change,
  defaultNamespace: string,
): boolean {
  if (application === undefined) return true;
  const slash = change.application.indexOf('/');
  const namespace = slash < 0 ? defaultNamespace : change.application.slice(0, slash);
  return application(namespace, change.application.slice(slash + 1));
}
