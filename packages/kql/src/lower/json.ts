import { type Fragment, join, sql } from '../emit/fragment.ts';

/** JSON text of a String. ClickHouse escapes slashes, each of them, so that undoing it cannot hit a real backslash. */
export function jsonString(value: Fragment): Fragment {
  return sql`replaceAll(toJSONString(${value}), '\\\\/', '/')`;
}

/** A JSON array of an array of texts. */
export function jsonTexts(values: Fragment): Fragment {
  return sql`replaceAll(toJSONString(${values}), '\\\\/', '/')`;
}

/** A JSON array of an array of numbers, none of them null. */
export function jsonNumbers(values: Fragment): Fragment {
  return sql`concat('[', arrayStringConcat(arrayMap(n -> toString(n), ${values}), ','), ']')`;
}

/** Raw JSON below `value` by keys (String) and 1-based indexes (Int64); '' when there is nothing or JSON null. */
export function jsonExtract(value: Fragment, path: readonly Fragment[]): Fragment {
  return sql`ifNull(nullIf(JSONExtractRaw(${join([value, ...path])}), 'null'), '')`;
}

/** Text of what is below `value` by keys and indexes: the same as of its raw JSON, with one look-up. */
export function jsonPathText(value: Fragment, path: readonly Fragment[]): Fragment {
  return sql`JSONExtract(${join([value, ...path])}, 'String')`;
}

/** Elements of a JSON array as raw texts; JSON null becomes ''. Empty for anything else. */
export function jsonElements(value: Fragment): Fragment {
  return rawElements(sql`JSONExtractArrayRaw(${value})`);
}

/** Elements as the engine takes them out of a JSON array, as raw texts of ours. */
export function rawElements(extracted: Fragment): Fragment {
  return sql`arrayMap(e -> if(e = 'null', '', e), ${extracted})`;
}

/** A JSON array of raw JSON texts. */
export function jsonArray(elements: Fragment): Fragment {
  return sql`concat('[', arrayStringConcat(arrayMap(e -> if(e = '', 'null', e), ${elements}), ','), ']')`;
}

/** Text of a raw JSON value: strings without their quotes, the rest as it is written. */
export function jsonText(raw: Fragment): Fragment {
  return sql`if(startsWith(${raw}, '"'), JSONExtractString(${raw}), ${raw})`;
}

/** Texts of the elements of a JSON array. */
export function jsonElementTexts(value: Fragment): Fragment {
  return sql`arrayMap(e -> if(startsWith(e, '"'), JSONExtractString(e), if(e = 'null', '', e)), JSONExtractArrayRaw(${value}))`;
}

/** The (key, raw value) pairs of a JSON object; none for anything else. */
export function jsonPairs(value: Fragment): Fragment {
  return sql`JSONExtractKeysAndValuesRaw(${value})`;
}

/** An object of (key, raw value) pairs; of two with one key the first stays. */
export function jsonBag(pairs: Fragment): Fragment {
  const unique = sql`arrayFilter((kv, nth) -> nth = 1, ${pairs}, arrayEnumerateUniq(arrayMap(x -> x.1, ${pairs})))`;
  const written = sql`arrayMap(kv -> concat(${jsonString(sql`kv.1`)}, ':', kv.2), ${unique})`;
  return sql`concat('{', arrayStringConcat(${written}, ','), '}')`;
}
