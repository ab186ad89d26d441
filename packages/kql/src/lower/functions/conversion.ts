import { sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { stringConstant } from '../constants.ts';
import { toDynamic, toText } from '../convert.ts';
import { jsonExtract, jsonString } from '../json.ts';
import { perValue } from './per-value.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** The keys of each object in order, and no spaces; a text stands for itself, null for ''. */
function canonicalJson(json: string): string {
  if (json === '') return '';
  const value: unknown = JSON.parse(json);
  return typeof value === 'string' ? value : written(value);
}

function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${written(member)}`).join(',')}}`;
}

const to =
  (type: 'bool' | 'datetime' | 'decimal' | 'guid' | 'int' | 'long' | 'real' | 'timespan'): FunctionRule =>
  (call) =>
    call.convert(call.value(0), type);

/** Text as JSON: what is not JSON is a string. Path access reads the text itself, which finds nothing in what is not JSON. */
const parseJson: FunctionRule = (call) => {
  const value = call.value(0);
  if (value.type === 'dynamic') return reparsed(call);
  if (value.type !== 'string') return toDynamic(value, call.scope);
  const t = call.text(0);
  const json = sql`multiIf(isValidJSON(${t}), ${jsonExtract(t, [])}, ${t} = '', '', ${jsonString(t)})`;
  return { ...expr('dynamic', json, false), jsonText: t };
};

/** A dynamic string is parsed as text; any other dynamic is what it is. */
function reparsed(call: Call) {
  const value = call.value(0);
  if (value.constant !== undefined) return value;
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
    return expr('string', perValue(call, known, canonicalJson), false);
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
