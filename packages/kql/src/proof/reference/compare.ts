import type { KustoType } from '@merlon/contract';
import type { PrintedTable } from './page.ts';

/** What a query gave: rows by position. */
export interface GivenTable {
  readonly columns: readonly { readonly name: string; readonly type: KustoType }[];
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * Why a result is not what a page prints; undefined when it is. Pages are written for people: they leave columns out, name them otherwise, round numbers
 * and lay out JSON. All that the comparison forgives is in this file. Rows need the printed order only when `ordered`.
 */
export function difference(
  given: GivenTable,
  printed: PrintedTable,
  { ordered, setLike }: { readonly ordered: boolean; readonly setLike: boolean },
): string | undefined {
  const columns = matchColumns(given, printed);
  if (typeof columns === 'string') return columns;
  const same = (row: readonly unknown[], cells: readonly string[]) =>
    columns.every(({ at, cell, type }) => cellAgrees(row[at], cells[cell] ?? '', type, setLike));
  const shortened = printed.rows.some(isEllipsis);
  const filled = printed.rows.filter((cells) => !isEllipsis(cells));
  // A page may print an empty row for no rows.
  const wanted =
    given.rows.length === 0 && filled.every((cells) => cells.every((cell) => cell === '')) ? [] : filled;
  if (!shortened && wanted.length !== given.rows.length)
    return `${given.rows.length} rows, printed are ${wanted.length}`;
  if (ordered && !shortened) {
    const at = wanted.findIndex((cells, index) => !same(given.rows[index] ?? [], cells));
    return at === -1 ? undefined : rowDifference(given.rows[at] ?? [], wanted[at] ?? [], at);
  }
  const left = [...given.rows];
  for (const [index, cells] of wanted.entries()) {
    const at = left.findIndex((row) => same(row, cells));
    if (at === -1) return rowDifference(left[0] ?? [], cells, index);
    left.splice(at, 1);
  }
  return undefined;
}

function rowDifference(row: readonly unknown[], cells: readonly string[], index: number): string {
  return `row ${index + 1}: ${JSON.stringify(row).slice(0, 400)}, printed is ${JSON.stringify(cells).slice(0, 400)}`;
}

/** A row that stands for those left out. */
function isEllipsis(cells: readonly string[]): boolean {
  return (
    cells.length > 0 && cells.some((cell) => cell !== '') && cells.every((cell) => /^(\.\.\.|…|)$/.test(cell))
  );
}

interface ColumnMatch {
  readonly at: number;
  readonly cell: number;
  readonly type: KustoType;
}

/** By name when the names are known; otherwise by position, when there are as many. */
function matchColumns(given: GivenTable, printed: PrintedTable): ColumnMatch[] | string {
  const headings = printed.headings
    .map((heading, cell) => ({ heading: heading.toLowerCase(), cell }))
    .filter(({ heading }) => !/^(\.\.\.|…)$/.test(heading));
  const byName = headings.map(({ heading, cell }) => {
    const at = given.columns.findIndex((column) => column.name.toLowerCase() === heading);
    return { at, cell, type: given.columns[at]?.type ?? 'string' };
  });
  if (byName.every(({ at }) => at !== -1)) return byName;
  if (headings.length === given.columns.length)
    return given.columns.map(({ type }, at) => ({ at, cell: headings[at]?.cell ?? at, type }));
  return `columns ${given.columns.map(({ name }) => name).join(', ')}, printed are ${printed.headings.join(', ')}`;
}

function cellAgrees(value: unknown, printed: string, type: KustoType, setLike: boolean): boolean {
  if (/^(\.\.\.|…)$/.test(printed)) return true;
  if (value === null || value === undefined) return /^(\(?null\)?|)$/i.test(printed);
  if (typeof value === 'string' && value === printed) return true;
  switch (type) {
    case 'bool':
      return printed.toLowerCase() === String(value) || printed === (value === true ? '1' : '0');
    case 'int':
    case 'long':
    case 'real':
    case 'decimal':
      return numberAgrees(typeof value === 'number' ? value : denormal(String(value)), printed);
    case 'datetime':
      return timeAgrees(String(value), printed);
    case 'timespan':
      return spanAgrees(String(value), printed);
    case 'guid':
      return String(value).toLowerCase() === printed.toLowerCase();
    case 'dynamic':
      return dynamicAgrees(value, printed, setLike);
    case 'string':
      return textAgrees(String(value), printed);
  }
}

/** The engine's words for what JSON has no number for. */
function denormal(text: string): number {
  return { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY }[text] ?? Number(text);
}

/** Spaces at the ends, runs of spaces, and quotes around it are the page's. */
function textAgrees(value: string, printed: string): boolean {
  const folded = (text: string) => text.replaceAll('\r', '').replaceAll(/\s+/g, ' ').trim();
  const unquoted = /^(["'`])(.*)\1$/s.exec(printed)?.[2] ?? printed;
  if (folded(value) === folded(printed) || folded(value) === folded(unquoted)) return true;
  // A string that is JSON is laid out, too.
  const [left, right] = [parsed(value), parsed(printed)];
  return typeof left === 'object' && left !== null && right !== undefined && jsonAgrees(left, right, false);
}

/** Equal in the digits that are printed, whether rounded or cut off; sixteen digits of a double say no more than its own. */
export function numberAgrees(value: number, printed: string): boolean {
  const text = printed.replaceAll(/[,\s`]/g, '').replaceAll('−', '-');
  const word = text.toLowerCase();
  if (word === 'nan') return Number.isNaN(value);
  if (/^\+?(∞|inf(inity)?)$/.test(word)) return value === Number.POSITIVE_INFINITY;
  if (/^-(∞|inf(inity)?)$/.test(word)) return value === Number.NEGATIVE_INFINITY;
  const shape = /^[+-]?\d*(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text);
  if (shape === null || !/\d/.test(text)) return false;
  const number = Number(text);
  if (number === value) return true;
  const hasFraction = text.includes('.');
  const unit = hasFraction ? 10 ** (Number(shape[2] ?? 0) - (shape[1]?.length ?? 0)) : 0;
  return Math.abs(number - value) <= Math.max(unit, Math.abs(number) * 1e-12);
}

function timeAgrees(value: string, printed: string): boolean {
  const parse = (text: string) => {
    const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?)?\s*Z?$/.exec(
      text.trim(),
    );
    if (iso !== null)
      return [
        ...iso.slice(1, 7).map((digits) => Number(digits ?? 0)),
        (iso[7] ?? '').replace(/0+$/, ''),
      ].join(' ');
    const us = /^(\d{1,2})\/(\d{1,2})\/(\d{4}),? (\d{1,2}):(\d{2}):(\d{2})(?:\.(\d+))? ?(AM|PM)?$/i.exec(
      text.trim(),
    );
    if (us === null) return undefined;
    const [, month, day, year, hour, minute, second, fraction, half] = us;
    const hour24 = half === undefined ? Number(hour) : (Number(hour) % 12) + (/pm/i.test(half) ? 12 : 0);
    return [
      Number(year),
      Number(month),
      Number(day),
      hour24,
      Number(minute),
      Number(second),
      (fraction ?? '').replace(/0+$/, ''),
    ].join(' ');
  };
  const want = parse(printed.replaceAll('`', ''));
  return want !== undefined && parse(value) === want;
}

/** `1.02:03:04.5` and the pages' `1:02:03:04`. */
function spanAgrees(value: string, printed: string): boolean {
  const parse = (text: string) => {
    const shape = /^(-)?(?:(\d+)[.:](?=\d+:\d+:))?(\d+):(\d+)(?::(\d+)(?:\.(\d+))?)?$/.exec(text.trim());
    if (shape === null) return undefined;
    const [, sign, days, hours, minutes, seconds, fraction] = shape;
    const whole =
      ((Number(days ?? 0) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds ?? 0);
    return `${sign ?? ''}${whole}.${(fraction ?? '').replace(/0+$/, '')}`;
  };
  const want = parse(printed.replaceAll('`', ''));
  return want !== undefined && parse(value) === want;
}

/** Words of an array that is printed without quotes. */
function quoted(text: string): string {
  return text.replaceAll(/(?<=[[,]\s*)(?!null\b|true\b|false\b)[A-Za-z][^,\]"]*/g, (word) =>
    JSON.stringify(word.trim()),
  );
}

function parsed(text: string): unknown {
  for (const form of [text, text.replaceAll('\n', ' '), text.replaceAll("'", '"'), quoted(text)]) {
    try {
      return JSON.parse(form) as unknown;
    } catch {
      // The next form may be JSON.
    }
  }
  return undefined;
}

function dynamicAgrees(value: unknown, printed: string, setLike: boolean): boolean {
  if (typeof value === 'string')
    return textAgrees(value, printed) || timeAgrees(value, printed) || spanAgrees(value, printed);
  if (typeof value === 'number') return numberAgrees(value, printed);
  if (typeof value === 'boolean') return printed.toLowerCase() === String(value);
  const want = parsed(printed);
  return want !== undefined && jsonAgrees(value, want, setLike);
}

/** Equal as values; with `setLike`, arrays in any order, for aggregates that promise none. */
export function jsonAgrees(value: unknown, want: unknown, setLike: boolean): boolean {
  if (typeof value === 'number' && typeof want === 'number') return numberAgrees(value, String(want));
  if (typeof value === 'number' && typeof want === 'string') return numberAgrees(value, want);
  if (typeof value === 'string' && typeof want === 'string')
    return value === want || timeAgrees(value, want) || spanAgrees(value, want);
  if (Array.isArray(value) && Array.isArray(want)) {
    if (value.length !== want.length) return false;
    if (!setLike) return value.every((item, index) => jsonAgrees(item, want[index], setLike));
    const left = [...value];
    return want.every((item) => {
      const at = left.findIndex((other) => jsonAgrees(other, item, setLike));
      if (at !== -1) left.splice(at, 1);
      return at !== -1;
    });
  }
  if (isBag(value) && isBag(want)) {
    const keys = Object.keys(value);
    return (
      keys.length === Object.keys(want).length &&
      keys.every((key) => Object.hasOwn(want, key) && jsonAgrees(value[key], want[key], setLike))
    );
  }
  return value === want;
}

function isBag(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
