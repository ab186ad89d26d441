/**
 * Inserts that neither lose, double nor choke. A batch goes in whole under its token. When the store refuses a row, the batch is halved against
 * a table that keeps nothing until the bad rows are known by name; the rest then goes in under the same token, in one piece.
 */
import { Readable } from 'node:stream';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import {
  complaintOf,
  insertErrorOf,
  isBlockFault,
  isRowFault,
  isTooManyPartitions,
  type ServerComplaint,
} from './clickhouse-error.ts';
import { InsertFailed } from './errors.ts';
import type { BlockInsertResult, InsertResult, RejectedRow } from './store.ts';
import { quoteName, type TableLayout } from './table-layout.ts';

export interface InsertTarget {
  readonly client: ClickHouseClient;
  readonly database: string;
  readonly retentionDays: number;
  readonly now: () => Date;
}

const DAY_MS = 86_400_000;
/** Days beside those of the retention: the clocks of devices may run a day ahead. */
const SPARE_DAYS = 4;
const AHEAD_MS = 2 * DAY_MS;
const REASON_LENGTH = 500;

const FAULTS_OF_THE_DATA = [isRowFault, isBlockFault, isTooManyPartitions];

const INPUT_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  date_time_input_format: 'best_effort',
  // A column we do not know is refused by name rather than dropped in silence.
  input_format_skip_unknown_fields: 0,
  // Two batches on two connections use two cores as well, and this way each costs a tenth less.
  input_format_parallel_parsing: 0,
  // Errors come as the status of the answer, after everything is done.
  wait_end_of_query: 1,
};

export async function insertBatch(
  target: InsertTarget,
  layout: TableLayout,
  ndjson: Buffer,
  token: string,
): Promise<InsertResult> {
  if (ndjson.length === 0) return { rejected: [] };
  const complaint = await tryInsert(target, layout, ndjson, token);
  if (!complaint) return { rejected: [] };

  const lines = splitLines(ndjson);
  const rejected = isTooManyPartitions(complaint)
    ? outsideRetention(lines, target)
    : await refusedRows(target, layout, lines);
  if (rejected.length === 0) throw new InsertFailed(complaint.code, complaint.message);
  const bad = new Set(rejected.map((row) => row.line));
  const rest = lines.filter((line) => !bad.has(line.number));
  if (rest.length === 0) return { rejected };
  const further = await insertBatch(target, layout, joinLines(rest), token);
  const all = [...rejected, ...further.rejected.map((row) => renumbered(row, rest))];
  return { rejected: all.sort((a, b) => a.line - b.line) };
}

/**
 * Blocks of `row-block.ts`, sent one after another as they are; the engine makes one part a day of them all. Every value has its type
 * already, so a complaint about rows means a defect: the blocks are then halved until the bad ones stand alone, and the rest goes in.
 */
export async function insertBlocks(
  target: InsertTarget,
  layout: TableLayout,
  blocks: readonly Buffer[],
  token: string,
): Promise<BlockInsertResult> {
  const table = `${quoteName(target.database)}.${quoteName(layout.name)}`;
  const complaint = await send(target.client, `INSERT INTO ${table} FORMAT Native`, blocks, {
    async_insert: 0,
    wait_end_of_query: 1,
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    // Whoever shaped the rows held them to the days that are kept; meanwhile some days may have passed.
    max_partitions_per_insert_block: '0',
  });
  if (!complaint) return { refused: [] };
  if (blocks.length <= 1) return { refused: [{ block: 0, reason: shortened(complaint.message) }] };
  const middle = blocks.length >> 1;
  const first = await insertBlocks(target, layout, blocks.slice(0, middle), `${token}<`);
  const second = await insertBlocks(target, layout, blocks.slice(middle), `${token}>`);
  return {
    refused: [
      ...first.refused,
      ...second.refused.map(({ block, reason }) => ({ block: block + middle, reason })),
    ],
  };
}

/** Null when it went in; a complaint when the fault lies in the rows. Throws everything else. */
async function tryInsert(
  target: InsertTarget,
  layout: TableLayout,
  ndjson: Buffer,
  token: string,
): Promise<ServerComplaint | null> {
  const table = `${quoteName(target.database)}.${quoteName(layout.name)}`;
  return send(target.client, `INSERT INTO ${table} FORMAT JSONEachRow`, [ndjson], {
    ...INPUT_SETTINGS,
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    max_partitions_per_insert_block: String(layout.partitionBy ? target.retentionDays + SPARE_DAYS : 0),
  });
}

async function send(
  client: ClickHouseClient,
  query: string,
  data: readonly Buffer[],
  settings: ClickHouseSettings,
): Promise<ServerComplaint | null> {
  try {
    const { stream } = await client.exec({
      query,
      values: Readable.from(data, { objectMode: false }),
      clickhouse_settings: settings,
    });
    for await (const _ of stream);
    return null;
  } catch (error) {
    const complaint = complaintOf(error);
    if (complaint && FAULTS_OF_THE_DATA.some((is) => is(complaint))) return complaint;
    throw insertErrorOf(error);
  }
}

interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
}

function splitLines(ndjson: Buffer): Line[] {
  const lines: Line[] = [];
  for (let start = 0, number = 1; start < ndjson.length; number++) {
    const end = ndjson.indexOf(0x0a, start);
    const bytes = ndjson.subarray(start, end < 0 ? ndjson.length : end);
    if (bytes.length > 0) lines.push({ number, bytes });
    start += bytes.length + 1;
  }
  return lines;
}

const NEWLINE = Buffer.from('\n');

function joinLines(lines: readonly Line[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [line.bytes, NEWLINE]));
}

function renumbered(row: RejectedRow, lines: readonly Line[]): RejectedRow {
  return { ...row, line: lines[row.line - 1]?.number ?? row.line };
}

async function refusedRows(
  target: InsertTarget,
  layout: TableLayout,
  lines: readonly Line[],
): Promise<RejectedRow[]> {
  const structure = layout.columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(', ');
  const query = `INSERT INTO FUNCTION null('${structure.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}') FORMAT JSONEachRow`;
  const refused: RejectedRow[] = [];
  const search = async (part: readonly Line[]): Promise<void> => {
    const complaint = await send(target.client, query, [joinLines(part)], INPUT_SETTINGS);
    if (!complaint) return;
    const [only] = part;
    if (part.length === 1 && only) {
      refused.push({ line: only.number, reason: shortened(complaint.message) });
      return;
    }
    const middle = part.length >> 1;
    await search(part.slice(0, middle));
    await search(part.slice(middle));
  };
  await search(lines);
  return refused;
}

/** Rows of more days than the retention has: those outside it would be dropped at the next sweep anyway, and each day costs a part. */
function outsideRetention(lines: readonly Line[], { retentionDays, now }: InsertTarget): RejectedRow[] {
  const time = now().getTime();
  const earliest = time - retentionDays * DAY_MS;
  const latest = time + AHEAD_MS;
  return lines.flatMap(({ number, bytes }) => {
    const row = JSON.parse(bytes.toString('utf8')) as { Timestamp?: unknown };
    const at = typeof row.Timestamp === 'string' ? Date.parse(row.Timestamp) : Number.NaN;
    return at >= earliest && at < latest
      ? []
      : [{ line: number, reason: `Timestamp lies outside the ${retentionDays} days that are kept` }];
  });
}

function shortened(message: string): string {
  const text = message.replace(/\n: While executing.*$/s, '');
  return text.length > REASON_LENGTH ? `${text.slice(0, REASON_LENGTH)}…` : text;
}
