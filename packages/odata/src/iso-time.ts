/**
 * Date-times as clients write them -> `YYYY-MM-DDThh:mm:ss.fffffffZ`. All canonical texts have one length, so that comparing text
 * compares time. The package depends on nothing, hence its own reader.
 */

const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,12}))?)?(?:Z|([+\- ])(\d{2}):(\d{2}))?|Z)?$/i;

const MS_PER_MINUTE = 60_000;

/**
 * Takes a date alone or with a time, with `Z`, an offset, or neither, which means UTC. A blank before the offset is a `+` that form
 * decoding took away. Up to 12 digits of a second, as OData has it; what is finer than 100 ns, which no row is, is cut off. Null for any other text.
 */
export function canonicalTime(text: string): string | null {
  const match = DATE_TIME.exec(text);
  if (!match) return null;
  const [
    ,
    year,
    month,
    day,
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '',
    sign,
    offHour,
    offMinute,
  ] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = Date.parse(`${local}Z`);
  // Date.parse rolls some impossible times over (24:00, 30 February): what it understood must be what was written.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== local) return null;
  const digits = `.${fraction.slice(0, 7).padEnd(7, '0')}Z`;
  if (sign === undefined) return year === '0000' ? null : local + digits;
  const offset = Number(offHour) * 60 + Number(offMinute);
  if (Number(offHour) > 14 || Number(offMinute) > 59) return null;
  const utc = new Date(ms + (sign === '-' ? offset : -offset) * MS_PER_MINUTE).toISOString();
  // Before year 1 or after 9999 the ISO text gets a sign or starts at zero.
  return /^(?!0000)\d{4}-/.test(utc) ? utc.slice(0, 19) + digits : null;
}
