/** One step of the way from an object's root to a field. */
export type Step =
  | { readonly kind: 'key'; readonly text: string }
  /** An element of a list: by the value of its merge key, or by its index. */
  | { readonly kind: 'element'; readonly text: string };

/** From the root of an object; never empty. */
export type FieldPath = readonly Step[];

/** A key that needs no quotes. */
const WORD = /^[\w-]+$/;
/** The value of a merge key that needs no quotes: names, ports, mount paths, addresses. */
const BARE_ELEMENT = /^[\w./:,*@-]+$/;

/** `spec.template.spec.containers[main].image`, `data["nginx.conf"]` */
export function formatPath(path: FieldPath): string {
  return path.map(formatStep).join('').replace(/^\./, '');
}

function formatStep({ kind, text }: Step): string {
  if (kind === 'key') return WORD.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
  return BARE_ELEMENT.test(text) ? `[${text}]` : `[${JSON.stringify(text)}]`;
}
