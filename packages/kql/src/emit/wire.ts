import type { KustoType } from '@merlon/contract';
import { timespanTextSql } from '../lower/convert.ts';
import { type Fragment, sql } from './fragment.ts';

/** A result column in the form it leaves in: see the seam's description in the README. */
export function wireForm(type: KustoType, value: Fragment, nullable: boolean): Fragment {
  switch (type) {
    case 'datetime':
      return sql`concat(replaceOne(toString(${value}), ' ', 'T'), 'Z')`;
    case 'decimal':
      return sql`toString(${value})`;
    case 'timespan':
      return timespanTextSql(value);
    case 'bool':
      return nullable ? sql`CAST(${value}, 'Nullable(Bool)')` : sql`CAST(${value}, 'Bool')`;
    case 'dynamic':
    case 'guid':
      return sql`nullIf(${value}, '')`;
    case 'real':
      // One NaN: the engine would write the sign of it.
      return sql`if(isNaN(${value}), nan, ${value})`;
    default:
      return value;
  }
}
