import { type Fragment, integer, sql } from '../../emit/fragment.ts';
import { schemaOfAll } from '../../formats/dynamic-shape.ts';
import { expr } from '../../tree/expression.ts';
import { toDynamic } from '../convert.ts';
import { jsonArray, jsonBag, jsonElements, jsonTexts } from '../json.ts';
import type { AggregateCall, AggregateColumn, AggregateRule } from './aggregation.ts';
import { conditionAt, presence } from './counting.ts';

/** Elements kept when the query names no bound. */
const defaultSize = 1_048_576n;
/** The same for the older makeset() and makelist(). */
const olderSize = 128n;

interface Collecting {
  readonly conditional: boolean;
  readonly size: bigint;
}

const usual: Collecting = { conditional: false, size: defaultSize };
const conditional: Collecting = { conditional: true, size: defaultSize };
const older: Collecting = { conditional: false, size: olderSize };

function sizeOf(call: AggregateCall, kind: Collecting): bigint {
  const index = kind.conditional ? 2 : 1;
  const size = index < call.count ? call.constantInteger(index, 'a size') : kind.size;
  return size > 0n && size < defaultSize ? size : defaultSize;
}

function wanted(call: AggregateCall, kind: Collecting): Fragment {
  const present = presence(call, 0) ?? sql`true`;
  return kind.conditional ? sql`${present} AND ${conditionAt(call, 1)}` : present;
}

/** A dynamic array of what the aggregate collects. */
function arrayColumn(
  call: AggregateCall,
  above: (collected: Fragment) => Fragment,
  aggregate: Fragment,
): AggregateColumn[] {
  const { sql: collected } = call.aggregation.value('dynamic', aggregate, false);
  return [
    { value: { ...expr('dynamic', above(collected), false), elementCount: sql`length(${collected})` } },
  ];
}

/** Distinct values that are not null; arrays give their elements. */
const makeSet =
  (kind: Collecting): AggregateRule =>
  (call) => {
    const value = call.shared(call.value(0));
    const size = integer(sizeOf(call, kind));
    const condition = wanted(call, kind);
    if (value.type === 'string')
      return arrayColumn(call, jsonTexts, sql`groupUniqArrayIf(${size})(${value.sql}, ${condition})`);
    if (value.type !== 'dynamic') {
      // The set is of the values as they are; only those that it keeps are written as JSON.
      const element = toDynamic(expr(value.type, sql`v`, false), call.scope).sql;
      const known = value.nullable ? sql`assumeNotNull(${value.sql})` : value.sql;
      return arrayColumn(
        call,
        (set) => jsonArray(sql`arrayMap(v -> ${element}, ${set})`),
        sql`groupUniqArrayIf(${size})(${known}, ${condition})`,
      );
    }
    const json = value.sql;
    const elements = sql`arrayFilter(e -> e != '', if(JSONType(${json}) = 'Array', ${jsonElements(json)}, [${json}]))`;
    return arrayColumn(call, jsonArray, sql`groupUniqArrayArrayIf(${size})(${elements}, ${condition})`);
  };

/** Values that are not null, in the order of the rows if they have one; arrays give their elements, as the pages of geo_h3cell_rings() and others show. */
const makeList =
  (kind: Collecting & { readonly withNulls?: boolean }): AggregateRule =>
  (call) => {
    const value = call.shared(call.value(0));
    const condition = kind.withNulls === true ? sql`true` : wanted(call, kind);
    const size = sizeOf(call, kind);
    if (value.type === 'dynamic') {
      const json = value.sql;
      const elements = sql`if(JSONType(${json}) = 'Array', ${jsonElements(json)}, [${json}])`;
      const collected = sql`arrayFlatten(${inOrder(call, elements, condition, defaultSize)})`;
      return arrayColumn(call, jsonArray, sql`arraySlice(${collected}, 1, ${integer(size)})`);
    }
    const isString = value.type === 'string';
    const json = isString ? value.sql : toDynamic(value, call.scope).sql;
    return arrayColumn(call, isString ? jsonTexts : jsonArray, inOrder(call, json, condition, size));
  };

function inOrder(call: AggregateCall, value: Fragment, condition: Fragment, size: bigint): Fragment {
  const rank = call.aggregation.rank();
  if (rank === undefined) return sql`groupArrayIf(${integer(size)})(${value}, ${condition})`;
  const sorted = sql`arraySort(t -> t.1, groupArrayIf(tuple(${rank}, ${value}), ${condition}))`;
  return sql`arraySlice(arrayMap(t -> t.2, ${sorted}), 1, ${integer(size)})`;
}

/** One bag of all: of two values under one key, the first stays. */
const makeBag =
  (kind: Collecting): AggregateRule =>
  (call) => {
    const json = toDynamic(call.value(0), call.scope).sql;
    const pairs = sql`JSONExtractKeysAndValuesRaw(${json})`;
    const collected = inOrder(call, pairs, wanted(call, kind), defaultSize);
    const size = integer(sizeOf(call, kind));
    const pairsOfAll = sql`arraySlice(arrayFlatten(${collected}), 1, ${size})`;
    const { sql: all } = call.aggregation.value('dynamic', pairsOfAll, false);
    return [{ value: expr('dynamic', jsonBag(all), false) }];
  };

/** Different values that one schema is built of. */
const maxSchemaValues = 100_000;

/** buildschema(dynamic): the smallest schema that all values fit. */
const buildSchema: AggregateRule = (call) => {
  if (!call.aggregation.computesAfter) return call.refuse('here');
  const json = toDynamic(call.value(0), call.scope).sql;
  const values = sql`groupUniqArrayIf(${integer(BigInt(maxSchemaValues + 1))})(${json}, ${json} != '')`;
  const { sql: collected } = call.aggregation.value('dynamic', values, false);
  const checked = sql`if(length(${collected}) > ${integer(BigInt(maxSchemaValues))}, '', ${jsonArray(sql`arraySort(${collected})`)})`;
  const after = (all: string) =>
    all === '' ? call.refuse(`of more than ${maxSchemaValues} different values`) : schemaOfAll(all);
  return [{ value: expr('dynamic', checked, false), after }];
};

export const collectingAggregates: Readonly<Record<string, AggregateRule>> = {
  make_set: makeSet(usual),
  make_set_if: makeSet(conditional),
  makeset: makeSet(older),
  make_list: makeList(usual),
  make_list_if: makeList(conditional),
  makelist: makeList(older),
  make_list_with_nulls: makeList({ ...usual, withNulls: true }),
  make_bag: makeBag(usual),
  make_bag_if: makeBag(conditional),
  make_dictionary: makeBag(usual),
  buildschema: buildSchema,
};
