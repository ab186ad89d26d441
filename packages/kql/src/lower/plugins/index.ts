import {
  activeUsersCount,
  activityCountsMetrics,
  activityEngagementPlugin,
  activityMetricsPlugin,
  newActivityMetricsPlugin,
  sessionCount,
  slidingWindowCountsPlugin,
} from './activity.ts';
import { bagUnpack } from './bag-unpack.ts';
import { geoLineLookup, geoPolygonLookup } from './geo-lookup.ts';
import { ipv4Lookup, ipv6Lookup } from './ip-lookup.ts';
import { narrow } from './narrow.ts';
import { autoclusterPlugin, basketPlugin, diffpatternsPlugin } from './patterns.ts';
import { pivot } from './pivot.ts';
import { rollingPercentile } from './rolling-percentile.ts';
import { rowsNear } from './rows-near.ts';
import type { PluginRule } from './rule.ts';
import { funnelSequence, funnelSequenceCompletion, sequenceDetect } from './sequences.ts';

/** Plug-ins of `evaluate` by Kusto's name. */
export const plugins: ReadonlyMap<string, PluginRule> = new Map<string, PluginRule>([
  ['active_users_count', activeUsersCount],
  ['activity_counts_metrics', activityCountsMetrics],
  ['activity_engagement', activityEngagementPlugin],
  ['activity_metrics', activityMetricsPlugin],
  ['autocluster', autoclusterPlugin],
  ['bag_unpack', bagUnpack],
  ['basket', basketPlugin],
  ['diffpatterns', diffpatternsPlugin],
  ['funnel_sequence', funnelSequence],
  ['funnel_sequence_completion', funnelSequenceCompletion],
  ['geo_line_lookup', geoLineLookup],
  ['geo_polygon_lookup', geoPolygonLookup],
  ['identity', ({ input }) => input],
  ['ipv4_lookup', ipv4Lookup],
  ['ipv6_lookup', ipv6Lookup],
  ['narrow', narrow],
  ['new_activity_metrics', newActivityMetricsPlugin],
  ['pivot', pivot],
  ['rolling_percentile', rollingPercentile],
  ['rows_near', rowsNear],
  ['sequence_detect', sequenceDetect],
  ['session_count', sessionCount],
  ['sliding_window_counts', slidingWindowCountsPlugin],
]);
