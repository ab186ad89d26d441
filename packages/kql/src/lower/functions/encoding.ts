import { type Fragment, sql } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import type { FunctionFamily, FunctionRule } from './rule.ts';

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

/** xxHash64 as a signed number: the same value as Kusto's. */
const hash: FunctionRule = (call) => {
  if (call.value(0).type !== 'string') call.refuse(`of a ${call.value(0).type}`);
  const value = sql`reinterpret(xxHash64(${call.text(0)}), 'Int64')`;
  if (call.count === 1) return expr('long', value, false);
  return expr('long', sql`toInt64(positiveModuloOrNull(${value}, ${call.long(1).sql}))`, true);
};

export const encodingFunctions: FunctionFamily = {
  base64_encode_tostring: encode,
  base64_encodestring: encode,
  base64_decode_tostring: decode,
  base64_decodestring: decode,
  hash_sha256: digest((t) => sql`SHA256(${t})`),
  hash_sha1: digest((t) => sql`SHA1(${t})`),
  hash_md5: digest((t) => sql`MD5(${t})`),
  hash,
  hash_xxhash64: hash,
};
