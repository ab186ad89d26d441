/** Graph's `Timespan`: ISO 8601, as a duration, a start, or two of start, duration and end. Pure. */
import { ApiError } from '@merlon/contract';

export interface Timespan {
  readonly from?: Date;
  readonly until?: Date;
}

const DURATION =
  /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;
const DAY_S = 86_400;

/** @throws ApiError BadRequest that names it */
export function readTimespan(text: string, now: Date): Timespan {
  const parts = text.trim().split('/');
  const [first = '', second] = parts.map((part) => part.trim());
  const refuse = () =>
    new ApiError(
      'BadRequest',
      `The timespan '${text.slice(0, 100)}' is not one of ISO 8601: a duration such as P7D, or start/end.`,
    );
  if (parts.length > 2) throw refuse();
  const start = instant(first);
  const before = durationMs(first);
  if (second === undefined) {
    if (start !== null) return { from: start };
    if (before !== null) return { from: earlier(now, before) };
    throw refuse();
  }
  const end = instant(second);
  const after = durationMs(second);
  if (start !== null && end !== null && start <= end) return { from: start, until: end };
  if (start !== null && after !== null) return { from: start, until: new Date(start.getTime() + after) };
  if (before !== null && end !== null) return { from: earlier(end, before), until: end };
  throw refuse();
}

function earlier(at: Date, ms: number): Date {
  // Long before any event, and still a date.
  return new Date(Math.max(0, at.getTime() - ms));
}

function instant(text: string): Date | null {
  if (!INSTANT.test(text)) return null;
  const zoned = /(?:Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T') ? text : `${text}Z`;
  const at = new Date(zoned);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** Years and months count as 365 and 30 days, as the service does for want of a calendar. */
function durationMs(text: string): number | null {
  const found = DURATION.exec(text);
  const numbers = found?.slice(1) ?? [];
  if (found === null || numbers.every((part) => part === undefined)) return null;
  const [years, months, weeks, days, hours, minutes, seconds] = numbers.map((part) => Number(part ?? 0));
  const total =
    ((years ?? 0) * 365 + (months ?? 0) * 30 + (weeks ?? 0) * 7 + (days ?? 0)) * DAY_S +
    (hours ?? 0) * 3_600 +
    (minutes ?? 0) * 60 +
    (seconds ?? 0);
  const ms = total * 1_000;
  return ms <= 4_000 * DAY_S * 1_000 ? ms : null;
}
