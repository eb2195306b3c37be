import { compileAny, compileGlob, type Glob } from './globs.js';
import { bad, good, type Parsed, quoted } from './parsed.js';

/** An image that must run, as the input `image` names it. */
export interface ImagePattern {
  /** As the user wrote it. */
  readonly text: string;
  readonly matches: (image: string) => boolean;
  /** Whether an image has that name, whatever its tag. */
  readonly hasName: (image: string) => boolean;
}

/** The parts of an image reference; empty where it has none. */
interface ImageParts {
  readonly name: string;
  readonly tag: string;
  /** `sha256:…` */
  readonly digest: string;
}

const ACCEPTED = 'accepted are NAME:TAG and NAME@sha256:…, globs allowed';

/**
 * Reads one `NAME:TAG` or `NAME@sha256:…`; with both, the digest decides. In a name `*` stops at
 * `/`, but `*` at its beginning stands for any registry and path, none too.
 */
export function parseImage(text: string): Parsed<ImagePattern> {
  const refuse = (problem: string) => bad(`${quoted(text)} ${problem}: ${ACCEPTED}`);
  if (/[\s\x00-\x1f\x7f]/.test(text)) return refuse('contains a space or control character');
  const { name, tag, digest } = partsOf(text);
  if (name === '') return refuse('has no name');
  if (tag === '' && digest === '') return refuse('has no tag (is its variable set?)');
  if (digest !== '' && !isDigest(digest)) return refuse('has a digest that is not whole');
  const names = compileAny([name.replace(/^\*\//, '**/')], { path: true });
  const versions = compileGlob(digest === '' ? tag : digest);
  if (!names.ok) return bad(...names.problems);
  if (!versions.ok) return bad(...versions.problems.map((each) => `${quoted(text)} ${each}`));
  return good(patternOf(text, names.value, versions.value, digest === '' ? 'tag' : 'digest'));
}

function patternOf(
  text: string,
  names: Glob,
  versions: Glob,
  decisive: 'tag' | 'digest',
): ImagePattern {
  return {
    text,
    hasName: (image) => names.matches(partsOf(image).name),
    matches(image) {
      const parts = partsOf(image);
      return names.matches(parts.name) && versions.matches(parts[decisive]);
    },
  };
}

/** A port comes before the last slash, a tag after it. */
function partsOf(image: string): ImageParts {
  const at = image.indexOf('@');
  const tagged = at < 0 ? image : image.slice(0, at);
  const digest = at < 0 ? '' : image.slice(at + 1);
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  if (colon < 0) return { name: tagged, tag: '', digest };
  return { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1), digest };
}

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text) || /^sha256:.*[*?[{]/.test(text);
}
