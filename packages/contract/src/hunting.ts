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

export type HuntingCategory =
  | 'alert'
  | 'behavior'
  | 'cloud'
  | 'device'
  | 'email'
  | 'exposure'
  | 'identity'
  | 'response'
  | 'tvm';

export interface HuntingTable {
  readonly name: string;
  readonly description: string;
  readonly category: HuntingCategory;
  readonly status: 'ga' | 'preview' | 'beta' | 'legacy';
  /** In documented order: it is the order of `project *` and of results. */
  readonly columns: readonly HuntingColumn[];
  /** Names the table had before; queries may still use them. */
  readonly legacyNames: readonly string[];
  /** Former column name -> present name. */
  readonly columnRenames: Readonly<Record<string, string>>;
  /** Former columns whose content one present column took over in another form: a query that names one cannot be renamed, only refused with a hint. */
  readonly columnMerges: Readonly<Record<string, readonly string[]>>;
  /** Former tables whose content was split or reshaped into this one. Unlike {@link legacyNames} they do not stand for it. */
  readonly supersedes: readonly string[];
  /** `endpoint`: part of the endpoint schema since 2020. `xdr`: came with the unified schema. */
  readonly surface: 'endpoint' | 'xdr';
  /** Whether a custom detection over this table may run continuously. */
  readonly nearRealTime: boolean;
}
