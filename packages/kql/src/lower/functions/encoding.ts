import { type Fragment, integer, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { ticksOfDatetime, unixEpochTicks } from '../constants.ts';
import { jsonElements, jsonNumbers } from '../json.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

const digest =
  (apply: (t: Fragment) => Fragment): FunctionRule =>
  (call) =>
    expr('string', sql`lower(hex(${apply(call.text(0))}))`, false);

const encode: FunctionRule = (call) => expr('string', sql`base64Encode(${call.text(0)})`, false);
/** '' for what is not Base64 of a UTF-8 text. */
const decode: FunctionRule = (call) => {
  const decoded = sql`tryBase64Decode(${call.text(0)})`;
  return expr('string', sql`if(isValidUTF8(${decoded}), ${decoded}, '')`, false);
};

/** The bytes as an array of numbers; null for what is not Base64. */
const decodeToArray: FunctionRule = (call) => {
  const bytes = call.shared(expr('string', sql`tryBase64Decode(${call.text(0)})`, false)).sql;
  const numbers = sql`arrayMap(i -> reinterpretAsUInt8(substring(${bytes}, i, 1)), range(1, length(${bytes}) + 1))`;
  return expr(
    'dynamic',
    sql`if(${bytes} = '' AND ${call.text(0)} != '', '', ${jsonNumbers(numbers)})`,
    false,
  );
};

/** '' unless all elements are bytes. */
const encodeFromArray: FunctionRule = (call) => {
  const numbers = call.shared(
    expr('dynamic', sql`arrayMap(e -> toUInt8OrNull(e), ${jsonElements(call.json(0))})`, false),
  ).sql;
  const bytes = sql`arrayStringConcat(arrayMap(n -> char(ifNull(n, 0)), ${numbers}))`;
  return expr('string', sql`if(arrayExists(n -> isNull(n), ${numbers}), '', base64Encode(${bytes}))`, false);
};

/** The bytes of a GUID stand as Windows keeps them: the first three groups with their last byte first. */
const guidBytes = (hexadecimal: Fragment): Fragment =>
  sql`concat(reverse(substring(${hexadecimal}, 1, 4)), reverse(substring(${hexadecimal}, 5, 2)), reverse(substring(${hexadecimal}, 7, 2)), substring(${hexadecimal}, 9, 8))`;

const encodeFromGuid: FunctionRule = (call) => {
  const guid = call.as(0, 'guid').sql;
  const bytes = call.shared(expr('string', sql`unhex(replaceAll(${guid}, '-', ''))`, false)).sql;
  return expr('string', sql`if(${guid} = '', '', base64Encode(${guidBytes(bytes)}))`, false);
};

/** Null unless there are 16 bytes. */
const decodeToGuid: FunctionRule = (call) => {
  const bytes = call.shared(expr('string', sql`tryBase64Decode(${call.text(0)})`, false)).sql;
  const digits = call.shared(expr('string', sql`lower(hex(${guidBytes(bytes)}))`, false)).sql;
  const guid = sql`concat(substring(${digits}, 1, 8), '-', substring(${digits}, 9, 4), '-', substring(${digits}, 13, 4), '-', substring(${digits}, 17, 4), '-', substring(${digits}, 21, 12))`;
  return expr('guid', sql`if(length(${bytes}) = 16, ${guid}, '')`, false);
};

/** What is hashed of a value: a text's bytes, or the eight bytes of a number. A datetime counts from 0001-01-01. */
function hashed(call: Call, value: Expr): Expr {
  const number = (n: Fragment) => sql`reinterpret(toInt64(${n}), 'FixedString(8)')`;
  switch (value.type) {
    case 'string':
    case 'dynamic':
    case 'guid':
      return value;
    case 'bool':
    case 'int':
    case 'long':
    case 'timespan':
      return expr('string', number(value.sql), false);
    case 'datetime':
      return expr('string', number(sql`${ticksOfDatetime(value.sql)} + ${integer(unixEpochTicks)}`), false);
    case 'real':
      return expr('string', sql`reinterpret(${value.sql}, 'FixedString(8)')`, false);
    case 'decimal':
      return call.convert(value, 'string');
  }
}

/** xxHash64 as a signed number: the same value as Kusto's. */
function hashOf(call: Call, index: number): Expr {
  const value = call.shared(call.value(index));
  const present = { ...value, sql: value.nullable ? sql`assumeNotNull(${value.sql})` : value.sql };
  const hash = sql`reinterpret(xxHash64(${hashed(call, present).sql}), 'Int64')`;
  return value.nullable
    ? expr('long', sql`if(isNull(${value.sql}), NULL, ${hash})`, true)
    : expr('long', hash, false);
}

const hash: FunctionRule = (call) => {
  const value = hashOf(call, 0);
  if (call.count === 1) return value;
  return expr('long', sql`toInt64(positiveModuloOrNull(${value.sql}, ${call.long(1).sql}))`, true);
};

/** Kusto publishes no formula for the combination, only that it may change: ours spreads the bits in the same spirit. */
function combined(call: Call, hashes: readonly Expr[]): Expr {
  return hashes.reduce((sum, each) => {
    const [a, b] = [call.shared(sum).sql, call.shared(each).sql];
    const mixed = sql`bitXor(${a}, ${b} + toInt64(-7046029254386353131) + bitShiftLeft(${a}, 6) + bitShiftRight(${a}, 2))`;
    return expr('long', sql`toInt64(${mixed})`, sum.nullable || each.nullable);
  });
}

export const encodingFunctions: FunctionFamily = {
  base64_encode_tostring: encode,
  base64_encodestring: encode,
  base64_decode_tostring: decode,
  base64_decodestring: decode,
  base64_decode_toarray: decodeToArray,
  base64_encode_fromarray: encodeFromArray,
  base64_decode_toguid: decodeToGuid,
  base64_encode_fromguid: encodeFromGuid,
  hash_sha256: digest((t) => sql`SHA256(${t})`),
  hash_sha1: digest((t) => sql`SHA1(${t})`),
  hash_md5: digest((t) => sql`MD5(${t})`),
  hash,
  hash_xxhash64: hash,
  hash_combine: (call) =>
    combined(
      call,
      call.values().map((_, index) => call.long(index)),
    ),
  hash_many: (call) =>
    combined(
      call,
      call.values().map((_, index) => hashOf(call, index)),
    ),
};
