import { type Fragment, integer, join, sql, text, texts } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { constantString } from '../constants.ts';
import { toText } from '../convert.ts';
import type { Call, FunctionRule } from './rule.ts';

const units = ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** How often 1024 goes into the unit asked for: by its name, or the largest that leaves one or more. */
function exponent(call: Call, size: Fragment): Fragment {
  const largest = sql`least(toUInt8(floor(log2(greatest(abs(${size}), 1)) / 10)), ${integer(units.length - 1)})`;
  if (call.count < 3) return largest;
  const name = constantString(toText(call.value(2), call.scope));
  if (name === undefined) {
    const place = sql`indexOf(${texts(units)}, ${call.text(2)})`;
    return sql`if(${place} > 0, ${place} - 1, ${largest})`;
  }
  const index = units.findIndex((unit) => unit.toLowerCase() === name.toLowerCase());
  return index < 0 ? largest : integer(index);
}

/** format_bytes(size[, precision[, unit]]): half away from zero. */
export const formatBytes: FunctionRule = (call) => {
  const size = call.real(0);
  const power = call.shared(
    expr('long', sql`toUInt8(${exponent(call, sql`ifNull(${size.sql}, 0)`)})`, false),
  ).sql;
  const precision = call.count > 1 ? sql`least(greatest(ifNull(${call.long(1).sql}, 0), 0), 15)` : integer(0);
  const scale = sql`pow(10, ${precision})`;
  const scaled = sql`(${size.sql} / pow(1024, ${power}) * ${scale})`;
  const rounded = sql`(sign(${scaled}) * floor(abs(${scaled}) + 0.5) / ${scale})`;
  const unit = sql`[${join(units.map(text))}][${power} + 1]`;
  return expr('string', sql`ifNull(concat(toString(${rounded}), ' ', ${unit}), '')`, false);
};
