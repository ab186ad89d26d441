/** Rows of a result ordered by one column, as its type wants. Stable; nulls last either way. Pure. */
import type { HuntingResultColumn } from '@merlon/contract';
import { textOf } from '../timeline/describe-event.ts';

export type ResultRow = Readonly<Record<string, unknown>>;

const NUMBERS: ReadonlySet<string> = new Set(['Int32', 'Int64', 'Double', 'SqlDecimal', 'SByte']);

export function sortRows(
  rows: readonly ResultRow[],
  { Name, Type }: HuntingResultColumn,
  descending: boolean,
): ResultRow[] {
  const compare = NUMBERS.has(Type) ? byNumber : byText;
  const sign = descending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [a[Name], b[Name]];
    const [xMissing, yMissing] = [isMissing(x), isMissing(y)];
    if (xMissing || yMissing) return Number(xMissing) - Number(yMissing);
    return sign * compare(x, y);
  });
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined;
}

function byNumber(a: unknown, b: unknown): number {
  return Number(a) - Number(b);
}

function byText(a: unknown, b: unknown): number {
  const [x, y] = [textOf(a), textOf(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
