/** A part of a Markdown page: what must stay, and rows that may be cut. */
export interface Section {
  readonly head: string;
  readonly rows: readonly string[];
  readonly foot: string;
  /** Sections of lower rank get room for their rows first. */
  readonly rank: number;
}

/** A part without rows. */
export function passage(text: string): Section {
  return { head: text, rows: [], foot: '', rank: 0 };
}

/**
 * Joins the sections within a limit in UTF-8 bytes: rows that find no room are counted in a line
 * of their own. Heads and feet are always there, whatever the limit.
 */
export function layOut(sections: readonly Section[], limit: number): string {
  let room = limit - bytes(sections.map((section) => page(section, 0)).join(''));
  const kept = new Map<Section, number>();
  for (const section of sections.toSorted((a, b) => a.rank - b.rank)) {
    const [count, taken] = fill(section.rows, room);
    kept.set(section, count);
    room -= taken;
  }
  return sections.map((section) => page(section, kept.get(section) ?? 0)).join('');
}

function fill(rows: readonly string[], room: number): readonly [count: number, taken: number] {
  let [count, taken] = [0, 0];
  for (const row of rows) {
    const size = bytes(row);
    if (taken + size > room) break;
    count += 1;
    taken += size;
  }
  return [count, taken];
}

function page({ head, rows, foot }: Section, kept: number): string {
  const left = rows.length - kept;
  // The line that says what is left out is never longer than with no row kept.
  const note =
    left > 0 ? `\n_${left} more, left out for want of room: see the results file._\n` : '';
  return head + rows.slice(0, kept).join('') + note + foot;
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
