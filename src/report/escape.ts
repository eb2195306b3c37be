/**
 * Text from a cluster is anybody's text. These functions make it safe for the places it is
 * shown in: a log line, a workflow command, Markdown, HTML, a Mermaid diagram.
 */

// CSI sequences, terminated OSC sequences, and the two-character ones.
const ANSI =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_=>78]/g;

// Controls, formats (bidi, zero width), lone surrogates, separators, private use, blank fillers.
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** Text without terminal codes, and with all that cannot be seen named: `[U+202E]`. Lines stay. */
export function plain(text: string): string {
  // Most texts: they spare a start the regular expressions of Unicode's classes.
  if (/^[\n\t -~✅❌⚠…·→]*$/.test(text)) return text;
  return text
    .replace(/\r\n?/g, '\n')
    .replace(ANSI, '')
    .replace(UNSEEN, (unseen) => `[U+${codePoint(unseen)}]`);
}

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** A value as indented JSON, in which all that cannot be seen is escaped. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNSEEN, (unseen) => {
    const units = Array.from({ length: unseen.length }, (_, i) => unseen.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** `plain`, in one line. */
export function oneLine(text: string): string {
  return plain(text).replace(/\s+/g, ' ').trim();
}

/** At most `units` UTF-16 units; what is cut shows as `…`. */
export function clip(text: string, units: number): string {
  if (text.length <= units) return text;
  // Not through the middle of a surrogate pair.
  return `${text.slice(0, units - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Lines within `<pre>`; all of them are HTML text, whatever is read around it. */
export function html(text: string): string {
  return neutral(plain(text));
}

/** Inline code of a Markdown paragraph or table cell, as HTML: no backtick or pipe can end it. */
export function code(text: string, title = ''): string {
  const tooltip = title === '' ? '' : ` title="${inert(title)}"`;
  return `<code${tooltip}>${unlinked(inert(text))}</code>`;
}

/**
 * Words of a Markdown paragraph or table cell: they come out as they are, and never as markup,
 * link, mention, reference or emoji.
 */
export function prose(text: string): string {
  // What starts a list, a heading or a rule.
  const line = inert(text).replace(/^[^A-Za-z&]/u, (first) =>
    /\p{L}/u.test(first) ? first : entity(first),
  );
  return unlinked(line);
}

/**
 * GitHub links addresses, mentions and references after it has read the entities, those of e-mail
 * within `<code>` too: only a tag parts them there.
 */
function unlinked(inertText: string): string {
  return inertText
    .replace(/&#(?:35|64);/g, '$&<wbr>')
    .replace(/&#58;\/\//g, '&#58;/<wbr>/')
    .replace(/\b(GH)-(?=\d)/gi, '$1&#45;<wbr>');
}

/** One line in which no character means anything to Markdown or HTML. */
function inert(text: string): string {
  return neutral(oneLine(text));
}

function neutral(text: string): string {
  return text
    .replace(/[&<>"'`*_|[\]\\~#@:$!]/g, entity)
    .replace(/\bwww\./gi, (www) => `${www.slice(0, 3)}&#46;`);
}

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}

/**
 * A label within a Mermaid diagram: whatever is not surely a letter to its grammar, to Markdown and
 * to HTML is shown by a dot.
 */
export function mermaid(text: string): string {
  return oneLine(text)
    .replaceAll(':', '∶')
    .replace(/[^A-Za-z0-9 ._/(),+=…∶-]/g, '·');
}

/** A link, if the address is one of the web; else its words alone. */
export function link(words: string, address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return words;
  return `<a href="${inert(url.href)}">${words}</a>`;
}

/**
 * The lines of a log entry, none of which the runner takes for a command: it looks for `::` at the
 * start of a line, spaces apart, and for `##[` anywhere in it.
 */
export function logLines(text: string): readonly string[] {
  return plain(text)
    .split('\n')
    .map((line) => line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '## ['));
}

/** The text of a workflow command, as the runner decodes it. */
export function commandData(text: string): string {
  return plain(text).replace(/%/g, '%25').replace(/\n/g, '%0A');
}
