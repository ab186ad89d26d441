/** What a result looks like as the chart that its query asks for with `render`. Pure. */
import type { HuntingResult } from '@merlon/contract';
import { textOf } from '../timeline/describe-event.ts';
import { tokenizeKql } from './kql-tokens.ts';

export const chartKinds = [
  'timechart',
  'linechart',
  'areachart',
  'stackedareachart',
  'columnchart',
  'barchart',
  'piechart',
  'scatterchart',
] as const;
export type ChartKind = (typeof chartKinds)[number];

/** The chart that a query ends with; null for a table, a kind that is none of these, or no `render` at all. */
export function chartKindOf(query: string): ChartKind | null {
  const words = tokenizeKql(query, new Set())
    .filter(({ kind }) => kind !== 'comment')
    .map(({ text }) => text);
  const at = words.lastIndexOf('render');
  return at < 1 || words[at - 1] !== '|' ? null : (chartKinds.find((kind) => kind === words[at + 1]) ?? null);
}

export interface ChartSeries {
  readonly name: string;
  /** One for each label; null where the series has none. */
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  readonly x: 'time' | 'number' | 'category';
  /** Of the horizontal axis, in its order: ISO times, numbers as text, or names. */
  readonly labels: readonly string[];
  readonly series: readonly ChartSeries[];
}

const NUMBERS = new Set(['Int32', 'Int64', 'Double', 'SqlDecimal', 'SByte']);
/** More are no picture any more. */
const MOST_SERIES = 20;
const MOST_LABELS = 5_000;

/**
 * Time, or else the first column that is no measure, is the horizontal axis; numbers are measures; a further text column parts a measure into series. Null where
 * there is nothing to draw.
 */
export function chartData({ Schema, Results }: HuntingResult): ChartData | null {
  const time = Schema.find(({ Type }) => Type === 'DateTime');
  const texts = Schema.filter(({ Type }) => !NUMBERS.has(Type) && Type !== 'DateTime');
  const numbers = Schema.filter(({ Type }) => NUMBERS.has(Type));
  const axis = time ?? texts[0] ?? numbers[0];
  const measures = numbers.filter((column) => column !== axis);
  if (axis === undefined || measures.length === 0 || Results.length === 0) return null;
  const part = texts.find((column) => column !== axis);
  const x = axis.Type === 'DateTime' ? 'time' : NUMBERS.has(axis.Type) ? 'number' : 'category';

  const series = new Map<string, Map<string, number>>();
  const seen = new Set<string>();
  for (const row of Results) {
    const label = textOf(row[axis.Name]);
    seen.add(label);
    for (const { Name } of measures) {
      const group = part === undefined ? '' : textOf(row[part.Name]) || '(empty)';
      const name = group === '' ? Name : measures.length === 1 ? group : `${group}: ${Name}`;
      const points = series.get(name) ?? new Map<string, number>();
      series.set(name, points);
      const value = Number(row[Name]);
      if (row[Name] !== null && Number.isFinite(value)) points.set(label, value);
    }
  }
  const labels = [...seen];
  if (x === 'time') labels.sort();
  if (x === 'number') labels.sort((a, b) => Number(a) - Number(b));
  const shown = labels.slice(0, MOST_LABELS);
  return {
    x,
    labels: shown,
    series: [...series]
      .slice(0, MOST_SERIES)
      .map(([name, points]) => ({ name, values: shown.map((label) => points.get(label) ?? null) })),
  };
}
