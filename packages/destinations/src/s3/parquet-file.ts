/**
 * Records of one table as a Parquet file: three columns that tell where a record comes from, then the table's own in documented order, typed as the
 * table declares them. Pure.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type HuntingColumn,
  type HuntingTable,
  type KustoType,
  parseTicks,
  UNIX_EPOCH_TICKS,
} from '@merlon/contract';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { DeliveryError, type ExportRecord } from '../destination.ts';
import { stringifyExact } from '../exact-json.ts';
import { recordContent } from '../record-content.ts';

/** `nanoseconds` keeps all seven digits; Spark reads only `microseconds` as a time. */
export type TimestampUnit = 'nanoseconds' | 'microseconds';

/** Rows of every device table carry it on the wire, and not every table declares it. */
const GROUP = 'MachineGroup';
const OWN = ['RecordId', 'ReceivedTime', 'TenantId'] as const;
const INT32_MAX = 2n ** 31n - 1n;
const INT64_MAX = 2n ** 63n - 1n;

type Column = Pick<HuntingColumn, 'name' | 'type'>;

/** As many as are encoded in a tenth of a second or so: the process has other work. */
const GROUP_ROWS = 5_000;

/**
 * Between row groups other work of the process has its turn.
 * @throws DeliveryError `refused`, naming the record and the column whose value is not of its type, or that the table does not have; or the signal's reason
 */
export async function parquetFile(
  table: HuntingTable,
  records: readonly ExportRecord[],
  unit: TimestampUnit,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const columns = columnsOf(table);
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type }) =>
        schemaElement(
          name,
          type,
          unit,
          OWN.some((own) => own === name),
        ),
      ),
    ],
    codec: 'SNAPPY',
    kvMetadata: [{ key: 'merlon.table', value: table.name }],
    createdBy: 'merlon',
  });
  for (let at = 0; at < records.length; at += GROUP_ROWS) {
    if (at > 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
    const group = records.slice(at, at + GROUP_ROWS);
    const columnData = rowGroup(table, columns, group, unit);
    // Resolves at once: what is written to is memory.
    await file.write({ columnData, rowGroupSize: group.length });
  }
  file.finish();
  return writer.getBytes();
}

function columnsOf(table: HuntingTable): readonly Column[] {
  const [recordId, receivedTime, tenantId] = OWN;
  const own: Column[] = [
    { name: recordId, type: 'string' },
    { name: receivedTime, type: 'datetime' },
    { name: tenantId, type: 'string' },
  ];
  const declared = table.columns.filter(({ name }) => name !== tenantId);
  return declared.some(({ name }) => name === GROUP)
    ? [...own, ...declared]
    : [...own, ...declared, { name: GROUP, type: 'string' }];
}

function rowGroup(
  table: HuntingTable,
  columns: readonly Column[],
  records: readonly ExportRecord[],
  unit: TimestampUnit,
): { name: string; data: unknown[] }[] {
  const known = new Set(columns.map(({ name }) => name));
  const data = columns.map(({ name }) => ({ name, data: [] as unknown[] }));
  for (const record of records) {
    const { tenantId, properties } = recordContent(record);
    for (const name of Object.keys(properties))
      if (!known.has(name))
        throw new DeliveryError(
          'refused',
          `The record ${record.id} has a column ${name}, that ${table.name} has not.`,
        );
    for (const [index, { name, type }] of columns.entries()) {
      const value =
        index === 0
          ? record.id
          : index === 1
            ? record.time
            : index === 2
              ? tenantId
              : (properties[name] ?? null);
      data[index]?.data.push(
        value === null ? null : (typed(value, type, unit) ?? refuse(record, name, type)),
      );
    }
  }
  return data;
}

function schemaElement(name: string, type: KustoType, unit: TimestampUnit, required: boolean) {
  const repetition_type = required ? ('REQUIRED' as const) : ('OPTIONAL' as const);
  switch (type) {
    case 'bool':
      return { name, type: 'BOOLEAN' as const, repetition_type };
    case 'int':
      return { name, type: 'INT32' as const, repetition_type };
    case 'long':
      return { name, type: 'INT64' as const, repetition_type };
    case 'real':
      return { name, type: 'DOUBLE' as const, repetition_type };
    case 'datetime':
      return {
        name,
        type: 'INT64' as const,
        repetition_type,
        logical_type: {
          type: 'TIMESTAMP' as const,
          // DuckDB has no time with a zone and nanoseconds: it would cut the digits off.
          isAdjustedToUTC: unit === 'microseconds',
          unit: unit === 'nanoseconds' ? ('NANOS' as const) : ('MICROS' as const),
        },
      };
    case 'string':
    case 'guid':
    case 'dynamic':
    case 'decimal':
    case 'timespan':
      return { name, type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const, repetition_type };
  }
}

/** Null: not of the type. */
function typed(value: unknown, type: KustoType, unit: TimestampUnit): unknown {
  switch (type) {
    case 'bool':
      return typeof value === 'boolean' ? value : value === 1 ? true : value === 0 ? false : null;
    case 'int': {
      const whole = integer(value, INT32_MAX);
      return whole === null ? null : Number(whole);
    }
    case 'long':
      return integer(value, INT64_MAX);
    case 'real':
      return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : null;
    case 'datetime':
      return typeof value === 'string' ? timestamp(value, unit) : null;
    case 'string':
    case 'guid':
    case 'dynamic':
    case 'decimal':
    case 'timespan':
      return typeof value === 'string' ? value : stringifyExact(value);
  }
}

function integer(value: unknown, max: bigint): bigint | null {
  const whole =
    typeof value === 'bigint'
      ? value
      : typeof value === 'number' && Number.isSafeInteger(value)
        ? BigInt(value)
        : typeof value === 'string' && /^-?\d{1,19}$/.test(value)
          ? BigInt(value)
          : null;
  return whole === null || whole > max || whole < -max - 1n ? null : whole;
}

/** Null: no time, or one that 64 bits of nanoseconds do not reach (1677 to 2262). */
function timestamp(text: string, unit: TimestampUnit): bigint | null {
  const ticks = parseTicks(text);
  if (ticks === null) return null;
  const since = ticks - UNIX_EPOCH_TICKS;
  const value = unit === 'nanoseconds' ? since * 100n : since / 10n;
  return value > INT64_MAX || value < -INT64_MAX - 1n ? null : value;
}

function refuse(record: ExportRecord, column: string, type: KustoType): never {
  throw new DeliveryError('refused', `The record ${record.id} has a value in ${column} that is no ${type}.`);
}
