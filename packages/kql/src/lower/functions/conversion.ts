import { sql } from '../../emit/fragment.ts';
import { canonicalJson } from '../../formats/canonical-json.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { stringConstant } from '../constants.ts';
import { toDynamic, toText } from '../convert.ts';
import { jsonExtract, jsonString } from '../json.ts';
import { perValue } from '../per-value.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** A text stands for itself, null for ''. */
function canonical(json: string): string {
  return json.startsWith('"') ? String(JSON.parse(json)) : canonicalJson(json);
}

const to =
  (type: 'bool' | 'datetime' | 'decimal' | 'guid' | 'int' | 'long' | 'real' | 'timespan'): FunctionRule =>
  (call) =>
    call.convert(call.value(0), type);

/** Text as JSON: what is not JSON is a string. Path access reads the text itself, which finds nothing in what is not JSON. */
const parseJson: FunctionRule = (call) => {
  const value = call.value(0);
  if (value.type === 'dynamic') return reparsed(call);
  return value.type === 'string' ? parsed(value, call) : toDynamic(value, call.scope);
};

function parsed(value: Expr, call: Call): Expr {
  const t = call.shared(value).sql;
  const json = sql`multiIf(isValidJSON(${t}), ${jsonExtract(t, [])}, ${t} = '', '', ${jsonString(t)})`;
  return { ...expr('dynamic', json, false), jsonText: t };
}

/** A dynamic string is parsed as text; any other dynamic is what it is. */
function reparsed(call: Call) {
  const value = call.value(0);
  if (value.constant?.type === 'dynamic') {
    const { json } = value.constant.value;
    if (!json.startsWith('"')) return value;
    return parsed(stringConstant(String(JSON.parse(json))), call);
  }
  const d = call.json(0);
  const inner = sql`JSONExtractString(${d})`;
  const json = sql`if(startsWith(${d}, '"') AND isValidJSON(${inner}), ${jsonExtract(inner, [])}, ${d})`;
  return { ...expr('dynamic', json, false), jsonText: sql`if(startsWith(${d}, '"'), ${inner}, ${d})` };
}

export const conversionFunctions: FunctionFamily = {
  tostring: (call) => toText(call.value(0), call.scope),
  toint: to('int'),
  tolong: to('long'),
  toreal: to('real'),
  todouble: to('real'),
  todecimal: to('decimal'),
  tobool: to('bool'),
  toboolean: to('bool'),
  todatetime: to('datetime'),
  totimespan: to('timespan'),
  totime: to('timespan'),
  toguid: to('guid'),
  parse_json: parseJson,
  parsejson: parseJson,
  todynamic: parseJson,
  toobject: parseJson,
  dynamic_to_json: (call) => {
    const value = call.value(0);
    if (value.type !== 'dynamic') return toText(value, call.scope);
    const json = expr('string', call.json(0), false);
    const known = value.constant?.type === 'dynamic' ? stringConstant(value.constant.value.json) : json;
    return expr('string', perValue(call, known, canonical), false);
  },
  tohex: (call) => {
    const x = call.long(0);
    // The two's complement of an int has eight digits.
    const isInt = call.value(0).type === 'int';
    const digits = isInt ? sql`lower(hex(toInt32(${x.sql})))` : sql`lower(hex(${x.sql}))`;
    const trimmed = sql`if(${x.sql} < 0, ${digits}, if(${x.sql} = 0, '0', replaceRegexpOne(${digits}, '^0+', '')))`;
    const width =
      call.count > 1
        ? sql`leftPad(${trimmed}, greatest(toInt64(length(${trimmed})), least(ifNull(${call.long(1).sql}, 0), 64)), '0')`
        : trimmed;
    return expr('string', sql`ifNull(${width}, '')`, false);
  },
};
