import { type Fragment, join, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { jsonElementTexts } from '../json.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** An address of either kind, or a network: IPv4 counts as the IPv6 address that maps it, its prefix 96 bits longer. */
const written = (t: Fragment): Fragment => sql`splitByChar('/', ${t})[1]`;

/** `::1.2.3.4` means the IPv4 address. */
const address = (t: Fragment): Fragment =>
  sql`if(startsWith(${t}, '::') AND isIPv4String(substring(${written(t)}, 3)), substring(${written(t)}, 3), ${written(t)})`;

/** Bits of the prefix; 128 when there is none, null when it makes no sense. */
function prefixOf(t: Fragment): Fragment {
  const given = sql`toUInt8OrNull(splitByChar('/', ${t})[2])`;
  const isV4 = sql`isIPv4String(${address(t)})`;
  return sql`if(position(${t}, '/') = 0, 128, if(${given} <= if(${isV4}, 32, 128), ${given} + if(${isV4}, 96, 0), NULL))`;
}

const isNetwork = (t: Fragment): Fragment =>
  sql`(isNotNull(IPv6StringToNumOrNull(${address(t)})) AND isNotNull(${prefixOf(t)}))`;

const numberOf = (t: Fragment): Fragment =>
  sql`reinterpretAsUInt128(reverse(ifNull(IPv6StringToNumOrNull(${address(t)}), toFixedString('', 16))))`;

/** The first bits of the number, the others cleared. */
const masked = (number: Fragment, prefix: Fragment): Fragment =>
  sql`if(${prefix} = 0, toUInt128(0), bitShiftLeft(bitShiftRight(${number}, 128 - ${prefix}), 128 - ${prefix}))`;

/** The prefix asked for by an argument: 128 without one, null when it makes no sense. */
function prefixAt(call: Call, index: number): Fragment {
  if (call.count <= index) return sql`128`;
  const given = call.long(index).sql;
  return sql`if(${given} BETWEEN 0 AND 128, ${given}, NULL)`;
}

const least = (...prefixes: readonly Fragment[]): Fragment =>
  sql`toUInt8(least(${join(prefixes.map((prefix) => sql`ifNull(${prefix}, 128)`))}))`;

/** Both networks at the least of the prefixes, and whether all of it makes sense. */
function pair(call: Call): { readonly a: Fragment; readonly b: Fragment; readonly valid: Fragment } {
  const [s, t] = [call.text(0), call.text(1)];
  const given = prefixAt(call, 2);
  const prefix = call.shared(expr('long', least(prefixOf(s), prefixOf(t), given), false)).sql;
  return {
    a: masked(numberOf(s), prefix),
    b: masked(numberOf(t), prefix),
    valid: sql`${isNetwork(s)} AND ${isNetwork(t)} AND isNotNull(${given})`,
  };
}

const compare: FunctionRule = (call) => {
  const { a, b, valid } = pair(call);
  const order = sql`toInt64(multiIf(${a} < ${b}, -1, ${a} > ${b}, 1, 0))`;
  return expr('long', sql`if(${valid}, ${order}, NULL)`, true);
};

const isMatch: FunctionRule = (call) => {
  const { a, b, valid } = pair(call);
  return expr('bool', sql`if(${valid}, ${a} = ${b}, NULL)`, true);
};

const isInside = (t: Fragment, network: Fragment): Fragment => {
  const prefix = least(prefixOf(t), prefixOf(network));
  return sql`(${masked(numberOf(t), prefix)} = ${masked(numberOf(network), prefix)})`;
};

/** ipv6_is_in_any_range(address, range, …) or (address, array of ranges). */
const isInAnyRange: FunctionRule = (call) => {
  const t = call.text(0);
  const ranges =
    call.value(1).type === 'dynamic'
      ? jsonElementTexts(call.json(1))
      : sql`[${join(call.values(1).map((_, index) => call.text(index + 1)))}]`;
  const test = sql`arrayExists(r -> ${isNetwork(sql`r`)} AND ${isInside(t, sql`r`)}, ${ranges})`;
  return expr('bool', sql`if(${isNetwork(t)}, ${test}, NULL)`, true);
};

/** Eight groups of four digits; '' for what is no address. */
const canonical: FunctionRule = (call) => {
  const t = call.text(0);
  const given = prefixAt(call, 1);
  const prefix = call.shared(expr('long', least(prefixOf(t), given), false)).sql;
  const number = call.shared(expr('long', masked(numberOf(t), prefix), false)).sql;
  const digits = sql`lower(hex(reverse(reinterpret(${number}, 'FixedString(16)'))))`;
  return expr(
    'string',
    sql`if(${isNetwork(t)} AND isNotNull(${given}), arrayStringConcat(extractAll(${digits}, '....'), ':'), '')`,
    false,
  );
};

export const ipv6Functions: FunctionFamily = {
  ipv6_compare: compare,
  ipv6_is_match: isMatch,
  ipv6_is_in_range: isMatch,
  ipv6_is_in_any_range: isInAnyRange,
  parse_ipv6: canonical,
  parse_ipv6_mask: canonical,
};
