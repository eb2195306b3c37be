/** The figures as a picture, drawn by hand: SVG that carries its own light and dark colours. */
import { count, GOALS, type Measured } from './rows.ts';
import type { Scale } from './scale.ts';

const WIDTH = 860;
const ROW = 30;
const BARS = { left: 250, top: 70, width: 490 };
const PANEL = { height: 230, width: 310, left: 70, gap: 110 };

const STYLE = `
  .card { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .faint { fill: #59636e; font-size: 12px }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .goal { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 5 4 }
  .goal-text { fill: #cf222e; font-size: 12px }
  .ours { fill: #0969da }
  .other { fill: #9aa4af }
  .line { fill: none; stroke-width: 2.5 }
  .line.first { stroke: #0969da }
  .line.second { stroke: #9a6700 }
  .dot.first { fill: #0969da }
  .dot.second { fill: #9a6700 }
  .name.first { fill: #0969da }
  .name.second { fill: #9a6700 }
  .linear { stroke: #9aa4af; stroke-width: 1.5; stroke-dasharray: 2 4 }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .faint { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .goal { stroke: #f85149 }
    .goal-text { fill: #f85149 }
    .ours { fill: #4493f8 }
    .other { fill: #656c76 }
    .line.first { stroke: #4493f8 }
    .line.second { stroke: #d29922 }
    .dot.first { fill: #4493f8 }
    .dot.second { fill: #d29922 }
    .name.first { fill: #4493f8 }
    .name.second { fill: #d29922 }
    .linear { stroke: #656c76 }
  }`;

export function plot({ start, scale }: Measured): string {
  const { bare, byToken, byKubeconfig, kubectl, argocd, loop } = start;
  const bars = [bare, byToken, byKubeconfig, argocd, kubectl, ...(kubectl ? [] : [loop])]
    .filter((each) => each !== undefined)
    .map(({ name, wallMs, peakMiB }) => ({ name, wall: wallMs.median, peak: peakMiB.median }));
  const top = BARS.top + bars.length * ROW + 110;
  const height = top + PANEL.height + 70;
  const right = PANEL.left + PANEL.width + PANEL.gap;
  const memory: Curve = { name: '', colour: 'first', of: ({ peakMiB }) => peakMiB.median };
  const wall: Curve = { name: 'wall', colour: 'first', of: ({ wallMs }) => wallMs.median / 1000 };
  const cpu: Curve = { name: 'CPU', colour: 'second', of: ({ cpuMs }) => cpuMs.median / 1000 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Benchmarks: start, and many Applications">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    words(
      24,
      34,
      'title',
      'Start: the whole process, for an Application that is done (median), and its peak memory',
    ),
    ...barsOf(bars, bare.wallMs.median),
    words(
      24,
      top - 46,
      'title',
      'Many Applications of 30 KB under one selector, both axes logarithmic',
    ),
    ...panel(scale, {
      ...{ left: PANEL.left, top, title: 'Peak memory (MiB); dotted: in proportion' },
      ...{ curves: [memory], goal: GOALS.peakMiB },
    }),
    ...panel(scale, {
      left: right,
      top,
      title: 'Time (s); dotted: in proportion',
      curves: [wall, cpu],
    }),
    '</svg>',
    '',
  ].join('\n');
}

interface Bar {
  readonly name: string;
  readonly wall: number;
  readonly peak: number;
}

function barsOf(bars: readonly Bar[], bare: number): readonly string[] {
  const most = Math.max(...bars.map(({ wall }) => wall), bare * GOALS.startToBare);
  const x = (value: number): number => (value / most) * BARS.width;
  const rows = bars.flatMap(({ name, wall, peak }, i) => {
    const y = BARS.top + i * ROW;
    const kind = name.startsWith('this action') ? 'ours' : 'other';
    const memory = Number.isNaN(peak) ? '' : `, ${peak.toFixed(0)} MiB`;
    return [
      words(BARS.left - 12, y + 15, '', name, 'end'),
      `<rect class="${kind}" x="${BARS.left}" y="${y}" width="${round(x(wall))}" height="20" rx="3"/>`,
      words(BARS.left + x(wall) + 8, y + 15, 'faint', `${wall.toFixed(0)} ms${memory}`),
    ];
  });
  const goal = BARS.left + x(bare * GOALS.startToBare);
  const bottom = BARS.top + bars.length * ROW;
  return [
    ...rows,
    line('goal', goal, BARS.top - 10, goal, bottom),
    words(goal, bottom + 14, 'goal-text', `goal: ${GOALS.startToBare} × bare Node`, 'middle'),
  ];
}

interface Curve {
  readonly name: string;
  /** Of the style. */
  readonly colour: 'first' | 'second';
  readonly of: (scale: Scale) => number;
}

interface Panel {
  readonly left: number;
  readonly top: number;
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly goal?: number;
}

type Axis = (value: number) => number;

function panel(scale: readonly Scale[], { left, top, title, curves, goal }: Panel): string[] {
  const right = left + PANEL.width;
  const bottom = top + PANEL.height;
  const values = curves.flatMap(({ of }) => scale.map(of)).concat(goal ?? []);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const sizes = scale.map(({ applications }) => applications);
  const most = Math.max(...sizes);
  const x: Axis = (size) => left + (Math.log10(size) / Math.log10(most)) * PANEL.width;
  const y: Axis = (value) => bottom - ((Math.log10(value) - low) / (high - low)) * PANEL.height;
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return [
    words(left, top - 14, 'faint', title),
    ...decades.flatMap((value) => [
      line('grid', left, y(value), right, y(value)),
      words(left - 8, y(value) + 4, 'faint', String(Number(value.toPrecision(1))), 'end'),
    ]),
    ...sizes.flatMap((size) => [
      line('grid', x(size), top, x(size), bottom),
      words(x(size), bottom + 18, 'faint', count(size), 'middle'),
    ]),
    words((left + right) / 2, bottom + 38, 'faint', 'Applications', 'middle'),
    ...(goal === undefined
      ? []
      : [
          line('goal', left, y(goal), right, y(goal)),
          words(left + 6, y(goal) - 6, 'goal-text', `goal at ${count(most)}: ${goal} MiB`),
        ]),
    ...proportional(x, y, most, Math.max(...values.slice(0, sizes.length)), 10 ** low),
    // The higher one has its name above its end.
    ...curves
      .toSorted((a, b) => Math.max(...scale.map(b.of)) - Math.max(...scale.map(a.of)))
      .flatMap((curve, i) => drawn(curve, scale, x, y, i === 0 ? -6 : 16)),
  ];
}

/** What a cost in proportion to the number would look like, from the largest size down. */
function proportional(x: Axis, y: Axis, most: number, end: number, low: number): string[] {
  const from = Math.max(1, (most * low) / end);
  return [line('linear', x(from), y((end * from) / most), x(most), y(end))];
}

function drawn(
  { name, colour, of }: Curve,
  scale: readonly Scale[],
  x: Axis,
  y: Axis,
  aside: number,
) {
  const points = scale.map((each) => [round(x(each.applications)), round(y(of(each)))] as const);
  const [endX = 0, endY = 0] = points.at(-1) ?? [];
  return [
    `<polyline class="line ${colour}" points="${points.join(' ')}"/>`,
    ...points.map(([px, py]) => `<circle class="dot ${colour}" cx="${px}" cy="${py}" r="4"/>`),
    words(endX + 9, endY + aside, `name ${colour}`, name),
  ];
}

function words(x: number, y: number, kind: string, text: string, anchor = 'start'): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map(round);
  return `<line class="${kind}" x1="${a}" y1="${b}" x2="${c}" y2="${d}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
