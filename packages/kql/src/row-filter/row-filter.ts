/**
 * Answers a {@link RowPredicate} for rows, without the binder and without an engine. Three-valued as KQL is: a comparison with null is null, and a
 * row passes only when the whole is true. Text is folded by ASCII alone, as the statements of hunting queries do for ASCII needles. Pure.
 */
import type { Comparison, RowConstant, RowPredicate, TextTest } from './row-predicate.ts';

export type { RowPredicate } from './row-predicate.ts';

type Row = Readonly<Record<string, unknown>>;
type Test = (row: Row) => boolean | null;

/** Values are as on the wire: text, numbers, a long beyond 2^53 as digits, times with seven fraction digits; null or undefined for none. */
export function rowFilter(predicate: RowPredicate): (row: Row) => boolean {
  const test = testOf(predicate);
  return (row) => test(row) === true;
}

function testOf(predicate: RowPredicate): Test {
  switch (predicate.op) {
    case 'and':
      return logic(predicate.of.map(testOf), false);
    case 'or':
      return logic(predicate.of.map(testOf), true);
    case 'not': {
      const inner = testOf(predicate.of);
      return (row) => {
        const value = inner(row);
        return value === null ? null : !value;
      };
    }
    case 'constant':
      return () => predicate.value;
    case 'flag':
      return (row) => (typeof row[predicate.column] === 'boolean' ? row[predicate.column] === true : null);
    case 'null':
      return predicate.text ? () => false : (row) => isNone(row[predicate.column]);
    case 'empty':
      return predicate.text
        ? (row) => textOf(row[predicate.column]) === ''
        : (row) => isNone(row[predicate.column]);
    case 'compare':
      return compare(predicate.column, predicate.how, predicate.value);
    case 'in': {
      const { column, values, ignoreCase } = predicate;
      if (ignoreCase) {
        const words = new Set(values.map(({ value }) => String(value)));
        return (row) => words.has(lower(textOf(row[column])));
      }
      const tests = values.map((value) => compare(column, '==', value));
      return (row) => tests.some((test) => test(row) === true);
    }
    case 'text': {
      const { column, ignoreCase } = predicate;
      const matches = textTest(predicate.how, predicate.value);
      return ignoreCase
        ? (row) => matches(lower(textOf(row[column])))
        : (row) => matches(textOf(row[column]));
    }
    case 'terms': {
      const tests = predicate.values.map((value) => textTest('whole', value));
      const { column, all } = predicate;
      return (row) => {
        const text = lower(textOf(row[column]));
        return all ? tests.every((matches) => matches(text)) : tests.some((matches) => matches(text));
      };
    }
  }
}

/** `decides`: the operand that settles the whole: true of `or`, false of `and`. */
function logic(tests: readonly Test[], decides: boolean): Test {
  return (row) => {
    let unknown = false;
    for (const test of tests) {
      const value = test(row);
      if (value === decides) return decides;
      if (value === null) unknown = true;
    }
    return unknown ? null : !decides;
  };
}

const isNone = (value: unknown) => value === null || value === undefined;
/** Text is never null. */
const textOf = (value: unknown) => (isNone(value) ? '' : String(value));

function compare(column: string, how: Comparison, constant: RowConstant): Test {
  const other = constant.type === 'long' ? exact(constant.value) : constant.value;
  const read: (value: unknown) => string | number | bigint | boolean | null =
    constant.type === 'string'
      ? textOf
      : (value) => {
          if (isNone(value)) return null;
          if (constant.type === 'bool') return value === true;
          // A column of whole numbers shows those beyond 2^53 as text.
          return constant.type === 'datetime'
            ? String(value)
            : typeof value === 'string'
              ? exact(value)
              : Number(value);
        };
  switch (how) {
    // biome-ignore-start lint/suspicious/noDoubleEquals: a bigint equals the number of the same value, exactly
    case '==':
      return (row) => {
        const value = read(row[column]);
        return value !== null && value == other;
      };
    case '!=':
      return (row) => {
        const value = read(row[column]);
        return value === null || value != other;
      };
    // biome-ignore-end lint/suspicious/noDoubleEquals: see above
    case '<':
      return ordered(column, read, (value) => value < other);
    case '<=':
      return ordered(column, read, (value) => value <= other);
    case '>':
      return ordered(column, read, (value) => value > other);
    case '>=':
      return ordered(column, read, (value) => value >= other);
  }
}

type Comparable = string | number | bigint | boolean;

function ordered(
  column: string,
  read: (value: unknown) => Comparable | null,
  holds: (value: Comparable) => boolean,
): Test {
  return (row) => {
    const value = read(row[column]);
    return value === null ? null : holds(value);
  };
}

function exact(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

function textTest(how: TextTest, needle: string): (text: string) => boolean {
  switch (how) {
    case 'equals':
      return (text) => text === needle;
    case 'contains':
      return (text) => text.includes(needle);
    case 'startswith':
      return (text) => text.startsWith(needle);
    case 'endswith':
      return (text) => text.endsWith(needle);
    default:
      return term(how, needle);
  }
}

const TERM = /[0-9A-Za-z\u0080-\uffff]+/g;
const PLAIN_TERM = /^[0-9A-Za-z]+$/;

/**
 * A needle that is one term is looked for among the terms of the text, which are runs of ASCII letters and digits and of whatever is beyond ASCII.
 * One with separators must stand where no letter or digit touches it, and the terms that it holds whole must be terms of the text.
 */
function term(side: 'whole' | 'prefix' | 'suffix', needle: string): (text: string) => boolean {
  if (side === 'whole' && PLAIN_TERM.test(needle))
    return (text) => text.includes(needle) && termsOf(text).has(needle);
  const before = side !== 'suffix' && /^[0-9A-Za-z]/.test(needle) ? '(?:^|[^\\p{L}\\p{N}])' : '';
  const after = side !== 'prefix' && /[0-9A-Za-z]$/.test(needle) ? '(?:$|[^\\p{L}\\p{N}])' : '';
  const pattern = new RegExp(`${before}${needle.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}${after}`, 'u');
  const whole = needle.split(/[^0-9A-Za-z]+/);
  if (side === 'prefix') whole.pop();
  if (side === 'suffix') whole.shift();
  const wanted = whole.filter((word) => word !== '').map(lower);
  return (text) => {
    if (!text.includes(needle) || !pattern.test(text)) return false;
    if (wanted.length === 0) return true;
    const terms = termsOf(lower(text));
    return wanted.every((word) => terms.has(word));
  };
}

function termsOf(text: string): ReadonlySet<string> {
  return new Set(text.match(TERM) ?? []);
}

const ASCII = /^[\0-\x7f]*$/;

/** ASCII alone: other letters keep their case. */
function lower(text: string): string {
  return ASCII.test(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
