/** Tables for a terminal and for Markdown. */

/** The first row is the head. */
export type Cells = readonly (readonly string[])[];

/** Rows for a terminal. @param figures the columns that stand to the right */
export function plainTable(cells: Cells, figures: readonly number[] = []): string {
  return padded(cells, figures, 0)
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

/** A Markdown table as Biome would have it. @param figures the columns that stand to the right */
export function markdownTable(cells: Cells, figures: readonly number[] = []): string {
  const escaped = cells.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const [head = [], ...body] = padded(escaped, figures, 3);
  const rule = head.map(({ length }, i) =>
    figures.includes(i) ? `${'-'.repeat(length - 1)}:` : '-'.repeat(length),
  );
  return [head, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Cells of equal width by column. */
function padded(cells: Cells, figures: readonly number[], least: number): Cells {
  const [head = []] = cells;
  const widths = head.map((_, i) => Math.max(least, ...cells.map((row) => row[i]?.length ?? 0)));
  return cells.map((row) =>
    row.map((cell, i) =>
      figures.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
    ),
  );
}
