import type { KustoType } from '@merlon/contract';

/**
 * One value outside SQL. string, guid (lower case), dynamic (JSON text) and decimal (its digits): text, '' where null. int, long, timespan (ticks) and datetime (ticks
 * since 0001-01-01): bigint. real: number. bool: boolean.
 */
export type Cell = string | bigint | number | boolean | null;

export interface TableColumn {
  readonly name: string;
  readonly type: KustoType;
}

/** Rows outside SQL, for what is computed here. */
export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly Cell[])[];
}
