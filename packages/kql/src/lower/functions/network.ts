import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { jsonBag, jsonElementTexts } from '../json.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** An address, or the address part of `address/prefix`. */
const addressPart = (t: Fragment): Fragment => sql`splitByChar('/', ${t})[1]`;
/** Prefix length: 32 when there is none. */
const prefixPart = (t: Fragment): Fragment =>
  sql`if(position(${t}, '/') > 0, toUInt8OrNull(splitByChar('/', ${t})[2]), 32)`;

const isNetwork = (t: Fragment): Fragment =>
  sql`(isIPv4String(${addressPart(t)}) AND ifNull(${prefixPart(t)} <= 32, false))`;

/** The network's number at this prefix length. */
const numberAt = (t: Fragment, prefix: Fragment): Fragment =>
  sql`bitShiftRight(toUInt64(ifNull(IPv4StringToNumOrNull(${addressPart(t)}), 0)), toUInt8(32 - ${prefix}))`;

const inNetwork = (address: Fragment, network: Fragment): Fragment => {
  const prefix = sql`least(ifNull(${prefixPart(network)}, 32), ifNull(${prefixPart(address)}, 32))`;
  return sql`(${numberAt(address, prefix)} = ${numberAt(network, prefix)})`;
};

const privateNetworks = [sql`'10.0.0.0/8'`, sql`'172.16.0.0/12'`, sql`'192.168.0.0/16'`];

/** Null for what is no IPv4 address. */
const isPrivate: FunctionRule = (call) => {
  const t = call.text(0);
  const inside = join(
    privateNetworks.map((network) => inNetwork(t, network)),
    sql` OR `,
  );
  return expr('bool', sql`if(${isNetwork(t)}, ${inside}, NULL)`, true);
};

const isInRange: FunctionRule = (call) => {
  const [t, network] = [call.text(0), call.text(1)];
  return expr(
    'bool',
    sql`if(${isNetwork(t)} AND ${isNetwork(network)}, ${inNetwork(t, network)}, NULL)`,
    true,
  );
};

/** ipv4_is_in_any_range(address, range, …) or (address, array of ranges). */
const isInAnyRange: FunctionRule = (call) => {
  const t = call.text(0);
  const first = call.value(1);
  const ranges =
    first.type === 'dynamic'
      ? jsonElementTexts(call.json(1))
      : sql`[${join(call.values(1).map((_, index) => call.text(index + 1)))}]`;
  const test = sql`arrayExists(r -> ${isNetwork(sql`r`)} AND ${inNetwork(t, sql`r`)}, ${ranges})`;
  return expr('bool', sql`if(${isNetwork(t)}, ${test}, NULL)`, true);
};

/** ipv4_is_match(a, b[, prefix]): whether the networks agree at the least of the prefixes. */
const isMatch: FunctionRule = (call) => {
  const [a, b] = [call.text(0), call.text(1)];
  const given = prefixAt(call, 2);
  const prefix = leastPrefix(prefixPart(a), prefixPart(b), given);
  return expr(
    'bool',
    sql`if(${isNetwork(a)} AND ${isNetwork(b)} AND isNotNull(${given}), ${numberAt(a, prefix)} = ${numberAt(b, prefix)}, NULL)`,
    true,
  );
};

const parseIpv4: FunctionRule = (call) => {
  const t = call.text(0);
  const masked = sql`bitShiftLeft(${numberAt(t, prefixPart(t))}, toUInt8(32 - ${prefixPart(t)}))`;
  return expr('long', sql`if(${isNetwork(t)}, toInt64(${masked}), NULL)`, true);
};

/** The prefix asked for by an argument, if there is one: 32 otherwise, null when it makes no sense. */
const prefixAt = (call: Call, index: number): Fragment => {
  if (call.count <= index) return sql`32`;
  const given = call.long(index).sql;
  return sql`if(${given} BETWEEN 0 AND 32, ${given}, NULL)`;
};

const leastPrefix = (...prefixes: readonly Fragment[]): Fragment =>
  sql`toUInt8(least(${join(prefixes.map((prefix) => sql`ifNull(${prefix}, 32)`))}))`;

/** ipv4_compare(a, b[, prefix]): -1, 0 or 1 by the networks at the least of the prefixes. */
const compareIpv4: FunctionRule = (call) => {
  const [a, b] = [call.text(0), call.text(1)];
  const given = prefixAt(call, 2);
  const prefix = leastPrefix(prefixPart(a), prefixPart(b), given);
  const [x, y] = [numberAt(a, prefix), numberAt(b, prefix)];
  return expr(
    'long',
    sql`if(${isNetwork(a)} AND ${isNetwork(b)} AND isNotNull(${given}), toInt64(multiIf(${x} < ${y}, -1, ${x} > ${y}, 1, 0)), NULL)`,
    true,
  );
};

/** Number of a network address and its prefix, of an address in text or as a number; the number is null for what is none. */
function maskedIpv4(call: Call): { readonly number: Fragment; readonly prefix: Fragment } {
  const value = call.value(0);
  const isNumber = value.type === 'int' || value.type === 'long';
  const t = isNumber
    ? call.shared(
        expr(
          'string',
          sql`ifNull(IPv4NumToString(accurateCastOrNull(${call.long(0).sql}, 'UInt32')), '')`,
          false,
        ),
      ).sql
    : call.text(0);
  const given = prefixAt(call, 1);
  const prefix = call.shared(expr('long', leastPrefix(prefixPart(t), given), false)).sql;
  const number = sql`bitShiftLeft(${numberAt(t, prefix)}, toUInt8(32 - ${prefix}))`;
  return { number: sql`if(${isNetwork(t)} AND isNotNull(${given}), toInt64(${number}), NULL)`, prefix };
}

const formatIpv4 =
  (withPrefix: boolean): FunctionRule =>
  (call) => {
    const { number, prefix } = maskedIpv4(call);
    const n = call.shared(expr('long', number, true)).sql;
    const address = sql`IPv4NumToString(toUInt32(ifNull(${n}, 0)))`;
    const written = withPrefix ? sql`concat(${address}, '/', toString(${prefix}))` : address;
    return expr('string', sql`if(isNull(${n}), '', ${written})`, false);
  };

const netmaskSuffix: FunctionRule = (call) => {
  const t = call.text(0);
  return expr('long', sql`if(${isNetwork(t)}, toInt64(${prefixPart(t)}), NULL)`, true);
};

/** ipv4_range_to_cidr_list(first, last): the fewest networks that make up the range, in order; null for what is no address. */
const rangeToCidrList: FunctionRule = (call) => {
  const [first, last] = [call.text(0), call.text(1)];
  const number = (t: Fragment) => sql`toInt64(ifNull(IPv4StringToNumOrNull(${t}), 0))`;
  const [from, to] = [number(first), number(last)];
  const at = sql`s.1`;
  const aligned = sql`if(${at} = 0, 32, bitCount(bitXor(${at}, ${at} - 1)) - 1)`;
  const size = sql`toInt64(least(${aligned}, floor(log2(greatest(${to} - ${at} + 1, 1)))))`;
  const network = sql`concat('"', IPv4NumToString(toUInt32(${at})), '/', toString(32 - ${size}), '"')`;
  const step = sql`if(${at} > ${to}, s, (${at} + bitShiftLeft(toInt64(1), ${size}), arrayPushBack(s.2, ${network})))`;
  // A range of addresses takes at most 62 networks.
  const folded = sql`arrayFold((s, i) -> ${step}, range(62), (${from}, CAST([], 'Array(String)')))`;
  return expr(
    'dynamic',
    sql`if(isIPv4String(${first}) AND isIPv4String(${last}), concat('[', arrayStringConcat((${folded}).2, ','), ']'), '')`,
    false,
  );
};

/** Pieces of a URL by one expression, which takes user information and hosts without dots. */
const urlPattern =
  '^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://(?:([^/?#@:]*)(?::([^/?#@]*))?@)?(\\[[^\\]]*\\]|[^/?#:]*)(?::([0-9]*))?)?([^?#]*)(?:[?]([^#]*))?(?:#(.*))?$';

/** `a=1&b=2` as a bag. */
function queryParameters(query: Fragment): Fragment {
  const pairs = sql`arrayMap(p -> (splitByChar('=', p)[1], toJSONString(substring(p, position(concat(p, '='), '=') + 1))), arrayFilter(p -> p != '', splitByChar('&', ${query})))`;
  return jsonBag(pairs);
}

/** parse_urlquery(text): the parameters, after a question mark or without one. */
const parseUrlQuery: FunctionRule = (call) => {
  const t = call.text(0);
  const query = sql`splitByChar('#', if(startsWith(${t}, '?'), substring(${t}, 2), ${t}))[1]`;
  const pairs = call.shared(expr('dynamic', queryParameters(query), false)).sql;
  return expr('dynamic', sql`concat('{"Query Parameters":', ${pairs}, '}')`, false);
};

const parseUrl: FunctionRule = (call) => {
  const t = call.text(0);
  const groups = call.scope.shared(expr('dynamic', sql`extractGroups(${t}, ${text(urlPattern)})`, false)).sql;
  const quoted = (index: number) => sql`replaceAll(toJSONString(${groups}[${integer(index)}]), '\\\\/', '/')`;
  const parameters = queryParameters(sql`${groups}[7]`);
  const bag = sql`concat('{"Scheme":', ${quoted(1)}, ',"Host":', ${quoted(4)}, ',"Port":', ${quoted(5)}, ',"Path":', ${quoted(6)}, ',"Username":', ${quoted(2)}, ',"Password":', ${quoted(3)}, ',"Query Parameters":', ${parameters}, ',"Fragment":', ${quoted(8)}, '}')`;
  return expr('dynamic', sql`if(empty(${groups}), '', ${bag})`, false);
};

export const networkFunctions: FunctionFamily = {
  ipv4_is_private: isPrivate,
  ipv4_is_in_range: isInRange,
  ipv4_is_in_any_range: isInAnyRange,
  ipv4_is_match: isMatch,
  ipv4_compare: compareIpv4,
  ipv4_netmask_suffix: netmaskSuffix,
  ipv4_range_to_cidr_list: rangeToCidrList,
  format_ipv4: formatIpv4(false),
  format_ipv4_mask: formatIpv4(true),
  parse_ipv4: parseIpv4,
  parse_ipv4_mask: (call) => expr('long', maskedIpv4(call).number, true),
  parse_url: parseUrl,
  parseurl: parseUrl,
  parse_urlquery: parseUrlQuery,
  parseurlquery: parseUrlQuery,
};
