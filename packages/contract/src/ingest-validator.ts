/**
 * Checks rows as they come from devices and importers, against the hunting schema. It stands in front of every event, so it is compiled
 * once per table and allocates nothing for a row that passes.
 *
 * A value on the wire: `string` JSON string; `bool` true or false; `int` integer of 32 bits; `long` integer, as a decimal string when
 * beyond ±(2^53−1); `real` number; `datetime` ISO text with `Z`; `dynamic` any JSON; `null` or an absent key for "none", in any column
 * but `Timestamp`. Strings hold no U+0000 and no lone surrogate: neither store could keep them, and one such row would hold up the
 * whole batch behind it.
 */
import type { HuntingTable, KustoType } from './hunting.ts';
import { isoToMs } from './ticks.ts';

/** A parsed NDJSON line without its `Table` key. A key whose value is undefined counts as absent. */
export type WireRow = Readonly<Record<string, unknown>>;

/** @returns null when the row fits, else a reason that names the column and what it expects. `now` is the server's clock. */
export type RowValidator = (row: WireRow, now: Date) => string | null;

/** Events may not be older than this. Anything earlier is a broken clock: the first such products are younger. */
export const EARLIEST_TIMESTAMP = '2000-01-01T00:00:00Z';
const EARLIEST_MS = isoToMs(EARLIEST_TIMESTAMP);
/** How far a device's clock may run ahead, in milliseconds. */
export const TIMESTAMP_AHEAD_MS = 86_400_000;
/** Nesting of a dynamic value: deeper ones overflow the stack of whatever walks them. */
export const DYNAMIC_DEPTH = 32;

const UNSTORABLE = /[\0\p{Surrogate}]/u;

/**
 * False for a value parsed from JSON that holds, at any depth and in keys too, text which no store of ours can keep. Callers refuse it by
 * name; otherwise the database would, as a fault of the server.
 */
export function isStorable(value: unknown): boolean {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === 'string') {
      if (UNSTORABLE.test(next)) return false;
    } else if (typeof next === 'object' && next !== null) {
      for (const [key, inner] of Object.entries(next)) pending.push(key, inner);
    }
  }
  return true;
}

const DECIMAL_INTEGER = /^-?(0|[1-9][0-9]{0,18})$/;
const DECIMAL_NUMBER = /^-?[0-9]{1,34}(\.[0-9]{1,34})?$/;
const GUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const TIMESPAN = /^-?([0-9]{1,8}\.)?([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,7})?$/;
const INT64_MAX = '9223372036854775807';
const INT64_MIN_DIGITS = '9223372036854775808';

function isInt64Text(text: string): boolean {
  if (!DECIMAL_INTEGER.test(text)) return false;
  // At most 19 digits by now, and among texts of equal length the order of text is the order of number.
  if (text.startsWith('-')) return text.length < 20 || text.slice(1) <= INT64_MIN_DIGITS;
  return text.length < 19 || text <= INT64_MAX;
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isShallow(value[i], depth - 1)) return false;
    return true;
  }
  const bag = value as WireRow;
  for (const key in bag) if (!isShallow(bag[key], depth - 1)) return false;
  return true;
}

interface TypeCheck {
  accepts(value: unknown): boolean;
  /** Completes "<column>: expected …". */
  readonly expected: string;
}

const checks: Readonly<Record<KustoType, TypeCheck>> = {
  string: {
    accepts: (value) => typeof value === 'string' && !UNSTORABLE.test(value),
    expected: 'string (text without U+0000 and without lone surrogates)',
  },
  bool: { accepts: (value) => typeof value === 'boolean', expected: 'bool (true or false)' },
  int: {
    accepts: (value) => typeof value === 'number' && (value | 0) === value,
    expected: 'int (integer of 32 bits)',
  },
  long: {
    accepts: (value) =>
      typeof value === 'number'
        ? Number.isSafeInteger(value)
        : typeof value === 'string' && isInt64Text(value),
    expected: 'long (integer of 64 bits; beyond 2^53 as decimal text)',
  },
  real: {
    accepts: (value) => typeof value === 'number' && Number.isFinite(value),
    expected: 'real (finite number)',
  },
  decimal: {
    accepts: (value) =>
      typeof value === 'number'
        ? Number.isFinite(value)
        : typeof value === 'string' && DECIMAL_NUMBER.test(value),
    expected: 'decimal (number or decimal text)',
  },
  datetime: {
    accepts: (value) => typeof value === 'string' && !Number.isNaN(isoToMs(value)),
    expected: 'datetime (ISO 8601 with Z and at most seven fraction digits)',
  },
  timespan: {
    accepts: (value) => typeof value === 'string' && TIMESPAN.test(value),
    expected: 'timespan ([-][d.]hh:mm:ss[.fffffff])',
  },
  guid: { accepts: (value) => typeof value === 'string' && GUID.test(value), expected: 'guid' },
  dynamic: {
    accepts: (value) => isShallow(value, DYNAMIC_DEPTH),
    expected: `dynamic (JSON nested at most ${DYNAMIC_DEPTH} deep)`,
  },
};

const NAME_SHOWN = 128;
const quoted = (name: string) =>
  JSON.stringify(name.length > NAME_SHOWN ? `${name.slice(0, NAME_SHOWN)}…` : name);

function timestampFault(value: unknown, now: Date): string | null {
  if (value === undefined || value === null) return 'Timestamp: required';
  const ms = typeof value === 'string' ? isoToMs(value) : Number.NaN;
  if (Number.isNaN(ms)) return `Timestamp: expected ${checks.datetime.expected}`;
  if (ms < EARLIEST_MS) return `Timestamp: before ${EARLIEST_TIMESTAMP}`;
  if (ms > now.getTime() + TIMESTAMP_AHEAD_MS) return 'Timestamp: more than a day ahead of the server';
  return null;
}

function compile(table: HuntingTable): RowValidator {
  const columns = new Map(table.columns.map((column) => [column.name, checks[column.type]]));
  const hasTimestamp = columns.has('Timestamp');
  return (row, now) => {
    if (hasTimestamp) {
      const fault = timestampFault(row.Timestamp, now);
      if (fault !== null) return fault;
    }
    for (const name in row) {
      const value = row[name];
      if (value === undefined) continue;
      const check = columns.get(name);
      if (check === undefined) return `${quoted(name)}: not a column of ${table.name}`;
      if (value !== null && !check.accepts(value)) return `${name}: expected ${check.expected}`;
    }
    return null;
  };
}

const compiled = new WeakMap<HuntingTable, RowValidator>();

export function rowValidator(table: HuntingTable): RowValidator {
  let validator = compiled.get(table);
  if (!validator) {
    validator = compile(table);
    compiled.set(table, validator);
  }
  return validator;
}

/** {@link rowValidator} in one call. */
export function validateRow(table: HuntingTable, row: WireRow, now: Date): string | null {
  return rowValidator(table)(row, now);
}
