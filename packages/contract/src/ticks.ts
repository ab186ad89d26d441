/**
 * Time on the wire: ISO 8601, UTC, `Z`, up to seven fraction digits. In between, ticks: 100 ns units counted from
 * 0001-01-01T00:00:00Z, as Kusto and .NET count them. No leap seconds.
 */

/** Ticks of 1970-01-01T00:00:00Z. */
export const UNIX_EPOCH_TICKS = 621_355_968_000_000_000n;
const TICKS_PER_MS = 10_000n;
const MAX_TICKS = 3_155_378_975_999_999_999n;
const MS_PER_DAY = 86_400_000;
const FIRST_MS = -62_135_596_800_000;

const CHAR_0 = 48;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** `count` decimal digits from `at`, or -1. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - CHAR_0;
    // NaN past the end of the text fails this too.
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Days from 1970-01-01, by counting years from March so that the leap day comes last. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

/** Digits after the point: text between `.` at 19 and the final `Z`. */
function fractionLength(text: string): number {
  return text.charCodeAt(19) === 46 /* . */ ? text.length - 21 : 0;
}

/**
 * Milliseconds since 1970 of `YYYY-MM-DDThh:mm:ss[.f{1,7}]Z`, finer digits cut off; NaN for any other text. Allocates nothing: it runs for
 * every row a device sends.
 */
export function isoToMs(text: string): number {
  const end = text.length - 1;
  if (end < 19 || end > 27 || text.charCodeAt(end) !== 90 /* Z */) return Number.NaN;
  if (
    text.charCodeAt(4) !== 45 ||
    text.charCodeAt(7) !== 45 ||
    text.charCodeAt(10) !== 84 /* T */ ||
    text.charCodeAt(13) !== 58 ||
    text.charCodeAt(16) !== 58
  ) {
    return Number.NaN;
  }
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23) return Number.NaN;
  if (minute < 0 || minute > 59 || second < 0 || second > 59) return Number.NaN;
  const lastDay = month === 2 && isLeapYear(year) ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
  if (day > lastDay) return Number.NaN;
  let ms = 0;
  if (end > 19) {
    const length = fractionLength(text);
    if (length < 1) return Number.NaN;
    const fraction = digits(text, 20, length);
    if (fraction < 0) return Number.NaN;
    ms = Math.floor(fraction / 10 ** (length - 3));
  }
  return (
    daysFromEpoch(year, month, day) * MS_PER_DAY + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms
  );
}

/** Ticks of an ISO text with `Z` and up to seven fraction digits; null for any other text. */
export function parseTicks(text: string): bigint | null {
  const ms = isoToMs(text);
  if (Number.isNaN(ms)) return null;
  const length = fractionLength(text);
  const belowMs = length > 3 ? Number(text.slice(23, 20 + length).padEnd(4, '0')) : 0;
  return BigInt(ms) * TICKS_PER_MS + BigInt(belowMs) + UNIX_EPOCH_TICKS;
}

/** ISO text with `Z` and exactly seven fraction digits. @throws RangeError before year 1 or after year 9999. */
export function formatTicks(ticks: bigint): string {
  if (ticks < 0n || ticks > MAX_TICKS)
    throw new RangeError(`${ticks} ticks lie outside the years 1 to 9999.`);
  const ms = Number(ticks / TICKS_PER_MS) + FIRST_MS;
  const belowMs = String(ticks % TICKS_PER_MS).padStart(4, '0');
  return `${new Date(ms).toISOString().slice(0, 23)}${belowMs}Z`;
}

export function ticksFromDate(date: Date): bigint {
  return BigInt(date.getTime()) * TICKS_PER_MS + UNIX_EPOCH_TICKS;
}

/** The moment as the wire writes it: seven fraction digits, of which a JavaScript clock knows the first three. */
export function nowIso7(date: Date): string {
  return formatTicks(ticksFromDate(date));
}
