import type { KustoType } from '@merlon/contract';
import type { Fragment } from '../emit/fragment.ts';

/**
 * A scalar value of a query. How each type is held in SQL:
 *
 * | type | SQL | null |
 * |---|---|---|
 * | string | String | has none |
 * | guid | String, lower case | '' |
 * | dynamic | String: JSON text | '' |
 * | bool | Bool or UInt8 | NULL |
 * | int, long, real | Int32, Int64, Float64 | NULL |
 * | decimal | Decimal(76, 38) | NULL |
 * | datetime | DateTime64(7, 'UTC') | NULL |
 * | timespan | Int64: ticks of 100 ns | NULL |
 */
export interface Expr {
  readonly type: KustoType;
  readonly sql: Fragment;
  /** Whether the SQL type is Nullable. Never for string, guid and dynamic. */
  readonly nullable: boolean;
  /** The value, where it is known at translation. */
  readonly constant?: Constant;
  /** Of a function that gives several values (`array_sort_asc` of two arrays): all of them; this is the first. */
  readonly several?: readonly Expr[];
  /** For a dynamic: text that yields the same as this value under JSON path access, and is cheaper. */
  readonly jsonText?: Fragment;
  /** For a dynamic reached by object keys alone: where the path starts and the keys. */
  readonly jsonPath?: { readonly base: Fragment; readonly keys: readonly Fragment[] };
  /** For a dynamic that is certainly an array: how many elements it has, cheaper than counting them in the text. */
  readonly elementCount?: Fragment;
}

/** int, long, datetime (ticks since 0001-01-01) and timespan (ticks) are bigint; a decimal is its digits. A null guid is ''; a null dynamic has `json` ''. */
export type Constant =
  | { readonly type: 'string' | 'guid'; readonly value: string }
  | { readonly type: 'int' | 'long' | 'datetime' | 'timespan'; readonly value: bigint | null }
  | { readonly type: 'real'; readonly value: number | null }
  | { readonly type: 'decimal'; readonly value: string | null }
  | { readonly type: 'bool'; readonly value: boolean | null }
  | { readonly type: 'dynamic'; readonly value: DynamicValue };

export interface DynamicValue {
  /** Compact JSON text, or '' for null. */
  readonly json: string;
  /** Elements, when it is an array. */
  readonly elements?: readonly Constant[];
  /** Set when it is an object. */
  readonly isBag?: true;
}

/** Types whose SQL form is a plain String, where '' stands for null (or, for string, for itself). */
export function isTextual(type: KustoType): boolean {
  return type === 'string' || type === 'guid' || type === 'dynamic';
}

export function isNumeric(type: KustoType): boolean {
  return type === 'int' || type === 'long' || type === 'real' || type === 'decimal';
}

export function expr(type: KustoType, sql: Fragment, nullable: boolean): Expr {
  return Object.freeze({ type, sql, nullable: nullable && !isTextual(type) });
}
