/** A query over plain objects in memory, such as what `$expand` answers with. Sorts as stores do: null last, and with `desc` first. */
import { compilePredicate } from './compile-predicate.ts';
import type { ODataField } from './odata-set.ts';
import type { ODataQuery } from './parse-query.ts';

type Entity = Readonly<Record<string, unknown>>;

/** `count`: how many the filter leaves, if that was asked for. */
export function applyQuery<T extends Entity>(
  entities: readonly T[],
  { filter, orderBy, skip, top, count }: ODataQuery,
): { readonly entities: readonly T[]; readonly count: number | null } {
  const matching = filter === null ? [...entities] : entities.filter(compilePredicate(filter));
  const sorted = matching.sort((a, b) => {
    for (const { field, direction } of orderBy) {
      const order = compare(a[field.name], b[field.name], field);
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return 0;
  });
  return {
    entities: sorted.slice(skip, top === undefined ? undefined : skip + top),
    count: count ? matching.length : null,
  };
}

function compare(a: unknown, b: unknown, field: ODataField): number {
  const [left, right] = [sortValue(a, field), sortValue(b, field)];
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return byCodePoints(String(left), String(right));
}

/** An enumeration by its place in the list, from least to most. */
function sortValue(value: unknown, { enumValues }: ODataField): string | number | null {
  if (enumValues && typeof value === 'string') return enumValues.indexOf(value);
  if (typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : null;
}

function byCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
