import type { AggregateRule } from './aggregation.ts';
import { bitwiseAggregates } from './bitwise.ts';
import { choosingAggregates } from './choosing.ts';
import { collectingAggregates } from './collecting.ts';
import { countingAggregates } from './counting.ts';
import { percentileAggregates } from './percentiles.ts';
import { sketchAggregates } from './sketches.ts';
import { statisticsAggregates } from './statistics.ts';

/** Aggregates by family. */
export const aggregateFamilies: Readonly<Record<string, Readonly<Record<string, AggregateRule>>>> = {
  Counting: countingAggregates,
  Statistics: statisticsAggregates,
  Percentiles: percentileAggregates,
  Bits: bitwiseAggregates,
  Sketches: sketchAggregates,
  'Lists, sets and bags': collectingAggregates,
  'Choosing a row': choosingAggregates,
};

export const aggregates: ReadonlyMap<string, AggregateRule> = new Map(
  Object.values(aggregateFamilies).flatMap((family) => Object.entries(family)),
);
