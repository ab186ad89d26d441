/** Scalar types of the hunting schema, by their Kusto names. */
export type KustoType =
  | 'bool'
  | 'datetime'
  | 'decimal'
  | 'dynamic'
  | 'guid'
  | 'int'
  | 'long'
  | 'real'
  | 'string'
  | 'timespan';

export interface HuntingColumn {
  readonly name: string;
  readonly type: KustoType;
  readonly description: string;
}

export interface HuntingTable {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly status: 'ga' | 'preview' | 'beta' | 'legacy';
  readonly columns: readonly HuntingColumn[];
  /** Names the table had before; queries may still use them. */
  readonly legacyNames: readonly string[];
  /** Former column name -> present name. */
  readonly columnRenames: Readonly<Record<string, string>>;
}
