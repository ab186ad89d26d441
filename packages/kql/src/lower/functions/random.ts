import { columnRef, type Fragment, integer, sql } from '../../emit/fragment.ts';
import { expr, isTextual } from '../../tree/expression.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/**
 * What makes each call one of its own: the engine takes calls that look alike for one, and what depends on no column for one value for all
 * elements of an array. A small column if there is one.
 */
function ownArgument(call: Call): Fragment {
  const { columns } = call.scope.row.rows;
  const column = columns.find((candidate) => !isTextual(candidate.type)) ?? columns[0];
  const number = integer(call.scope.context.newId());
  return column === undefined ? number : sql`tuple(${columnRef(column.id)}, ${number})`;
}

/** From 0 to 1, 1 excluded; with a bound, a whole number from 0 to the bound, which is excluded. */
const rand: FunctionRule = (call) => {
  const share = sql`(bitShiftRight(rand64(${ownArgument(call)}), 11) / 9007199254740992)`;
  if (call.count === 0) return expr('real', share, false);
  const bound = call.real(0);
  return expr('real', sql`floor(${share} * ${bound.sql})`, bound.nullable);
};

export const randomFunctions: FunctionFamily = {
  rand,
  new_guid: (call) => expr('guid', sql`toString(generateUUIDv4(${ownArgument(call)}))`, false),
};
