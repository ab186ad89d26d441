import type { OrderKey } from '../tree/relation.ts';
import { columnRef, type Fragment, join, sql } from './fragment.ts';

/** `c1 DESC NULLS LAST, …`: where nulls go is always spelt out. */
export function orderBy(order: readonly OrderKey[]): Fragment {
  return join(
    order.map(({ id, descending, nullsFirst }) => {
      const direction = descending ? sql`DESC` : sql`ASC`;
      return sql`${columnRef(id)} ${direction} ${nullsFirst ? sql`NULLS FIRST` : sql`NULLS LAST`}`;
    }),
  );
}
