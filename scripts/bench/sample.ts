/** What several runs of the same thing gave. */
export interface Sampled {
  readonly median: number;
  readonly p90: number;
  readonly samples: number;
}

/** @param values in any order; NaN where there are none */
export function sampled(values: readonly number[]): Sampled {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: at(sorted, 0.5), p90: at(sorted, 0.9), samples: sorted.length };
}

export function median(values: readonly number[]): number {
  return sampled(values).median;
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
