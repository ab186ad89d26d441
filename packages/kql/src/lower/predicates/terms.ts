import { type Fragment, join, sql, text, texts } from '../../emit/fragment.ts';
import { quotedRegex, quoteRegex } from '../regex.ts';

/**
 * Term matching: a term is a run of letters and digits, and `has` finds its needle where no letter or digit touches it. ClickHouse's token
 * functions know the same terms and use the text index on `lower(column)`, but take no needle with a separator in it.
 */

const start = '(?:^|[^\\pL\\pN])';
const end = '(?:$|[^\\pL\\pN])';

/** `whole`: bounded on both sides (has). `prefix`, `suffix`: on that side only (hasprefix, hassuffix). */
export type TermSide = 'whole' | 'prefix' | 'suffix';

export function isAscii(value: string): boolean {
  return /^[\0-\x7f]*$/.test(value);
}

/** One term, without separators: letters, digits and whatever is outside ASCII. */
export function isPlainTerm(needle: string): boolean {
  return /^[0-9A-Za-z\u0080-\uffff]+$/.test(needle);
}

function touches(needle: string, at: 'start' | 'end'): boolean {
  return at === 'start' ? /^[\p{L}\p{N}]/u.test(needle) : /[\p{L}\p{N}]$/u.test(needle);
}

function termPattern(needle: string, side: TermSide): string {
  const before = side !== 'suffix' && touches(needle, 'start') ? start : '';
  const after = side !== 'prefix' && touches(needle, 'end') ? end : '';
  return `${before}${quoteRegex(needle)}${after}`;
}

/** Terms of the needle that every match contains whole, so that the text index can rule out rows. */
function wholeTerms(needle: string, side: TermSide): string[] {
  const terms = needle.split(/[^0-9A-Za-z\u0080-\uffff]+/);
  if (side === 'prefix') terms.pop();
  if (side === 'suffix') terms.shift();
  return terms.filter((term) => term !== '');
}

/** How the haystack and the needle are read: as they are, or without regard to case. */
export interface Casing {
  readonly sensitive: boolean;
}

export function foldCase(value: string, casing: Casing): string {
  return casing.sensitive ? value : value.toLowerCase();
}

/** `lower` keeps the text index usable; a needle outside ASCII needs the slower fold. */
export function foldHaystack(haystack: Fragment, needles: readonly string[], casing: Casing): Fragment {
  if (casing.sensitive) return haystack;
  return needles.every(isAscii) ? sql`lower(${haystack})` : sql`lowerUTF8(${haystack})`;
}

function holds(haystack: Fragment, folded: string, casing: Casing): Fragment {
  if (casing.sensitive) return sql`position(${haystack}, ${text(folded)}) > 0`;
  return isAscii(folded)
    ? sql`positionCaseInsensitive(${haystack}, ${text(folded)}) > 0`
    : sql`positionCaseInsensitiveUTF8(${haystack}, ${text(folded)}) > 0`;
}

/** Whether the haystack holds the needle as a term. */
export function termMatch(haystack: Fragment, needle: string, side: TermSide, casing: Casing): Fragment {
  const wanted = foldCase(needle, casing);
  const where = foldHaystack(haystack, [wanted], casing);
  if (side === 'whole' && isPlainTerm(wanted)) {
    const exact = sql`hasToken(${where}, ${text(wanted)})`;
    // The index is on lower(column).
    return casing.sensitive
      ? sql`(hasToken(lower(${haystack}), ${text(wanted.toLowerCase())}) AND ${exact})`
      : exact;
  }
  // A search for the bare needle first: few rows are left for the pattern, whose classes of letters are slow.
  const exact = sql`(${holds(haystack, wanted, casing)} AND match(${where}, ${text(termPattern(wanted, side))}))`;
  const terms = isAscii(wanted) ? wholeTerms(wanted.toLowerCase(), side) : [];
  return terms.length === 0 ? exact : sql`(hasAllTokens(lower(${haystack}), ${texts(terms)}) AND ${exact})`;
}

/** Whether the haystack holds any, or all, of the needles as terms. */
export function termsMatch(
  haystack: Fragment,
  needles: readonly string[],
  quantifier: 'any' | 'all',
): Fragment {
  const casing: Casing = { sensitive: false };
  const plain = needles
    .map((needle) => foldCase(needle, casing))
    .filter((needle) => isPlainTerm(needle) && isAscii(needle));
  const others = needles.filter((needle) => !isPlainTerm(needle) || !isAscii(needle));
  const conditions = others.map((needle) => termMatch(haystack, needle, 'whole', casing));
  if (plain.length > 0) {
    const lowered = sql`lower(${haystack})`;
    conditions.unshift(
      quantifier === 'any'
        ? sql`hasAnyTokens(${lowered}, ${texts(plain)})`
        : sql`hasAllTokens(${lowered}, ${texts(plain)})`,
    );
  }
  if (conditions.length === 0) return quantifier === 'any' ? sql`false` : sql`true`;
  return sql`(${join(conditions, quantifier === 'any' ? sql` OR ` : sql` AND `)})`;
}

/** SQL for the pattern of a needle that is only known when the query runs; the needle is already in its case. */
export function termPatternSql(needle: Fragment, side: TermSide): Fragment {
  const before =
    side === 'suffix' ? sql`''` : sql`if(match(${needle}, '^[\\\\pL\\\\pN]'), ${text(start)}, '')`;
  const after = side === 'prefix' ? sql`''` : sql`if(match(${needle}, '[\\\\pL\\\\pN]$'), ${text(end)}, '')`;
  return sql`concat(${before}, ${quotedRegex(needle)}, ${after})`;
}

/** Whether a needle only known when the query runs can go to the token functions. */
export function isPlainTermSql(needle: Fragment): Fragment {
  return sql`match(${needle}, '^[0-9A-Za-z]+$')`;
}
