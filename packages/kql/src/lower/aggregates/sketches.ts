import { type Fragment, integer, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import {
  type Counted,
  contentOf,
  keptHashes,
  outermost,
  precisionOf,
  readSketch,
  registerOf,
  sketchJson,
  touched,
} from '../functions/hll.ts';
import { digestJson, digestText, digestType, readDigest } from '../functions/tdigest.ts';
import type { AggregateCall, AggregateColumn, AggregateRule } from './aggregation.ts';
import { conditionAt, presence } from './counting.ts';

/** Sketches that can be stored and merged: see functions/hll.ts and functions/tdigest.ts for their forms. */

function beneath(call: AggregateCall, value: Fragment): Fragment {
  return call.scope.row.computed(expr('dynamic', value, false)).sql;
}

function above(call: AggregateCall, type: Expr['type'], aggregate: Fragment): Fragment {
  return call.aggregation.value(type, aggregate, false).sql;
}

function dynamicColumn(json: Fragment): AggregateColumn[] {
  return [{ value: expr('dynamic', json, false) }];
}

/** hll(x[, accuracy]) and hll_if(x, condition[, accuracy]). */
const hll =
  (conditional: boolean): AggregateRule =>
  (call) => {
    const accuracyAt = conditional ? 2 : 1;
    const accuracy = accuracyAt < call.count ? call.constantInteger(accuracyAt, 'an accuracy') : 1n;
    const bits = precisionOf(accuracy) ?? call.refuse(`with the accuracy ${accuracy}`);
    const precision = sql`toUInt8(${integer(bits)})`;
    const value = call.shared(call.value(0));
    const x = value.nullable ? sql`assumeNotNull(${value.sql})` : value.sql;
    // The same number counts once, whether it is an int or a long.
    const hash = beneath(call, sql`sipHash64(${value.type === 'int' ? sql`toInt64(${x})` : x})`);
    const present = presence(call, 0) ?? sql`true`;
    const wanted = conditional ? sql`${present} AND ${conditionAt(call, 1)}` : present;
    const numbers = sql`arrayPushFront(${outermost(precision)}, ${registerOf(hash, precision)})`;
    const contents = sql`[${contentOf(hash, precision)}, toUInt8(0), toUInt8(0)]`;
    const counted: Counted = {
      precision,
      hashes: above(call, 'dynamic', sql`groupUniqArrayIf(${keptHashes})(${hash}, ${wanted})`),
      registers: above(call, 'dynamic', sql`maxMapIf(${numbers}, ${contents}, ${wanted})`),
    };
    return dynamicColumn(sketchJson(counted));
  };

/** Null where sketches of different precision meet. */
const hllMerge: AggregateRule = (call) => {
  const sketch = readSketch(call.json(0), call.scope);
  const { isValid } = sketch;
  const parts = touched(sketch);
  const numbers = beneath(call, sql`arrayConcat(${parts.numbers}, ${outermost(sketch.precision)})`);
  const contents = beneath(call, sql`arrayConcat(${parts.contents}, [toUInt8(0), toUInt8(0)])`);
  const least = above(call, 'long', sql`minIf(${sketch.precision}, ${isValid})`);
  const greatest = above(call, 'long', sql`maxIf(${sketch.precision}, ${isValid})`);
  const kept = sql`if(notEmpty(${sketch.registers}), range(toUInt64(${keptHashes})), ${sketch.hashes})`;
  const counted: Counted = {
    precision: greatest,
    hashes: above(call, 'dynamic', sql`groupUniqArrayArrayIf(${keptHashes})(${kept}, ${isValid})`),
    registers: above(call, 'dynamic', sql`maxMapIf(${numbers}, ${contents}, ${isValid})`),
  };
  return dynamicColumn(sql`if(${least} = ${greatest} AND ${greatest} > 0, ${sketchJson(counted)}, '')`);
};

/** tdigest(x[, weight]). */
const tdigest: AggregateRule = (call) => {
  const value = call.value(0).type === 'dynamic' ? call.real(0) : call.shared(call.value(0));
  const type = digestType(value.type) ?? call.refuse(`of a ${value.type}`);
  const weight = call.count > 1 ? call.long(1) : undefined;
  const w = weight === undefined ? sql`toInt64(1)` : sql`toInt64(ifNull(${weight.sql}, 0))`;
  const finite = type === 'real' ? sql`isFinite(${value.sql})` : sql`true`;
  const wanted = sql`ifNull(isNotNull(${value.sql}) AND ${finite} AND ${w} > 0, false)`;
  const pairs = above(call, 'dynamic', sql`sumMapIf([${digestText(value)}], [${w}], ${wanted})`);
  return dynamicColumn(digestJson(text(type), pairs, call.outer));
};

/** Null where digests of different types meet. */
const tdigestMerge: AggregateRule = (call) => {
  const digest = readDigest(call.json(0), call.scope);
  const least = above(call, 'string', sql`minIf(${digest.type}, ${digest.isValid})`);
  const greatest = above(call, 'string', sql`maxIf(${digest.type}, ${digest.isValid})`);
  const pairs = above(call, 'dynamic', sql`sumMapIf(${digest.values}, ${digest.weights}, ${digest.isValid})`);
  const json = digestJson(greatest, pairs, call.outer);
  return dynamicColumn(sql`if(${least} = ${greatest} AND ${greatest} != '', ${json}, '')`);
};

export const sketchAggregates: Readonly<Record<string, AggregateRule>> = {
  hll: hll(false),
  hll_if: hll(true),
  hll_merge: hllMerge,
  tdigest,
  tdigest_merge: tdigestMerge,
  merge_tdigest: tdigestMerge,
};
