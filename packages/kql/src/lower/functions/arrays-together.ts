import { type Fragment, join, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { jsonElements } from '../json.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';
import { choose, column, isSeries } from './series.ts';

/** Functions that lay arrays side by side. What is no array gives null. */

function allArrays(call: Call): Fragment {
  return join(
    call.nodes.map((_, index) => isSeries(call, index)),
    sql` AND `,
  );
}

/** The share that two sets have in common of what either has. */
const jaccardIndex: FunctionRule = (call) => {
  const [a, b] = [0, 1].map((index) => column(call, sql`arrayDistinct(${jsonElements(call.json(index))})`));
  if (a === undefined || b === undefined) return call.refuse('without two arguments');
  const shared = column(call, sql`length(arrayIntersect(${a}, ${b}))`);
  return expr(
    'real',
    choose(sql`(${allArrays(call)})`, sql`${shared} / (length(${a}) + length(${b}) - ${shared})`, sql`NULL`),
    true,
  );
};

/** An array of the arrays' elements at each place; a shorter array goes on with nulls. */
const zip: FunctionRule = (call) => {
  const arrays = call.nodes.map((_, index) => column(call, jsonElements(call.json(index))));
  const longest = column(call, sql`arrayMax([${join(arrays.map((array) => sql`length(${array})`))}])`);
  const padded = arrays.map(
    (array) => sql`arrayMap(e -> if(e = '', 'null', e), arrayResize(${array}, ${longest}, ''))`,
  );
  // One list grows by an element of each array at a time.
  const rows = padded.reduce(
    (done, array, index) =>
      index === 0 ? array : sql`arrayMap((row, e) -> concat(row, ',', e), ${done}, ${array})`,
    sql`[]`,
  );
  const json = sql`concat('[', arrayStringConcat(arrayMap(row -> concat('[', row, ']'), ${rows}), ','), ']')`;
  return expr('dynamic', choose(sql`(${allArrays(call)})`, json, sql`''`), false);
};

export const togetherFunctions: FunctionFamily = {
  jaccard_index: jaccardIndex,
  zip,
};
