import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { jsonElementTexts } from '../json.ts';
import type { FunctionFamily, FunctionRule } from './rule.ts';

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
  const given = call.count > 2 ? call.long(2).sql : sql`32`;
  const prefix = sql`least(ifNull(${prefixPart(a)}, 32), ifNull(${prefixPart(b)}, 32), ${given})`;
  return expr(
    'bool',
    sql`if(${isNetwork(a)} AND ${isNetwork(b)}, ${numberAt(a, prefix)} = ${numberAt(b, prefix)}, NULL)`,
    true,
  );
};

const parseIpv4: FunctionRule = (call) => {
  const t = call.text(0);
  const masked = sql`bitShiftLeft(${numberAt(t, prefixPart(t))}, toUInt8(32 - ${prefixPart(t)}))`;
  return expr('long', sql`if(${isNetwork(t)}, toInt64(${masked}), NULL)`, true);
};

/** Pieces of a URL by one expression, which takes user information and hosts without dots. */
const urlPattern =
  '^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://(?:([^/?#@:]*)(?::([^/?#@]*))?@)?(\\[[^\\]]*\\]|[^/?#:]*)(?::([0-9]*))?)?([^?#]*)(?:[?]([^#]*))?(?:#(.*))?$';

const parseUrl: FunctionRule = (call) => {
  const t = call.text(0);
  const groups = call.scope.shared(expr('dynamic', sql`extractGroups(${t}, ${text(urlPattern)})`, false)).sql;
  const quoted = (index: number) => sql`replaceAll(toJSONString(${groups}[${integer(index)}]), '\\\\/', '/')`;
  const parameters = sql`arrayStringConcat(arrayMap(p -> concat(replaceAll(toJSONString(splitByChar('=', p)[1]), '\\\\/', '/'), ':', replaceAll(toJSONString(substring(p, position(concat(p, '='), '=') + 1)), '\\\\/', '/')), arrayFilter(p -> p != '', splitByChar('&', ${groups}[7]))), ',')`;
  const bag = sql`concat('{"Scheme":', ${quoted(1)}, ',"Host":', ${quoted(4)}, ',"Port":', ${quoted(5)}, ',"Path":', ${quoted(6)}, ',"Username":', ${quoted(2)}, ',"Password":', ${quoted(3)}, ',"Query Parameters":{', ${parameters}, '},"Fragment":', ${quoted(8)}, '}')`;
  return expr('dynamic', sql`if(empty(${groups}), '', ${bag})`, false);
};

export const networkFunctions: FunctionFamily = {
  ipv4_is_private: isPrivate,
  ipv4_is_in_range: isInRange,
  ipv4_is_in_any_range: isInAnyRange,
  ipv4_is_match: isMatch,
  parse_ipv4: parseIpv4,
  parse_url: parseUrl,
  parseurl: parseUrl,
};
