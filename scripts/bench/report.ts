/** The figures as rows with their goals, as a table for a terminal, and as docs/benchmarks.md. */
import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { type Cells, markdownTable, plainTable } from '../table.ts';
import {
  type Fetched,
  type Latency,
  type Load,
  type Loads,
  QUIET_S,
  type Scale,
  type Started,
  type Starts,
} from './measure.ts';
import { type Sampled, versionOf } from './programs.ts';

export interface Measured {
  readonly fetched: Fetched;
  readonly starts: Starts;
  readonly latency: Latency;
  readonly load: Loads;
  /** Ascending sizes of what shares as templates do, then what shares nothing. */
  readonly scale: readonly Scale[];
}

/** What the project promises. Files in MB of 1,000,000 bytes, memory in MiB. */
export const GOALS = {
  eventToExitMs: 20,
  doneRequests: 1,
  waitRequests: 3,
  /** A workload, its ReplicaSet and its pods, at most every 10 s while it is not well. */
  lookRequests: 3,
  archiveMB: 0.9,
  distMB: 2.5,
  startToBare: 5,
  startToKubectl: 1,
  /** By the number of Applications. */
  sharingMiB: { applications: 5000, most: 350 },
  unlikeMiB: { applications: 1000, most: 300 },
  cancelMs: 1000,
  /** Cost of each Application, at the largest size beside the one before; 1 is linear, the rest noise. */
  growth: 1.1,
} as const;

export interface Row {
  readonly what: string;
  readonly ours: string;
  /** Of figures that were taken several times. */
  readonly p90: string;
  readonly beside: string;
  /** Of the medians, and of the p90s where there are such. */
  readonly ratio: string;
  readonly goal: string;
  /** By both, the median and the p90. Undefined: there is no goal, or no figure. */
  readonly held: boolean | undefined;
}

type Unit = (value: number) => string;

const ms: Unit = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const fine: Unit = (value) => `${value.toFixed(2)} ms`;
const seconds: Unit = (value) => `${(value / 1000).toFixed(2)} s`;
const mib: Unit = (value) => `${value.toFixed(0)} MiB`;
const kib: Unit = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
const mb: Unit = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
const count: Unit = (value) => value.toLocaleString('en-US');
const times: Unit = (ratio) =>
  ratio >= 0.1 ? `${ratio.toFixed(2)} ×` : `1/${(1 / ratio).toFixed(0)} ×`;

interface Line {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number | Sampled;
  readonly beside?: Beside;
  readonly goal?: Goal | undefined;
}

type Beside = readonly [name: string, value: number | Sampled | undefined];

interface Goal {
  /** About our own figure, or about how it compares. */
  readonly of: 'ours' | 'ratio';
  readonly most: number;
  /** The limit itself is held too. */
  readonly inclusive: boolean;
}

const below = (most: number): Goal => ({ of: 'ours', most, inclusive: false });
const atMost = (most: number): Goal => ({ of: 'ours', most, inclusive: true });
const ratioAtMost = (most: number): Goal => ({ of: 'ratio', most, inclusive: true });

function rowOf({ what, unit, ours, beside: [name, other] = ['', undefined], goal }: Line): Row {
  const [mine, theirs] = [valuesOf(ours), valuesOf(other)];
  const ratios = mine.map((value, i) => value / (theirs[i] ?? theirs[0] ?? Number.NaN));
  const shown = (values: readonly number[]): string => values.map(unit).join(' / ');
  const compared = ratios.filter((ratio) => !Number.isNaN(ratio));
  const judged = (goal?.of === 'ratio' ? compared : mine).filter((value) => !Number.isNaN(value));
  return {
    what,
    ours: mine[0] === undefined || Number.isNaN(mine[0]) ? 'not measured' : unit(mine[0]),
    p90: mine[1] === undefined ? '' : unit(mine[1]),
    beside: name && `${name}: ${theirs.length === 0 ? 'not measured' : shown(theirs)}`,
    ratio: compared.map(times).join(' / '),
    goal: goal ? wordsOf(goal, unit) : '',
    held: goal && judged.length > 0 ? judged.every((value) => holds(goal, value)) : undefined,
  };
}

function valuesOf(value: number | Sampled | undefined): readonly number[] {
  if (value === undefined) return [];
  return typeof value === 'number' ? [value] : [value.median, value.p90];
}

function wordsOf({ of, most, inclusive }: Goal, unit: Unit): string {
  return `${inclusive ? '≤' : '<'} ${(of === 'ratio' ? times : unit)(most)}`;
}

function holds({ most, inclusive }: Goal, value: number): boolean {
  return inclusive ? value <= most : value < most;
}

/** What users feel first: the wait after the last event, the requests, what a job fetches. */
export function rowsOf({ fetched, starts, latency, load, scale }: Measured): readonly Row[] {
  return [
    ...latencyLines(latency),
    ...requestLines(starts, load),
    ...fetchLines(fetched),
    ...startLines(starts),
    ...scaleLines(scale),
  ].map(rowOf);
}

function latencyLines({ action: ours, loop, kubectl }: Latency): readonly Line[] {
  const line = { what: 'event to exit', unit: ms, ours };
  return [
    { ...line, beside: ['5 s loop', loop], goal: below(GOALS.eventToExitMs) },
    { ...line, beside: ['kubectl wait', kubectl] },
  ];
}

function requestLines({ requests }: Starts, { one, quiet, many }: Loads): readonly Line[] {
  const looks = GOALS.lookRequests * Math.floor(one.seconds / 10);
  const pair = (where: string, name: string, ours: Load, theirs: Load, more = 0): Line[] => [
    {
      ...{ what: `requests ${where}`, unit: count, ours: ours.requests },
      ...{ beside: [name, theirs.requests], goal: atMost(GOALS.waitRequests + more) },
    },
    { what: `traffic ${where}`, unit: kib, ours: ours.bytes, beside: [name, theirs.bytes] },
  ];
  const long = `in a wait of ${one.seconds.toFixed(0)} s that is not well`;
  const calm = `in a quiet wait of ${quiet?.seconds} s`;
  const all = `for ${applications(many.applications)}`;
  return [
    {
      ...{ what: 'requests for a done Application', unit: count, ours: requests },
      goal: atMost(GOALS.doneRequests),
    },
    ...pair(long, '5 s loop', one.action, one.loop, looks),
    ...(quiet ? pair(calm, '5 s loop', quiet.action, quiet.loop) : []),
    ...pair(all, 'a watch of each', many.action, many.watches),
  ];
}

function fetchLines({ archive = Number.NaN, dist }: Fetched): readonly Line[] {
  const line = (what: string, ours: number, megabytes: number): Line => ({
    ...{ what, unit: mb, ours },
    goal: below(megabytes * 1e6),
  });
  return [
    line('to fetch: the archive of the tag', archive, GOALS.archiveMB),
    line('dist/, unpacked', dist, GOALS.distMB),
  ];
}

function startLines({ bare, ways, kubectl, argocd }: Starts): readonly Line[] {
  const lines = ways.flatMap(({ name, wallMs }): readonly Line[] => {
    const line = { what: `start: ${name}`, unit: ms, ours: wallMs };
    const besideKubectl: Beside = ['kubectl wait', kubectl?.wallMs];
    return [
      { ...line, beside: ['bare Node', bare.wallMs], goal: ratioAtMost(GOALS.startToBare) },
      { ...line, beside: besideKubectl, goal: ratioAtMost(GOALS.startToKubectl) },
    ];
  });
  const usual = ways.find(({ name }) => name.startsWith('kubeconfig'));
  const of = (what: string, unit: Unit, figure: 'wallMs' | 'cpuMs' | 'peakMiB'): Line[] =>
    usual
      ? [
          { what, unit, ours: usual[figure], beside: ['kubectl wait', kubectl?.[figure]] },
          { what, unit, ours: usual[figure], beside: ['argocd app wait', argocd?.[figure]] },
        ]
      : [];
  return [
    ...lines,
    ...of('start by kubeconfig', ms, 'wallMs').slice(1),
    ...of('its CPU', ms, 'cpuMs'),
    ...of('its peak memory', mib, 'peakMiB'),
  ];
}

function scaleLines(scale: readonly Scale[]): readonly Line[] {
  const peaks = scale.map((each): Line => {
    const { most } = each.shares ? GOALS.sharingMiB : GOALS.unlikeMiB;
    const what = `peak memory, ${applications(each.applications)} ${shared(each)}`;
    return { what, unit: mib, ours: each.peakMiB, goal: judged(each) ? below(most) : undefined };
  });
  const [before, last] = scale.filter(({ shares }) => shares).slice(-2);
  if (!before || !last) throw new Error('growth needs two sizes');
  const name = `at ${count(before.applications)}`;
  const each = (what: string, of: (one: Scale) => number): Line => ({
    what: `${what}, each of ${applications(last.applications)}`,
    unit: fine,
    ours: of(last) / last.applications,
    beside: [name, of(before) / before.applications],
    goal: ratioAtMost(GOALS.growth),
  });
  return [
    ...peaks,
    each('CPU', ({ cpuMs }) => cpuMs.median),
    { ...each('time', ({ wallMs }) => wallMs.median), goal: undefined },
    {
      what: `SIGTERM to exit, ${applications(last.applications)}`,
      ...{ unit: ms, ours: last.cancelMs, goal: below(GOALS.cancelMs) },
    },
  ];
}

/** Whether a goal is about that size. */
function judged({ applications: size, shares }: Scale): boolean {
  return size === (shares ? GOALS.sharingMiB : GOALS.unlikeMiB).applications;
}

function shared({ shares }: Scale): string {
  return shares ? 'of a template' : 'that share nothing';
}

function applications(number: number): string {
  return `${count(number)} ${number === 1 ? 'Application' : 'Applications'}`;
}

/** The first row is the head. */
function cellsOf(rows: readonly Row[]): Cells {
  const heldOf = ({ held, goal }: Row): string =>
    held === undefined ? (goal === '' ? '' : 'not measured') : held ? 'yes' : 'NO';
  return [
    ['What', 'Median', 'p90', 'Beside it', 'Ratio', 'Goal', 'Held'],
    ...rows.map((row) => [
      ...[row.what, row.ours, row.p90, row.beside, row.ratio, row.goal],
      heldOf(row),
    ]),
  ];
}

export function plain(rows: readonly Row[]): string {
  return plainTable(cellsOf(rows), [1, 2, 4]);
}

/** docs/benchmarks.md: its figures are of one run, its prose is the same in every run. */
export function page(measured: Measured): string {
  const { starts, latency, load, scale } = measured;
  const { one, quiet, many } = load;
  return `# Benchmarks

Written by \`npm run bench -- --write\`, every figure from that one run, beside what it is measured against in the same run on the same machine; short times in turns, so that whatever else the machine does meets both. A goal must be held by the median and by the p90. Figures of another machine differ; ratios differ less.

${markdownTable(cellsOf(rowsOf(measured)), [1, 2, 4])}

What has no goal is there for the comparison, also where the comparison is not to our advantage.

## Where it was measured

${markdownTable(machine(starts))}

## From the deciding event to the end

From the write of the event that decides to the end of the process: what the step adds to what Argo CD takes. The loops are ${latency.loop.samples} real ones, begun at random moments; \`kubectl wait\` does nothing but end.

## Load on the API server

One wait of ${one.seconds.toFixed(0)} s${one.speed === 1 ? '' : ` (played ${one.speed} times as fast)`}: ${QUIET_S} s until Argo CD has noticed the commit, then the recording \`${one.recording}\` of a real sync, ${one.events} events of an Application of ${kib(one.applicationBytes)}.${quiet ? ` A quiet wait of ${quiet.seconds} s: nothing but the event that ends it, as where no webhook tells Argo CD of a commit.` : ''} And ${applications(many.applications)} of 30 KB, each of which changes once: one watch by a selector, beside a simulated watch of each, as a job for each would open it. Bytes are counted on the connections, both ways, with what TLS adds. A watch sends every change whole, and a loop looks at what there is: where an Application changes more often than the loop looks, the loop asks for less, and sees less.

## What a job fetches

Before a job's first step the runner downloads the archive of the tag: \`git archive HEAD | gzip -9\`, without what \`.gitattributes\` keeps out.

## Start

The built \`dist/index.js\` in a process of its own, with the environment that a runner sets, on ${starts.about}: it connects over TLS, asks for one Application that is done already, applies three filters, writes the outputs and the job summary, and ends. Time is from before the process to its end; in runs of their own, CPU is user and system time of all its threads, and memory its highest resident set.

${markdownTable(startCells(starts), [1, 2, 3, 4, 5])}

- "Late, with live evidence" asks for the metadata of five objects too: nothing else can tell what the sync changed. "Watched" starts while the Application is not done; the event that decides is written as soon as the step says that it waits.
- \`source: argocd\` asks the tests' Argo CD server; \`source: event\` asks nobody.
- \`kubectl wait\` waits for \`status.sync.revision\` by a kubeconfig, with the cold discovery cache that a fresh runner has. \`argocd app wait\` speaks gRPC to Argo CD's own server${starts.argocd ? `: ${process.env.BENCH_ARGOCD_ABOUT ?? 'the one that `ARGOCD_SERVER` names'}` : ', which was not there in this run'}. The loop is the leanest that there could be: one process, one connection, no start of \`kubectl\` for each look.

## Many Applications

One step, one selector, Applications of 30 KB (70 resources, twice, as on a real one). A first look at all of them, then a change of each, as fast as the step can take them; and once a SIGTERM while it waits for all. Those of a template have the names of their resources in common, and the messages about them. The API server is a process of its own, and heeds the step's pace.

${markdownTable(scaleCells(scale), [1, 2, 3, 4, 5, 6])}

## How to run it

\`\`\`sh
npm ci
npm run bench              # the table; the exit code is 1 if a goal is missed
npm run bench -- --help    # what else there is
\`\`\`

It takes some ten minutes, most of them for 5,000 Applications, for which the test's API server takes about 1 GB. What is missed on a busy machine may be the machine: the ratios to a bare Node say more than milliseconds. CPU and memory need Linux and bash.

Where \`etcd\`, \`kube-apiserver\` and \`kubectl\` are on the \`PATH\`, starts are measured on them: they run on the loopback, with their data in a temporary directory, as long as that takes. \`argocd app wait\` runs where \`argocd\` is, and a server to speak to is named: \`ARGOCD_SERVER\`, \`ARGOCD_AUTH_TOKEN\` and \`ARGOCD_OPTS\` as always, \`BENCH_ARGOCD_APPLICATION\` for an Application there that is Synced and Healthy (default \`argocd/shop\`), and \`BENCH_ARGOCD_ABOUT\` for what this page is to say of that server.
`;
}

function machine({ about, real }: Starts): Cells {
  const [first] = cpus();
  return [
    ['', ''],
    ['Date', new Date().toISOString().slice(0, 10)],
    ['CPU', `${first?.model.trim() ?? 'unknown'}, ${cpus().length} cores (${arch()})`],
    ['Memory', `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`],
    ['System', `${distribution()}, ${type()} ${release()}`],
    ['Node', process.version],
    ['API server', real ? about : `${about}; no real one is on the PATH`],
    ['kubectl', versionOf('kubectl', ['version', '--client']) ?? 'not on the PATH'],
    ['argocd', versionOf('argocd', ['version', '--client']) ?? 'not on the PATH'],
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

function startCells({ bare, ways, kubectl, argocd, loop }: Starts): Cells {
  const row = ({ name, ours, wallMs, cpuMs, peakMiB }: Started): readonly string[] => [
    ours ? `this action: ${name}` : name,
    ...[ms(wallMs.median), ms(wallMs.p90)],
    times(wallMs.median / bare.wallMs.median),
    ...(cpuMs.samples === 0 ? ['', ''] : [ms(cpuMs.median), mib(peakMiB.median)]),
  ];
  const all = [bare, ...ways, argocd, kubectl, loop].filter((each) => each !== undefined);
  const head = [`${bare.wallMs.samples} runs each`, 'Median', 'p90', '× bare Node'];
  return [[...head, 'CPU', 'Peak memory'], ...all.map(row)];
}

function scaleCells(scale: readonly Scale[]): Cells {
  const head = ['Applications', 'Peak memory', 'p90', 'CPU', 'Wall', 'SIGTERM to exit', 'Runs'];
  const rows = scale.map((each) => [
    `${count(each.applications)} ${shared(each)}`,
    ...[mib(each.peakMiB.median), mib(each.peakMiB.p90)],
    ...[seconds(each.cpuMs.median), seconds(each.wallMs.median), ms(each.cancelMs)],
    count(each.wallMs.samples),
  ]);
  return [head, ...rows];
}
