/** The figures as the one table: each beside what it is measured against, and the goals. */
import type { Latency } from './latency.ts';
import type { Load, Loads } from './load.ts';
import type { Scale } from './scale.ts';
import type { Start, Started } from './start.ts';

export interface Measured {
  readonly start: Start;
  readonly latency: Latency;
  readonly load: Loads;
  /** Ascending sizes. */
  readonly scale: readonly Scale[];
}

/** What the project promises. Memory in MiB; files in KB and MB of 1,000 and 1,000,000 bytes. */
export const GOALS = {
  startToBare: 2.9,
  startToKubectl: 0.5,
  startToArgocd: 1,
  codeKB: 150,
  distMB: 6,
  doneRequests: 1,
  eventToExitMs: 20,
  waitRequests: 3,
  peakMiB: 350,
  /** Cost of each Application, at the largest size beside the one before; 1 is linear, the rest noise. */
  growth: 1.1,
} as const;

export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly beside: string;
  readonly ratio: string;
  readonly goal: string;
  /** Undefined: there is no goal, or what it is about was not measured. */
  readonly held: boolean | undefined;
}

type Unit = (value: number) => string;

export const ms: Unit = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
export const seconds: Unit = (value) => `${(value / 1000).toFixed(2)} s`;
export const mib: Unit = (value) => `${value.toFixed(0)} MiB`;
export const kib: Unit = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
export const kb: Unit = (bytes) => `${(bytes / 1e3).toFixed(0)} KB`;
const mb: Unit = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const count: Unit = (value) => value.toLocaleString('en-US');

export function times(ratio: number): string {
  return ratio >= 0.1 ? `${ratio.toFixed(2)} ×` : `1/${(1 / ratio).toFixed(0)} ×`;
}

interface Beside {
  readonly name: string;
  /** NaN: it was not measured here. */
  readonly value: number;
}

interface Line {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  readonly beside?: Beside | undefined;
  readonly goal?: Goal | undefined;
}

interface Goal {
  readonly words: string;
  /** About our own figure, or about how it compares. */
  readonly of: 'ours' | 'ratio';
  holds(value: number): boolean;
}

function below(limit: number, unit: Unit): Goal {
  return { words: `< ${unit(limit)}`, of: 'ours', holds: (value) => value < limit };
}

function atMost(limit: number, unit: Unit): Goal {
  return { words: `≤ ${unit(limit)}`, of: 'ours', holds: (value) => value <= limit };
}

function ratio(goal: Goal): Goal {
  return { ...goal, of: 'ratio' };
}

function rowOf({ what, unit, ours, beside, goal }: Line): Row {
  const shown = (value: number): string => (Number.isNaN(value) ? 'not measured' : unit(value));
  const compared = ours / (beside?.value ?? Number.NaN);
  const judged = goal?.of === 'ratio' ? compared : ours;
  return {
    what,
    ours: shown(ours),
    beside: beside ? `${beside.name}: ${shown(beside.value)}` : '',
    ratio: Number.isNaN(compared) ? '' : times(compared),
    goal: goal?.words ?? '',
    held: Number.isNaN(judged) ? undefined : goal?.holds(judged),
  };
}

export function rowsOf({ start, latency, load, scale }: Measured): readonly Row[] {
  return [
    ...startLines(start),
    ...codeLines(start),
    ...latencyLines(latency),
    ...loadLines(load),
    ...scaleLines(scale),
  ].map(rowOf);
}

type Figure = 'wallMs' | 'cpuMs' | 'peakMiB';

function startLines({ bare, byToken, byKubeconfig, kubectl, argocd, loop }: Start): Line[] {
  const of = (figure: Figure, name: string, each: Started | undefined): Beside => ({
    name,
    value: each?.[figure].median ?? Number.NaN,
  });
  const toBare = ratio(atMost(GOALS.startToBare, times));
  const toKubectl = ratio(below(GOALS.startToKubectl, times));
  const toArgocd = ratio(below(GOALS.startToArgocd, times));
  const other = kubectl ?? loop;
  const node = of('wallMs', bare.name, bare);
  const token = { what: 'start by server and token', unit: ms, ours: byToken.wallMs.median };
  const wall = { what: 'start by kubeconfig', unit: ms, ours: byKubeconfig.wallMs.median };
  const cpu = { what: 'its CPU', unit: ms, ours: byKubeconfig.cpuMs.median };
  const peak = { what: 'its peak memory', unit: mib, ours: byKubeconfig.peakMiB.median };
  const requests = { what: 'its requests', unit: count, ours: byKubeconfig.requests };
  return [
    { ...token, beside: node, goal: toBare },
    { ...wall, beside: node, goal: toBare },
    { ...wall, beside: of('wallMs', 'kubectl wait', kubectl), goal: toKubectl },
    { ...wall, beside: of('wallMs', 'argocd app wait', argocd), goal: toArgocd },
    { ...cpu, beside: of('cpuMs', other.name, other) },
    { ...peak, beside: of('peakMiB', other.name, other) },
    { ...peak, beside: of('peakMiB', 'argocd app wait', argocd), goal: toArgocd },
    {
      ...requests,
      beside: { name: other.name, value: other.requests },
      goal: atMost(GOALS.doneRequests, count),
    },
  ];
}

function codeLines({ code }: Start): Line[] {
  const sum = (files: Readonly<Record<string, number>>): number =>
    Object.values(files).reduce((total, bytes) => total + bytes, 0);
  const goal = below(GOALS.codeKB * 1e3, kb);
  return [
    { what: 'code loaded by server and token', unit: kb, ours: sum(code.byToken), goal },
    { what: 'code loaded by kubeconfig', unit: kb, ours: sum(code.byKubeconfig), goal },
    { what: 'dist/, all of it', unit: mb, ours: code.dist, goal: below(GOALS.distMB * 1e6, mb) },
  ];
}

function latencyLines({ action, loop, kubectl }: Latency): Line[] {
  const median = { what: 'event to exit, median', unit: ms, ours: action.median };
  const p90 = { what: 'event to exit, p90', unit: ms, ours: action.p90 };
  const goal = below(GOALS.eventToExitMs, ms);
  return [
    { ...median, beside: { name: '5 s loop', value: loop.median }, goal },
    { ...p90, beside: { name: '5 s loop', value: loop.p90 } },
    { ...median, beside: { name: 'kubectl wait', value: kubectl?.median ?? Number.NaN } },
  ];
}

function loadLines({ one, long, many }: Loads): Line[] {
  const lines = (where: string, name: string, ours: Load, theirs: Load): Line[] => [
    {
      what: `requests ${where}`,
      unit: count,
      ours: ours.requests,
      beside: { name, value: theirs.requests },
      goal: atMost(GOALS.waitRequests, count),
    },
    {
      what: `traffic ${where}`,
      unit: kib,
      ours: ours.bytes,
      beside: { name, value: theirs.bytes },
    },
  ];
  const minute = `in a wait of ${one.seconds.toFixed(0)} s`;
  const all = `for ${applications(many.applications)}`;
  return [
    ...lines(minute, '5 s loop', one.action, one.loop),
    ...(long
      ? lines(`in a quiet wait of ${long.seconds} s`, '5 s loop', long.action, long.loop)
      : []),
    ...lines(all, 'a watch of each', many.action, many.watches),
  ];
}

/** What one Application costs, at a size. */
export function costs({ applications: size, peakMiB, cpuMs, wallMs }: Scale) {
  return {
    peakKiB: (peakMiB.median * 1024) / size,
    cpuMs: cpuMs.median / size,
    wallMs: wallMs.median / size,
  };
}

function scaleLines(scale: readonly Scale[]): Line[] {
  const [before, last] = scale.slice(-2);
  if (!before || !last) throw new Error('growth needs two sizes');
  const [then, now] = [costs(before), costs(last)];
  const goal = ratio(atMost(GOALS.growth, times));
  const name = `at ${count(before.applications)}`;
  const each = `each of ${applications(last.applications)}`;
  const little: Unit = (value) => `${value.toFixed(2)} ms`;
  const memory: Unit = (value) => `${value.toFixed(0)} KiB`;
  return [
    ...scale.map((one) => ({
      what: `peak memory, ${applications(one.applications)}`,
      unit: mib,
      ours: one.peakMiB.median,
      goal: one === last ? below(GOALS.peakMiB, mib) : undefined,
    })),
    {
      what: `memory, ${each}`,
      unit: memory,
      ours: now.peakKiB,
      beside: { name, value: then.peakKiB },
      goal,
    },
    {
      what: `CPU, ${each}`,
      unit: little,
      ours: now.cpuMs,
      beside: { name, value: then.cpuMs },
      goal,
    },
    { what: `time, ${each}`, unit: little, ours: now.wallMs, beside: { name, value: then.wallMs } },
  ];
}

export function applications(number: number): string {
  return `${count(number)} ${number === 1 ? 'Application' : 'Applications'}`;
}
