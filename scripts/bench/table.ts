import type { Row } from './rows.ts';

const HEAD = ['What', 'Ours', 'Beside it', 'Ratio', 'Goal', 'Held'];

/** Cells as words; the first row is the head. */
export function cellsOf(rows: readonly Row[]): readonly (readonly string[])[] {
  const held = ({ held, goal }: Row): string => {
    if (held !== undefined) return held ? 'yes' : 'NO';
    return goal === '' ? '' : 'not measured';
  };
  return [
    HEAD,
    ...rows.map((row) => [row.what, row.ours, row.beside, row.ratio, row.goal, held(row)]),
  ];
}

/** For a terminal: the second and the fourth column are figures. */
export function plain(cells: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column === 1 || column === 3 ? cell.padStart(width) : cell.padEnd(width);
  };
  return cells.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

/** As Biome and Prettier would have it: columns of equal width. */
export function markdown(
  cells: readonly (readonly string[])[],
  figures: readonly number[],
): string {
  const columns = cells[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => padded(cell, widths[column] ?? 0, figures.includes(column))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    figures.includes(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const [head = [], ...body] = cells;
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

function padded(cell: string, width: number, figure: boolean): string {
  return figure ? cell.padStart(width) : cell.padEnd(width);
}
