import { type Fragment, sql } from '../../emit/fragment.ts';
import type { AggregateRule } from './aggregation.ts';

/** All values through one bitwise operation; null of nothing. */
const combined =
  (combine: (x: Fragment) => Fragment): AggregateRule =>
  (call) => [{ value: call.aggregation.value('long', combine(call.long(0).sql), true) }];

export const bitwiseAggregates: Readonly<Record<string, AggregateRule>> = {
  binary_all_and: combined((x) => sql`groupBitAndOrNull(${x})`),
  binary_all_or: combined((x) => sql`groupBitOrOrNull(${x})`),
  binary_all_xor: combined((x) => sql`groupBitXorOrNull(${x})`),
};
