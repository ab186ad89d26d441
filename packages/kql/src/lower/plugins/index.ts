import { bagUnpack } from './bag-unpack.ts';
import { ipv4Lookup, ipv6Lookup } from './ip-lookup.ts';
import { narrow } from './narrow.ts';
import { pivot } from './pivot.ts';
import type { PluginRule } from './rule.ts';

/** Plug-ins of `evaluate` by Kusto's name. */
export const plugins: ReadonlyMap<string, PluginRule> = new Map<string, PluginRule>([
  ['bag_unpack', bagUnpack],
  ['identity', ({ input }) => input],
  ['ipv4_lookup', ipv4Lookup],
  ['ipv6_lookup', ipv6Lookup],
  ['narrow', narrow],
  ['pivot', pivot],
]);
