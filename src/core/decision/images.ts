import type { Application } from '../application/types.js';
import type { ImagePattern } from '../filters/images.js';
import { factsOf } from './facts.js';
import { hasEnded, resultsSeen, type SeenOperation } from './observations.js';
import type { State } from './state.js';

/** How an Application's images stand to those that must run. */
export interface ImageStatus {
  /** Those that no pod has. */
  readonly missing: readonly ImagePattern[];
  /** Images of the same names that nobody asked for: what ran before, or runs instead. */
  readonly others: readonly string[];
}

type Images = Pick<Application, 'summaryImages'>;

/** @param wanted the input `image`; none: nothing is missing */
export function imageStatus(
  { summaryImages }: Images,
  wanted: readonly ImagePattern[],
): ImageStatus {
  return {
    missing: wanted.filter((each) => !summaryImages.some(each.matches)),
    others: summaryImages.filter((image) => isOther(image, wanted)),
  };
}

function isOther(image: string, wanted: readonly ImagePattern[]): boolean {
  return wanted.some((each) => each.hasName(image)) && !wanted.some((each) => each.matches(image));
}

/** Images decide, and no revision. */
export function isForImages({ policy, target }: Pick<State, 'policy' | 'target'>): boolean {
  return policy.images.length > 0 && target?.kind !== 'revision';
}

function imagesIn(operation: SeenOperation): readonly string[] {
  return resultsSeen(operation).flatMap(({ latest }) => latest.images);
}

/** Whether an operation's results name one of the images. */
export function namesImage(operation: SeenOperation, wanted: readonly ImagePattern[]): boolean {
  return imagesIn(operation).some((image) => wanted.some((each) => each.matches(image)));
}

/** Argo CD before 3.0 names no images in results: then any operation of the wait may be the one. */
export function hasBroughtImages({ seen, policy }: State): boolean {
  const ended = seen.operations.filter((each) => !each.dryRun && hasEnded(each));
  return ended.some(
    (each) => namesImage(each, policy.images) || (each.endAt !== 0 && imagesIn(each).length === 0),
  );
}

/** Whether the failure of the last operation is one of the images: it had not ended before. */
export function mayBringImages({ seen, policy }: State): boolean {
  const last = seen.operations.at(-1);
  if (!last || namesImage(last, policy.images)) return last !== undefined;
  if (imagesIn(last).some((image) => isOther(image, policy.images))) return false;
  return last.endAt !== 0;
}

/** The images were seen to come: at the first look they were not all there. */
export function cameDuringWait({ facts }: State): boolean {
  return factsOf(facts, 'imaged')[0]?.all === false;
}
