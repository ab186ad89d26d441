import { columnRef, type Fragment, sql } from '../../emit/fragment.ts';
import { expr, isTextual } from '../../tree/expression.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** A column of the row, a small one if there is: the engine takes what depends on none as one value for all elements of an array. */
function anyColumn(call: Call): Fragment {
  const { columns } = call.scope.row.rows;
  const column = columns.find((candidate) => !isTextual(candidate.type)) ?? columns[0];
  return column === undefined ? sql`` : columnRef(column.id);
}

/** From 0 to 1, 1 excluded; with a bound, a whole number from 0 to the bound, which is excluded. */
const rand: FunctionRule = (call) => {
  const share = sql`(bitShiftRight(rand64(${anyColumn(call)}), 11) / 9007199254740992)`;
  if (call.count === 0) return expr('real', share, false);
  const bound = call.real(0);
  return expr('real', sql`floor(${share} * ${bound.sql})`, bound.nullable);
};

export const randomFunctions: FunctionFamily = {
  rand,
  new_guid: (call) => expr('guid', sql`toString(generateUUIDv4(${anyColumn(call)}))`, false),
};
