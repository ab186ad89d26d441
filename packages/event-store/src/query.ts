/**
 * Runs one SELECT as the reader. Every limit is held twice: by the engine, and here for what the engine cannot count or does not notice. Closing
 * the connection does not end a query, so whatever ends the wait for it also kills it by its id.
 */
import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { queryError, queryErrorOf } from './clickhouse-error.ts';
import { QueryCancelled, QueryTimeout } from './errors.ts';
import { queryBody } from './query-body.ts';
import { RESULT_FORMAT, type RowSink, readResult } from './result-stream.ts';
import type { QueryRequest, QueryStats, ReaderCeilings } from './store.ts';

/** How much later than the engine we lose patience. */
const PATIENCE_MS = 2_000;

export async function runQuery(
  reader: ClickHouseClient,
  ceilings: ReaderCeilings,
  kill: (queryId: string) => Promise<void>,
  request: QueryRequest,
  sink: RowSink,
): Promise<QueryStats> {
  const { queryId, signal } = request;
  if (signal?.aborted) throw new QueryCancelled('the query was cancelled before it began');
  const maxSeconds = Math.min(request.maxSeconds, ceilings.maxSeconds);
  const stop = new AbortController();
  let ended: 'cancelled' | 'late' | null = null;
  const refusals: unknown[] = [];
  const end = (why: 'cancelled' | 'late') => {
    ended ??= why;
    stop.abort();
  };
  const onAbort = () => end('cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => end('late'), maxSeconds * 1_000 + PATIENCE_MS);
  const startedAt = performance.now();
  try {
    const { contentType, body } = queryBody(`${request.sql}\nFORMAT ${RESULT_FORMAT}`, request.parameters);
    const { stream, summary } = await reader.exec({
      // All of it is in the body: the server puts the two together.
      query: '',
      values: Readable.from([body], { objectMode: false }),
      http_headers: { 'Content-Type': contentType },
      query_id: queryId,
      abort_signal: stop.signal,
      clickhouse_settings: {
        max_execution_time: maxSeconds,
        max_memory_usage: String(Math.min(request.maxMemoryBytes, ceilings.maxMemoryBytes)),
        ...RESULT_SETTINGS,
      },
    });
    stop.signal.addEventListener('abort', () => stream.destroy(new Error('no longer wanted')), {
      once: true,
    });
    const { complaint, ...read } = await readResult(stream, request, async (rows) => {
      try {
        await sink(rows);
      } catch (error) {
        refusals.push(error);
        throw error;
      }
    });
    if (complaint) throw queryError(complaint);
    const peakMemoryBytes = Number((summary as { memory_usage?: string } | undefined)?.memory_usage ?? 0);
    return { ...read, elapsedMs: performance.now() - startedAt, peakMemoryBytes };
  } catch (error) {
    // Whatever the reason, nobody waits for this query any more. Where it is over already this finds nothing.
    await kill(queryId).catch(() => {});
    if (refusals.length > 0) throw refusals[0];
    if (ended === 'cancelled') throw new QueryCancelled('the query was cancelled', { cause: error });
    if (ended === 'late')
      throw new QueryTimeout(`the query ran longer than ${maxSeconds} seconds`, { cause: error });
    throw error instanceof Error && error.name.startsWith('Query') ? error : queryErrorOf(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

const RESULT_SETTINGS = {
  timeout_before_checking_execution_speed: 0,
  timeout_overflow_mode: 'throw',
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  output_format_json_quote_denormals: 1,
  date_time_output_format: 'iso',
  http_write_exception_in_output_format: 0,
  // Progress lines only with the rows: the figures of the headers are then those of the finished work.
  interactive_delay: '600000000',
  // What the translator leans on (kql.md §6).
  join_use_nulls: 1,
  enable_materialized_cte: 1,
  max_query_size: '16777216',
  max_ast_elements: '500000',
  max_expanded_ast_elements: '2000000',
  max_subquery_depth: '1000',
} as const;
