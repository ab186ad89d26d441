import { type HuntingColumn, type HuntingTable, huntingTables, type KustoType } from '@merlon/contract';
import { kustoLibrary, type LibraryGlobals } from './library.ts';

/** A column as a query sees it. */
export interface SchemaColumn {
  readonly name: string;
  readonly type: KustoType;
  /** The column of the physical table behind it. */
  readonly storage: string;
  /** An alias (a former name, `TimeGenerated`): there for whoever names it, absent from `*`, `getschema` and results. */
  readonly hidden: boolean;
}

export interface SchemaTable {
  readonly name: string;
  /** Physical table, which is its present name. */
  readonly storage: string;
  /** A former name. Wildcards pass over it. */
  readonly legacy: boolean;
  readonly columns: readonly SchemaColumn[];
}

export interface Schema {
  readonly globals: LibraryGlobals;
  readonly tables: ReadonlyMap<string, SchemaTable>;
}

export interface SchemaVariant {
  /** With the alias columns and the former table names. */
  readonly aliases: boolean;
  /**
   * Most queries treat AdditionalFields as an object, whatever its documented type is; a few compare or group by it as text, which
   * the binder refuses for an object.
   */
  readonly additionalFields: 'dynamic' | 'string';
}

const cache = new Map<string, Schema>();

/** The hunting schema as symbols for the binder, built once for each variant. */
export function huntingSchema(variant: SchemaVariant): Schema {
  const key = `${variant.aliases} ${variant.additionalFields}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const schema = buildSchema(huntingTables, variant);
  cache.set(key, schema);
  return schema;
}

function buildSchema(tables: readonly HuntingTable[], variant: SchemaVariant): Schema {
  const described = describeTables(tables, variant);
  const { Symbols: symbols, GlobalState: state } = kustoLibrary();
  const tableSymbols = described.map(
    (table) =>
      new symbols.TableSymbol.$ctor4(
        table.name,
        table.columns.map(
          ({ name, type }) => new symbols.ColumnSymbol(name, symbols.ScalarTypes.GetSymbol(type)),
        ),
      ),
  );
  const database = new symbols.DatabaseSymbol.ctor('hunting', tableSymbols);
  const cluster = new symbols.ClusterSymbol.ctor('merlon', [database]);
  return {
    globals: state.Default.WithCluster(cluster).WithDatabase(database),
    tables: new Map(described.map((table) => [table.name, table])),
  };
}

/** The tables and columns of the variant, without the library: what {@link huntingSchema} turns into symbols. */
export function describeTables(tables: readonly HuntingTable[], variant: SchemaVariant): SchemaTable[] {
  return tables.flatMap((table) => {
    const columns = describeColumns(table, variant);
    const present: SchemaTable = { name: table.name, storage: table.name, legacy: false, columns };
    if (!variant.aliases) return [present];
    return [present, ...table.legacyNames.map((name) => ({ ...present, name, legacy: true }))];
  });
}

function describeColumns(table: HuntingTable, variant: SchemaVariant): SchemaColumn[] {
  const present = table.columns.map(
    (column): SchemaColumn => ({
      name: column.name,
      type: boundType(column, variant),
      storage: column.name,
      hidden: false,
    }),
  );
  if (!variant.aliases) return present;
  const byName = new Map(present.map((column) => [column.name, column]));
  const renames = Object.entries({ TimeGenerated: 'Timestamp', ...table.columnRenames });
  const aliases = renames.flatMap(([name, target]): SchemaColumn[] => {
    const column = byName.get(target);
    return column === undefined || byName.has(name) ? [] : [{ ...column, name, hidden: true }];
  });
  return [...present, ...aliases];
}

function boundType(column: HuntingColumn, variant: SchemaVariant): KustoType {
  return column.name === 'AdditionalFields' ? variant.additionalFields : column.type;
}
