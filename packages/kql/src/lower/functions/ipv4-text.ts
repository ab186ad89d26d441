import { type Fragment, join, sql, text, texts } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { constantString } from '../constants.ts';
import { jsonElementTexts } from '../json.ts';
import { quotedRegex, quoteRegex } from '../regex.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** IPv4 addresses inside texts: no letter or digit touches them. */

const before = '(?:^|[^0-9A-Za-z])';
const after = '(?:$|[^0-9A-Za-z])';
const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const wholeAddress = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const startOfAddress = new RegExp(`^(?:${octet}\\.){1,3}$`);

type Form = 'address' | 'prefix';

/** Whether the text holds a needle known now. The terms of it go to the text index first. */
function holds(haystack: Fragment, needle: string, form: Form): Fragment {
  const isWhole = wholeAddress.test(needle);
  if (!isWhole && (form === 'address' || !startOfAddress.test(needle))) return sql`false`;
  const octets = needle.split('.').filter((part) => part !== '');
  const rest = isWhole ? '' : Array.from({ length: 4 - octets.length }, () => octet).join('\\.');
  const pattern = `${before}${quoteRegex(needle)}${rest}${after}`;
  return sql`(hasAllTokens(lower(${haystack}), ${texts(octets)}) AND match(${haystack}, ${text(pattern)}))`;
}

/** The same of needles only known when the query runs. */
function holdsAny(haystack: Fragment, needles: Fragment, form: Form): Fragment {
  const whole = sql`match(n, ${text(wholeAddress.source)})`;
  const missing = sql`(4 - length(arrayFilter(p -> p != '', splitByChar('.', n))))`;
  const rest = sql`arrayStringConcat(arrayWithConstant(greatest(${missing}, 0), ${text(octet)}), '\\\\.')`;
  const valid = form === 'address' ? whole : sql`(${whole} OR match(n, ${text(startOfAddress.source)}))`;
  const pattern = sql`concat(${text(before)}, ${quotedRegex(sql`n`)}, if(${whole}, '', ${rest}), ${text(after)})`;
  return sql`arrayExists(n -> ${valid} AND match(${haystack}, ${pattern}), ${needles})`;
}

/** f(text, needle, …) or f(text, array of needles). */
const search =
  (form: Form): FunctionRule =>
  (call: Call) => {
    const haystack = call.text(0);
    const conditions = call.values(1).map((value, index) => {
      const { constant } = value;
      const known =
        constant?.type === 'dynamic'
          ? constant.value.elements?.map((element) => (element.type === 'string' ? element.value : ''))
          : [constantString(value)].filter((needle) => needle !== undefined);
      if (known !== undefined && known.length > 0)
        return sql`(${join(
          known.map((needle) => holds(haystack, needle, form)),
          sql` OR `,
        )})`;
      const needles =
        value.type === 'dynamic' ? jsonElementTexts(call.json(index + 1)) : sql`[${call.text(index + 1)}]`;
      return holdsAny(haystack, needles, form);
    });
    return expr('bool', sql`(${join(conditions, sql` OR `)})`, false);
  };

export const ipv4TextFunctions: FunctionFamily = {
  has_ipv4: search('address'),
  has_any_ipv4: search('address'),
  has_ipv4_prefix: search('prefix'),
  has_any_ipv4_prefix: search('prefix'),
};
