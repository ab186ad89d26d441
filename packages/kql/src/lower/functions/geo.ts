import { dictionary, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import type { FunctionFamily, FunctionRule } from './rule.ts';

/**
 * geo_info_from_ip_address(address): country, state, city, latitude and longitude, by the operator's database. An empty bag for an address that it
 * does not know, and for every address where there is no database; null for what is no address.
 */
const geoInfo: FunctionRule = (call) => {
  const t = call.text(0);
  const isAddress = sql`(isIPv4String(${t}) OR isIPv6String(${t}))`;
  if (!call.scope.context.hasGeo) return expr('dynamic', sql`if(${isAddress}, '{}', '')`, false);
  // An IPv4 address becomes the IPv6 one that stands for it.
  const address = sql`tuple(ifNull(toIPv6OrNull(${t}), toIPv6('::')))`;
  const place = sql`dictGet(${dictionary('GeoNetworks')}, 'Location', ${address})`;
  const bag = sql`dictGet(${dictionary('GeoLocations')}, 'Bag', toUInt64(${place}))`;
  return expr('dynamic', sql`if(${isAddress}, ifNull(nullIf(${bag}, ''), '{}'), '')`, false);
};

export const geoFunctions: FunctionFamily = {
  geo_info_from_ip_address: geoInfo,
};
