import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { ticksOfDatetime, ticksPerDay, ticksPerHour, ticksPerMinute, ticksPerSecond } from '../constants.ts';

type Refuse = (what: string) => never;

/** A format known at translation, cut into pieces: runs of one letter, and what is between them. */
function pieces(format: string): string[] {
  return format.match(/([a-zA-Z])\1*|[^a-zA-Z]+/g) ?? [];
}

/** At least `width` digits. `leftPad` would cut a longer number. */
function padded(value: Fragment, width: number): Fragment {
  if (width === 1) return sql`toString(${value})`;
  return sql`leftPad(toString(${value}), greatest(${integer(width)}, length(toString(${value}))), '0')`;
}

function fraction(ticks: Fragment, digits: number): Fragment {
  return sql`substring(leftPad(toString(positiveModulo(${ticks}, toInt64(${integer(ticksPerSecond)}))), 7, '0'), 1, ${integer(digits)})`;
}

function concat(fragments: readonly Fragment[]): Fragment {
  return fragments.length === 0 ? sql`''` : sql`concat('', ${join(fragments)})`;
}

/** Characters that format_datetime() and format_timespan() take between the fields. */
const delimiters = /^[ /\-:,._[\]]+$/;

export function formatDatetime(datetime: Fragment, format: string, refuse: Refuse): Fragment {
  const field = (piece: string): Fragment => {
    const d = datetime;
    switch (piece) {
      case 'y':
      case 'yy':
        return padded(sql`toYear(${d}) % 100`, piece.length);
      case 'yyyy':
        return padded(sql`toYear(${d})`, 4);
      case 'M':
      case 'MM':
        return padded(sql`toMonth(${d})`, piece.length);
      case 'd':
      case 'dd':
        return padded(sql`toDayOfMonth(${d})`, piece.length);
      case 'H':
      case 'HH':
        return padded(sql`toHour(${d})`, piece.length);
      case 'h':
      case 'hh':
        return padded(sql`if(toHour(${d}) % 12 = 0, 12, toHour(${d}) % 12)`, piece.length);
      case 'm':
      case 'mm':
        return padded(sql`toMinute(${d})`, piece.length);
      case 's':
      case 'ss':
        return padded(sql`toSecond(${d})`, piece.length);
      case 'tt':
        return sql`if(toHour(${d}) < 12, 'AM', 'PM')`;
    }
    if (/^f{1,7}$/.test(piece)) return fraction(ticksOfDatetime(d), piece.length);
    if (/^F{1,7}$/.test(piece))
      return sql`replaceRegexpOne(${fraction(ticksOfDatetime(d), piece.length)}, '0+$', '')`;
    return delimiters.test(piece) ? text(piece) : refuse(piece);
  };
  return concat(pieces(format).map(field));
}

export function formatTimespan(ticks: Fragment, format: string, refuse: Refuse): Fragment {
  const part = (unit: bigint, modulus: number) =>
    sql`(intDiv(abs(${ticks}), ${integer(unit)}) % ${integer(modulus)})`;
  const field = (piece: string): Fragment => {
    if (/^d{1,8}$/.test(piece))
      return padded(sql`intDiv(abs(${ticks}), ${integer(ticksPerDay)})`, piece.length);
    switch (piece) {
      case 'H':
      case 'HH':
      case 'h':
      case 'hh':
        return padded(part(ticksPerHour, 24), piece.length);
      case 'm':
      case 'mm':
        return padded(part(ticksPerMinute, 60), piece.length);
      case 's':
      case 'ss':
        return padded(part(ticksPerSecond, 60), piece.length);
    }
    if (/^f{1,7}$/.test(piece)) return fraction(sql`abs(${ticks})`, piece.length);
    if (/^F{1,7}$/.test(piece))
      return sql`replaceRegexpOne(${fraction(sql`abs(${ticks})`, piece.length)}, '0+$', '')`;
    return delimiters.test(piece) ? text(piece) : refuse(piece);
  };
  return concat(pieces(format).map(field));
}
