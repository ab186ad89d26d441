import { arrayFunctions } from './array.ts';
import { togetherFunctions } from './arrays-together.ts';
import { bagFunctions } from './bag.ts';
import { collectionFunctions } from './collection.ts';
import { conditionalFunctions } from './conditional.ts';
import { conversionFunctions } from './conversion.ts';
import { datetimeFunctions } from './datetime.ts';
import { distributionFunctions } from './distributions.ts';
import { encodingFunctions } from './encoding.ts';
import { geoFunctions } from './geo.ts';
import { geoCellFunctions } from './geo-cells.ts';
import { geoShapeFunctions } from './geo-shapes.ts';
import { geometryFunctions } from './geometry.ts';
import { hllFunctions } from './hll.ts';
import { ipv4TextFunctions } from './ipv4-text.ts';
import { ipv6Functions } from './ipv6.ts';
import { mathFunctions } from './math.ts';
import { networkFunctions } from './network.ts';
import { parsingFunctions } from './parsing.ts';
import { randomFunctions } from './random.ts';
import type { FunctionFamily, FunctionRule } from './rule.ts';
import { schemaFunctions } from './schema.ts';
import { seriesDecompositionFunctions } from './series-decomposition.ts';
import { seriesElementFunctions } from './series-elements.ts';
import { seriesFillFunctions } from './series-fill.ts';
import { seriesFilterFunctions } from './series-filters.ts';
import { seriesRegressionFunctions } from './series-regression.ts';
import { seriesStatisticFunctions } from './series-statistics.ts';
import { stringFunctions } from './string.ts';
import { tdigestFunctions } from './tdigest.ts';
import { timeZoneFunctions } from './time-zone.ts';
import { unicodeFunctions } from './unicode.ts';
import { unitConversionFunctions } from './unit-conversion.ts';
import { unpackingFunctions } from './unpacking.ts';
import { windowFunctions } from './window.ts';

/** Scalar functions by family. */
export const functionFamilies: Readonly<Record<string, FunctionFamily>> = {
  Conversion: conversionFunctions,
  Conditional: conditionalFunctions,
  'Types and columns': schemaFunctions,
  String: { ...stringFunctions, ...unicodeFunctions },
  'Date and time': { ...datetimeFunctions, ...timeZoneFunctions },
  Arrays: arrayFunctions,
  Bags: bagFunctions,
  'Sets and sequences': collectionFunctions,
  Mathematics: mathFunctions,
  Chance: randomFunctions,
  'Units of measure': unitConversionFunctions,
  'Addresses and URLs': { ...networkFunctions, ...ipv6Functions, ...ipv4TextFunctions },
  'Places of addresses': geoFunctions,
  'Encoding and hashing': encodingFunctions,
  'Other formats': { ...parsingFunctions, ...unpackingFunctions },
  'Neighbouring rows': windowFunctions,
  'Arrays side by side': togetherFunctions,
  'Special functions and distributions': distributionFunctions,
  'Places and shapes on Earth': { ...geometryFunctions, ...geoShapeFunctions },
  'Cells of geohash, H3 and S2': geoCellFunctions,
  'Series, element by element': seriesElementFunctions,
  'Series with gaps': seriesFillFunctions,
  'Statistics of series': seriesStatisticFunctions,
  'Lines through series': seriesRegressionFunctions,
  'Filters and transforms of series': seriesFilterFunctions,
  'Seasons of series': seriesDecompositionFunctions,
  'Sketches of distinct values': hllFunctions,
  'Sketches of distributions': tdigestFunctions,
};

export const scalarFunctions: ReadonlyMap<string, FunctionRule> = new Map(
  Object.values(functionFamilies).flatMap((family) => Object.entries(family)),
);
