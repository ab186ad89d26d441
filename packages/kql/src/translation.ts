import type { KustoType } from '@merlon/contract';
import type { Supplied } from './plan/outcome.ts';

/** Whose rows a query may see. Put below the query, on every table, whatever the query says. */
export interface QueryScope {
  /** A UUID. */
  readonly tenantId: string;
  /** `all`, or the device groups whose devices the caller may see. */
  readonly deviceGroups: 'all' | readonly string[];
}

export interface TranslateOptions {
  /** The instant that now() and ago() mean. */
  readonly now: Date;
  readonly scope: QueryScope;
  /** Rows at most; the statement ends in a LIMIT of it. */
  readonly maxRows?: number;
  /** Rows older than this many days before `now` are not seen. 30 when absent. */
  readonly lookbackDays?: number;
  /** Nor are rows before this instant, */
  readonly from?: Date;
  /** or after this one. */
  readonly until?: Date;
  /** Name of the ClickHouse database. `merlon` when absent. */
  readonly database?: string;
  /** Whether the event store knows where addresses are (`loadGeoDatabase`). Without that `geo_info_from_ip_address` knows none. */
  readonly geo?: boolean;
  /** Answers to what earlier translations of the same query needed. */
  readonly supplied?: Supplied;
}

export interface Translation {
  /** One SELECT for ClickHouse, with its values as `{name:Type}`. */
  readonly sql: string;
  /** Values by name: text for String and UUID, a list of texts for Array(String). */
  readonly parameters: Record<string, string | readonly string[]>;
  /** What each position of a row holds. */
  readonly columns: readonly { readonly name: string; readonly type: KustoType }[];
  /** The hunting tables, and of each the columns, that the result depends on. */
  readonly reads: readonly { readonly table: string; readonly columns: readonly string[] }[];
  /** The chart that `render` asks for. */
  readonly chart?: string;
}
