import { type HuntingTable, huntingTables, type KustoType } from '@merlon/contract';
import { Session } from 'chdb';
import {
  KqlError,
  type Need,
  type Supplied,
  type TranslateOptions,
  type Translation,
  translate,
} from '../index.ts';
import { now, tenantA, wholeTenant } from './fixtures.ts';

/** A real ClickHouse inside the test process, with the hunting tables, for checking what statements give. */
export interface TestEngine {
  /** Adds rows; columns that a row leaves out are null or ''. `TenantId` is {@link tenantA} unless the row says otherwise. */
  insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void>;
  /** What `externaldata` finds behind an address. */
  serve(url: string, content: string | Uint8Array): void;
  /** What it finds behind every other address. */
  serveOthers(content: (url: string) => Uint8Array): void;
  /** Translates and runs; each row as an object by column name, numbers as numbers, dynamics parsed. */
  query(text: string, options?: Partial<TranslateOptions>): Record<string, unknown>[];
  /** The same with the columns' names and types, rows as lists in column order. */
  table(
    text: string,
    options?: Partial<TranslateOptions>,
  ): Pick<Translation, 'columns'> & { rows: unknown[][] };
  /** The rows of that. */
  rows(text: string, options?: Partial<TranslateOptions>): unknown[][];
  /** Runs SQL as it is. */
  sql(text: string): string;
  close(): void;
}

const storedTypes: Readonly<Record<KustoType, string>> = {
  bool: 'Nullable(Bool)',
  datetime: "Nullable(DateTime64(7, 'UTC'))",
  decimal: 'Nullable(Decimal(76, 38))',
  dynamic: 'String',
  guid: 'String',
  int: 'Nullable(Int32)',
  long: 'Nullable(Int64)',
  real: 'Nullable(Float64)',
  string: 'String',
  timespan: 'Nullable(Int64)',
};

/** What the event store's reader sets for each query. */
const readerSettings = [
  'join_use_nulls = 1',
  'enable_materialized_cte = 1',
  "date_time_output_format = 'iso'",
  'output_format_json_quote_64bit_integers = 1',
  'output_format_json_quote_denormals = 1',
  'max_query_size = 16777216',
  'max_ast_elements = 500000',
  'max_subquery_depth = 1000',
];

function definition(table: HuntingTable): string {
  const columns = table.columns
    .filter(({ name }) => name !== 'TenantId')
    .map(({ name, type }) =>
      name === 'Timestamp' ? "`Timestamp` DateTime64(7, 'UTC')" : `\`${name}\` ${storedTypes[type]}`,
    );
  const partition = table.columns.some((column) => column.name === 'Timestamp')
    ? 'PARTITION BY toYYYYMMDD(Timestamp)'
    : '';
  return `CREATE TABLE merlon.\`${table.name}\` (TenantId UUID, IngestionTime DateTime64(7, 'UTC'), ${columns.join(', ')})
    ENGINE = MergeTree ${partition} ORDER BY TenantId`;
}

export function openTestEngine(tables: readonly string[]): TestEngine {
  const session = new Session();
  session.query('CREATE DATABASE merlon');
  for (const table of huntingTables) if (tables.includes(table.name)) session.query(definition(table));
  session.query(
    "CREATE TABLE merlon.DeviceScope (TenantId UUID, DeviceId String, DeviceGroup String, Version DateTime64(7, 'UTC')) ENGINE = MergeTree ORDER BY TenantId",
  );
  for (const setting of readerSettings) session.query(`SET ${setting}`);

  const externals = new Map<string, Uint8Array>();
  let others: ((url: string) => Uint8Array) | undefined;

  /** Rows in wire form. */
  const select = (translation: Translation): unknown[][] => {
    const parameters = Object.fromEntries(
      Object.entries(translation.parameters).map(([name, value]) => [
        name,
        Array.isArray(value) ? [...value] : value,
      ]),
    );
    const output = session.queryBind(
      `${translation.sql}\nFORMAT JSONCompactEachRow`,
      parameters,
      'JSONCompactEachRow',
    );
    return output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown[]);
  };

  const answer = (need: Need): Supplied[string] => {
    if (need.kind === 'rows') return select(need.statement);
    const content = externals.get(need.url) ?? others?.(need.url);
    if (content === undefined)
      throw KqlError.unsupported(
        `the address ${need.url}`,
        { start: 0, length: 0 },
        'nothing is served there',
      );
    return content;
  };

  /** As `prepare` does it, but at once: the engine answers while one waits. */
  const translation = (text: string, options: Partial<TranslateOptions> | undefined): Translation => {
    let supplied: Supplied = {};
    for (let round = 0; round < 24; round++) {
      const outcome = translate(text, { now, scope: wholeTenant, ...options, supplied });
      if (outcome.kind === 'statement') return outcome.translation;
      supplied = { ...supplied, ...Object.fromEntries(outcome.needs.map((need) => [need.id, answer(need)])) };
    }
    throw new Error(`never becomes a statement: ${text}`);
  };

  const run = (text: string, options: Partial<TranslateOptions> | undefined) => {
    const made = translation(text, options);
    const rows = select(made).map((row) => row.map((value, index) => cell(value, made.columns[index]?.type)));
    return { columns: made.columns, rows };
  };

  return {
    async insert(table, rows) {
      const stored = rows.map((row) => ({
        TenantId: tenantA,
        IngestionTime: '2026-11-24T11:00:00Z',
        ...row,
      }));
      for (const row of stored) {
        await session.insert({
          table: `merlon.${table}`,
          columns: Object.keys(row),
          values: [Object.values(row).map(sqlValue)],
        });
      }
    },
    serve(url, content) {
      externals.set(url, typeof content === 'string' ? new TextEncoder().encode(content) : content);
    },
    serveOthers(content) {
      others = content;
    },
    query(text, options) {
      const { columns, rows } = run(text, options);
      return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column.name, row[index]])));
    },
    table: run,
    rows: (text, options) => run(text, options).rows,
    sql: (text) => session.query(text, 'JSONCompactEachRow'),
    close: () => session.close(),
  };
}

/** ISO times as ClickHouse's plain parser reads them. */
function sqlValue(value: unknown): unknown {
  const iso = typeof value === 'string' ? /^(\d{4}-\d{2}-\d{2})T([\d:.]+)Z$/.exec(value) : null;
  return iso === null ? value : `${iso[1]} ${iso[2]}`;
}

function cell(value: unknown, type: KustoType | undefined): unknown {
  if (value === null) return null;
  if (type === 'dynamic' && typeof value === 'string') return JSON.parse(value);
  if ((type === 'long' || type === 'int') && typeof value === 'string') return Number(value);
  return value;
}
