/** Median and spread of a few runs, and how to print them. */

export interface Figure {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export function figure(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    least: sorted[0] ?? Number.NaN,
    median: percentile(sorted, 50),
    most: sorted.at(-1) ?? Number.NaN,
  };
}

/** Nearest rank, of values in ascending order. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function show({ least, median, most }: Figure, unit: string, digits = 0): string {
  const f = (n: number) => n.toFixed(digits);
  return `${f(median)} ${unit} (${f(least)}–${f(most)})`;
}
