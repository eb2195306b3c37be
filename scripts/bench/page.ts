/** docs/benchmarks.md, of one run: its figures are measured, its prose is the same in every run. */
import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import type { Load } from './load.ts';
import { costs, count, kb, kib, type Measured, mib, ms, type Row, seconds, times } from './rows.ts';
import type { Sampled } from './sample.ts';
import type { Started } from './start.ts';
import { cellsOf, markdown } from './table.ts';

type Cells = readonly (readonly string[])[];

export function page(measured: Measured, rows: readonly Row[]): string {
  const { start, latency, load, scale } = measured;
  const { one, long, many } = load;
  return `# Benchmarks

Written by \`npm run bench -- --write\`, every figure from that one run. Each is beside what it is measured against, measured in the same run on the same machine; where that is a few milliseconds, in turns with it, so that whatever else the machine does meets both. Figures of another machine differ; ratios differ less.

![Bars: how long a start takes. Lines: memory and time for 1 to 5,000 Applications.](benchmarks.svg)

${table(cellsOf(rows), [1, 3])}

What has no goal is there for the comparison, also where the comparison is not to our advantage.

## Where it was measured

${table(machine(start.kubectl, start.argocd), [])}

## Start

The built \`dist/index.js\` in a process of its own, with the environment that a runner sets: it connects over TLS, lists one Application that is done already, applies three filters, writes the outputs and the job summary, and ends. Beside it a Node that does nothing, and other ways to wait, each for the same Application. Time is from before the process to its end; in runs of their own, CPU is user and system time of all its threads, and memory its highest resident set.

${table(startCells(start), [1, 2, 3, 4, 5, 6])}

- \`kubectl wait\` waits for \`status.sync.revision\` on the same test server, by a kubeconfig, with the cold discovery cache that a fresh runner has. A real cluster has more to discover.
- \`argocd app wait\` speaks gRPC to Argo CD's own server: ${aboutArgocd(start.argocd)}
- The loop is the leanest that there could be: one process, one connection, no start of \`kubectl\` for each look.

The files of \`dist/\` that V8 loads for it, in ${kb(start.code.dist)}:

${table(codeCells(measured), [1, 2])}

## From the deciding event to the end

From the write of the event that decides to the end of the process: what the step adds to what Argo CD takes. The loops are ${latency.loop.samples} real ones, begun at random moments; \`kubectl wait\` does nothing but end.

${table(latencyCells(measured), [1, 2, 3])}

## Load on the API server

One wait of ${one.seconds.toFixed(0)} s${one.speed === 1 ? '' : ` (played ${one.speed} times as fast)`}: ${one.quietSeconds} s until Argo CD has noticed the commit, then the recording \`${one.recording}\` of a real sync, ${one.events} events of an Application of ${kib(one.applicationBytes)}.${long ? ` A quiet wait of ${long.seconds} s: nothing but the event that ends it, as where no webhook tells Argo CD of a commit.` : ''} And ${count(many.applications)} Applications of 30 KB, each of which changes once: one watch by a selector, beside a simulated watch of each, as a job for each would open it. Bytes are counted on the connections, both ways, with what TLS adds.

${table(loadCells(measured), [1, 2, 3])}

A watch sends every change whole, and a loop looks at what there is: where an Application changes more often than the loop looks, the loop asks for less, and sees less. In quiet a watch costs a bookmark, and another request where it has come to the end of its life.

## Many Applications

One step, one selector, Applications of 30 KB (70 resources, twice, as on a real one). A first look at all of them, then a change of each, as fast as the step can take them. The API server is a process of its own, and heeds the step's pace.

${table(scaleCells(measured), [1, 2, 3, 4, 5, 6])}

What one Application costs, and in brackets how that compares with the size before: below 1, more Applications cost less each.

${table(costCells(measured), [1, 2, 3])}

## How to run it

\`\`\`sh
npm ci
npm run bench              # the table; the exit code is 1 if a goal is missed
npm run bench -- --quick   # fewer samples
npm run bench -- --json    # the figures alone
npm run bench -- --write   # this page and its picture
\`\`\`

It takes about five minutes, most of them for ${count(scale.at(-1)?.applications ?? 0)} Applications, for which the test's API server takes about 1 GB. What is missed on a busy machine may be the machine: the ratios to a bare Node say more than milliseconds. CPU and memory need Linux and bash.

\`kubectl wait\` runs where \`kubectl\` is on the PATH. \`argocd app wait\` runs where \`argocd\` is, and a server to speak to is named: \`ARGOCD_SERVER\`, \`ARGOCD_AUTH_TOKEN\` and \`ARGOCD_OPTS\` as always, \`BENCH_ARGOCD_APPLICATION\` for an Application there that is Synced and Healthy (default \`argocd/shop\`), and \`BENCH_ARGOCD_ABOUT\` for what this page is to say of that server.
`;
}

function table(cells: Cells, figures: readonly number[]): string {
  return markdown(cells, figures);
}

function machine(kubectl: Started | undefined, argocd: Started | undefined): Cells {
  const [first] = cpus();
  return [
    ['', ''],
    ['Date', new Date().toISOString().slice(0, 10)],
    ['CPU', `${first?.model.trim() ?? 'unknown'}, ${cpus().length} cores (${arch()})`],
    ['Memory', `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`],
    ['System', `${distribution()}, ${type()} ${release()}`],
    ['Node', process.version],
    ['kubectl', kubectl?.version ?? 'not on the PATH'],
    ['argocd', argocd?.version ?? 'not run'],
  ];
}

function distribution(): string {
  try {
    const [, name] = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
    return name ?? type();
  } catch {
    return type();
  }
}

function aboutArgocd(argocd: Started | undefined): string {
  if (!argocd) return 'there was none in this run, so it was not run.';
  const about = process.env.BENCH_ARGOCD_ABOUT;
  return about ? `in this run ${about}.` : 'in this run the one that `ARGOCD_SERVER` named.';
}

function startCells({
  bare,
  byToken,
  byKubeconfig,
  kubectl,
  argocd,
  loop,
}: Measured['start']): Cells {
  const all = [bare, byToken, byKubeconfig, argocd, kubectl, loop].filter(
    (each) => each !== undefined,
  );
  const row = (each: Started): readonly string[] => [
    each.name,
    ms(each.wallMs.median),
    ms(each.wallMs.p90),
    times(each.wallMs.median / bare.wallMs.median),
    ms(each.cpuMs.median),
    mib(each.peakMiB.median),
    each.requests === 0 ? '' : count(each.requests),
  ];
  const head = [
    `${bare.wallMs.samples} runs each`,
    'Median',
    'p90',
    '× bare Node',
    'CPU',
    'Peak memory',
    'Requests',
  ];
  return [head, ...all.map(row)];
}

function codeCells({ start: { code } }: Measured): Cells {
  const files = Object.entries({ ...code.byToken, ...code.byKubeconfig });
  const size = (bytes: number | undefined): string => (bytes === undefined ? '' : kb(bytes));
  const rows = files.map(([name]) => [
    `\`${name}\``,
    size(code.byToken[name]),
    size(code.byKubeconfig[name]),
  ]);
  return [['File', 'Server and token', 'Kubeconfig'], ...rows];
}

function latencyCells({ latency: { action, loop, kubectl } }: Measured): Cells {
  const row = (name: string, { median, p90, samples }: Sampled): readonly string[] => [
    name,
    ms(median),
    ms(p90),
    count(samples),
  ];
  return [
    ['', 'Median', 'p90', 'Samples'],
    row('this action', action),
    ...(kubectl ? [row('kubectl wait', kubectl)] : []),
    row('loop that looks every 5 s', loop),
  ];
}

function loadCells({ load: { one, long, many } }: Measured): Cells {
  const row = (name: string, { requests, connections, bytes }: Load): readonly string[] => [
    name,
    count(requests),
    count(connections),
    kib(bytes),
  ];
  return [
    ['', 'Requests', 'Connections', 'Traffic'],
    row(`${one.seconds.toFixed(0)} s, this action`, one.action),
    row(`${one.seconds.toFixed(0)} s, loop that looks every 5 s`, one.loop),
    ...(long
      ? [
          row(`${long.seconds} s, this action`, long.action),
          row(`${long.seconds} s, loop that looks every 5 s`, long.loop),
        ]
      : []),
    row(`${count(many.applications)} Applications, this action`, many.action),
    row(`${count(many.applications)} Applications, a watch of each`, many.watches),
  ];
}

function scaleCells({ scale }: Measured): Cells {
  const rows = scale.map(({ applications, peakMiB, cpuMs, wallMs }) => [
    count(applications),
    mib(peakMiB.median),
    mib(peakMiB.p90),
    seconds(cpuMs.median),
    seconds(wallMs.median),
    count(wallMs.samples),
  ]);
  return [['Applications', 'Peak memory', 'p90', 'CPU', 'Wall', 'Runs'], ...rows];
}

function costCells({ scale }: Measured): Cells {
  const rows = scale.map((each, i) => {
    const now = costs(each);
    const before = scale[i - 1] && costs(scale[i - 1] ?? each);
    const cell = (field: keyof typeof now, unit: string): string =>
      `${unit === 'ms' ? now[field].toFixed(2) : count(Math.round(now[field]))} ${unit}${before ? ` (${times(now[field] / before[field])})` : ''}`;
    return [
      count(each.applications),
      cell('peakKiB', 'KiB'),
      cell('cpuMs', 'ms'),
      cell('wallMs', 'ms'),
    ];
  });
  return [['Applications', 'Peak memory', 'CPU', 'Wall'], ...rows];
}
