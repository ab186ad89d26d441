/**
 * Keeps the entity tables current: some seconds after rows were inserted, the engine folds the parts that hold them. Folding at every insert would
 * cost each insert a part, and an fsync, for every entity table.
 *
 * A fold may cover rows that an earlier one covered, which changes nothing; it may not leave any out. So what counts as folded is the highest block
 * that was there *before* a fold, written down after it: killed at any moment, what is not written down is folded again. The engine numbers a
 * block and shows it in one step, so that none turns up later below that number. A part that was merged counts by its last block, whole.
 */
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { ENTITY_FEEDS, type EntityFeed, foldStatement, PROGRESS_LAYOUT } from './entity-layout.ts';
import type { EventStoreLog } from './store.ts';
import { quoteName } from './table-layout.ts';

/** From the first insert after a quiet time to the fold: what comes together is folded together. */
const GATHER_MS = 1_000;
/** From the begin of one fold to the next. */
const EVERY_MS = 5_000;

const FOLD_SETTINGS: ClickHouseSettings = {
  // What is folded a second time is wanted a second time: the rows may have gone meanwhile.
  insert_deduplicate: 0,
  // Behind whoever inserts and asks.
  max_threads: 1,
  // What is folded of many stored rows goes to disk rather than beyond the memory there is.
  max_bytes_before_external_group_by: '200000000',
};

export interface EntityFold {
  /** Rows may have come. */
  wake(): void;
  /** Resolves when all that was stored before the call is folded. @throws what the engine complains of */
  run(): Promise<void>;
  stop(): Promise<void>;
}

/** What one statement folds. */
interface Fold {
  readonly feed: EntityFeed;
  readonly days: readonly Day[];
}

interface Day {
  readonly partition: string;
  /** Up to this block it is folded; 0: not at all yet. */
  readonly folded: number;
  readonly newest: number;
}

export function keepEntitiesFolded(
  client: ClickHouseClient,
  database: string,
  log: EventStoreLog,
): EntityFold {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let began = Number.NEGATIVE_INFINITY;
  /** One after another: two at once would fold the same. */
  let last: Promise<void> = Promise.resolve();

  const run = () => {
    // What a timer waits for is folded now.
    clearTimeout(timer);
    timer = undefined;
    const mine = last.then(() => {
      began = performance.now();
      return foldNews(client, database, stopping.signal);
    });
    last = mine.catch((error: unknown) => {
      if (stopping.signal.aborted) return;
      log.warn({ err: error }, 'entities were not folded; it is tried again');
      wake();
    });
    return mine;
  };
  const wake = () => {
    if (timer || stopping.signal.aborted) return;
    timer = setTimeout(
      () => void run().catch(() => {}),
      Math.max(GATHER_MS, began + EVERY_MS - performance.now()),
    );
    timer.unref();
  };
  // What came before the last stop, or from another server that stopped.
  wake();

  return {
    wake,
    run,
    async stop() {
      stopping.abort(new Error('the event store is closing'));
      clearTimeout(timer);
      await last;
    },
  };
}

async function foldNews(client: ClickHouseClient, database: string, signal: AbortSignal): Promise<void> {
  let done: Fold[] = [];
  for (const fold of await foldsToDo(client, database)) {
    signal.throwIfAborted();
    await client.command({
      query: foldStatement(database, fold.feed),
      query_params: {
        partitions: fold.days.map(({ partition }) => partition),
        folded: fold.days.map(({ folded }) => folded),
      },
      clickhouse_settings: FOLD_SETTINGS,
      abort_signal: signal,
    });
    done.push(fold);
    // A day that was never folded may have been long; news are short and are written down together.
    if (fold.days.every(({ folded }) => folded > 0)) continue;
    await writeDown(client, database, done);
    done = [];
  }
  await writeDown(client, database, done);
}

async function foldsToDo(client: ClickHouseClient, database: string): Promise<Fold[]> {
  const progress = `${quoteName(database)}.${quoteName(PROGRESS_LAYOUT.name)}`;
  const ask = async <T>(query: string): Promise<T[]> => {
    const query_params = { database, tables: [...new Set(ENTITY_FEEDS.map(({ from }) => from))] };
    return (await client.query({ query, query_params, format: 'JSONEachRow' })).json<T>();
  };
  const [stored, folded] = await Promise.all([
    ask<{ table: string; partition: string; newest: number | string }>(
      `SELECT table, partition_id AS partition, max(max_block_number) AS newest FROM system.parts
       WHERE database = {database:String} AND active AND table IN {tables:Array(String)} GROUP BY table, partition_id`,
    ),
    ask<{ Feed: string; Partition: string; Newest: number | string }>(
      `SELECT Feed, Partition, argMax(Block, FoldedAt) AS Newest FROM ${progress} GROUP BY Feed, Partition`,
    ),
  ]);
  const reached = new Map(
    folded.map(({ Feed, Partition, Newest }) => [`${Feed} ${Partition}`, Number(Newest)]),
  );
  return ENTITY_FEEDS.flatMap((feed) => {
    const days = stored
      .filter(({ table }) => table === feed.from)
      .map((day): Day => {
        const newest = Number(day.newest);
        const before = reached.get(`${feed.name} ${day.partition}`) ?? 0;
        // The engine counts on from the highest block there is: less than what was folded is another partition of that name.
        return { partition: day.partition, folded: before > newest ? 0 : before, newest };
      })
      .filter((day) => day.folded < day.newest);
    const known = days.filter((day) => day.folded > 0);
    return [
      ...(known.length > 0 ? [{ feed, days: known }] : []),
      ...days.filter((day) => day.folded === 0).map((day) => ({ feed, days: [day] })),
    ];
  });
}

async function writeDown(client: ClickHouseClient, database: string, done: readonly Fold[]): Promise<void> {
  if (done.length === 0) return;
  const rows = done.flatMap(({ feed, days }) => days.map((day) => ({ ...day, feed: feed.name })));
  await client.command({
    // The engine's clock, since several servers may write.
    query: `INSERT INTO ${quoteName(database)}.${quoteName(PROGRESS_LAYOUT.name)} (Feed, Partition, Block, FoldedAt)
      SELECT feed, partition, block, now64(7, 'UTC') FROM (SELECT 1)
      ARRAY JOIN {feeds:Array(String)} AS feed, {partitions:Array(String)} AS partition, {blocks:Array(UInt64)} AS block`,
    query_params: {
      feeds: rows.map(({ feed }) => feed),
      partitions: rows.map(({ partition }) => partition),
      blocks: rows.map(({ newest }) => newest),
    },
    clickhouse_settings: FOLD_SETTINGS,
  });
}
