import { fitting, NO_TEXTS, type Texts } from './texts.js';

/** A part of a Markdown page: what must stay, and rows that may be cut. */
export interface Section {
  readonly head: string;
  readonly rows: Texts;
  readonly foot: string;
  /** Sections of lower rank get room for their rows first. */
  readonly rank: number;
}

/** A part without rows. */
export function passage(text: string): Section {
  return { head: text, rows: NO_TEXTS, foot: '', rank: 0 };
}

/**
 * Joins the sections within a limit in UTF-8 bytes: rows that find no room are counted in a line
 * of their own. Heads and feet are always there, whatever the limit.
 */
export function layOut(sections: readonly Section[], limit: number): string {
  let room = limit - bytes(sections.map((section) => page(section, [])).join(''));
  const kept = new Map<Section, readonly string[]>();
  for (const section of sections.toSorted((a, b) => a.rank - b.rank)) {
    const { texts, taken } = fitting(section.rows, room, bytes);
    kept.set(section, texts);
    room -= taken;
  }
  return sections.map((section) => page(section, kept.get(section) ?? [])).join('');
}

function page({ head, rows, foot }: Section, kept: readonly string[]): string {
  const left = rows.count - kept.length;
  // The line that says what is left out is never longer than with no row kept.
  const note =
    left > 0 ? `\n_${left} more, left out for want of room: see the results file._\n` : '';
  return head + kept.join('') + note + foot;
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
