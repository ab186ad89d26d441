import type { Cell } from '../../plugins/table.ts';
import { floorDivide } from '../../plugins/timeline.ts';
import { columnExpr } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type PluginRule, selectedRows } from './rule.ts';

const maxValues = 500_000;
const maxBins = 10_000;

/** `rolling_percentile(value, percentile, index, bin size, bins, dimensions…)`: of each bin, the percentile of the window that ends with it. */
export const rollingPercentile: PluginRule = (call) => {
  const [value, index] = [call.column(call.required(0)), call.column(call.required(2))];
  const percentile = call.real(call.required(1));
  const size = call.value(call.required(3), index.type === 'datetime' ? 'timespan' : 'long');
  const bins = call.integer(call.required(4));
  if (typeof size !== 'bigint' || size <= 0n || bins <= 0n) throw call.refused('with bins of no size');
  if (!['long', 'int', 'real', 'datetime', 'timespan'].includes(value.type))
    throw call.refused(`of a ${value.type}`);
  const dimensions = call.from(5).map((node) => call.column(node));
  const row = new RowScope(call.scope.context, call.input);
  const scope = new ScalarScope(call.scope.context, call.scope.environment, row);
  const table = call.fetched(
    selectedRows(call.input, [index, value, ...dimensions].map(columnExpr), scope),
    maxValues,
  );
  const slices = new Map<string, { dimensions: readonly Cell[]; bins: Map<bigint, (bigint | number)[]> }>();
  for (const [at, amount, ...own] of table.rows) {
    if (typeof at !== 'bigint' || (typeof amount !== 'bigint' && typeof amount !== 'number')) continue;
    const key = JSON.stringify(own.map(String));
    const slice = slices.get(key) ?? { dimensions: own, bins: new Map() };
    slices.set(key, slice);
    const bin = floorDivide(at, size) * size;
    const values = slice.bins.get(bin);
    if (values === undefined) slice.bins.set(bin, [amount]);
    else values.push(amount);
    if (slice.bins.size > maxBins) throw call.refused(`over more than ${maxBins} bins`);
  }
  const rows = [...slices.values()].flatMap(({ dimensions: own, bins: byBin }) =>
    [...byBin.keys()]
      .sort((a, b) => (a < b ? -1 : 1))
      .map((bin): Cell[] => {
        const window: (bigint | number)[] = [];
        for (let offset = 0n; offset < bins; offset++) window.push(...(byBin.get(bin - offset * size) ?? []));
        window.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        const rank = Math.max(1, Math.ceil((percentile / 100) * window.length));
        return [bin, ...own, window[Math.min(rank, window.length) - 1] ?? null];
      }),
  );
  return call.supplied(rows);
};
