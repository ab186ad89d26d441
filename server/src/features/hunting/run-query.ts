/**
 * One hunting query, from text to answer:
 *
 *   quota ─▶ slot ─▶ translate ⇄ needs (rows, addresses) ─▶ engine ─▶ spool ─▶ account ─▶ answer
 *
 * Its caller's going away ends it wherever it is. Its slot is free as soon as the engine has given all; the answer leaves at the client's pace.
 */
import { randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import { type EventStore, QueryCancelled, type QueryStats, QueryTimeout } from '@merlon/event-store';
import {
  type Outcome,
  prepare,
  type QueryScope,
  type TranslateOptions,
  type Translation,
  TranslationCutOff,
  type Translator,
} from '@merlon/kql';
import type { StateStore } from '@merlon/state-store';
import { factorOf, type QuotaFactors } from '../../http/rate-limits.ts';
import type { Caller } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { recordedText } from '../../telemetry/recorded-query.ts';
import { AnswerSpool, type SpooledAnswer } from './answer-spool.ts';
import type { AnswerShape } from './answer-text.ts';
import type { HuntingDatabase, QueryState, ResourceUsage } from './database.ts';
import type { FetchExternal } from './external-data.ts';
import type { HistoryStore } from './history-store.ts';
import { huntingError } from './hunting-error.ts';
import {
  type HuntingConfig,
  type HuntingInterface,
  MAX_QUERY_BYTES,
  type RunLimits,
  runLimits,
} from './limits.ts';
import type { QuerySlots } from './query-slots.ts';
import { type Limit, limitsOf, type Meter, meterOf } from './quota.ts';
import type { SpoolSpace } from './spool-space.ts';
import type { Timespan } from './timespan.ts';
import type { UsageStore } from './usage-store.ts';

export interface QueryRun {
  readonly caller: Caller;
  readonly through: HuntingInterface;
  readonly text: string;
  readonly timespan: Timespan;
  readonly signal: AbortSignal;
}

export interface QueryRunner {
  /** @throws ApiError */
  run(query: QueryRun, shape: AnswerShape): Promise<SpooledAnswer>;
  /** The columns the query would have; it is not run, beyond what its columns depend on. */
  columns(query: QueryRun): Promise<Translation['columns']>;
}

export interface QueryRunnerDeps {
  readonly translator: () => Promise<Pick<Translator, 'translate'>>;
  readonly events: Pick<EventStore, 'stream' | 'ceilings' | 'database'>;
  readonly state: Pick<StateStore, 'tenant'>;
  readonly usage: UsageStore;
  readonly history: HistoryStore;
  readonly slots: QuerySlots;
  readonly external: FetchExternal;
  /** Whether the event store knows where addresses are. */
  readonly geo: () => boolean;
  readonly config: HuntingConfig;
  /** False: no quotas over time. */
  readonly quotas: boolean;
  readonly quotaFactors: QuotaFactors;
  readonly spoolDir: string;
  readonly spoolSpace: SpoolSpace;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Rows that an operator needs before there is a statement are held in memory, here and in the translator. */
const NEEDED_BYTES = 32 * 1024 * 1024;

/** What a query has taken so far. */
class Figures {
  runMs = 0;
  peakMemoryBytes = 0;
  rowsRead = 0;
  resultRows = 0;
  resultBytes = 0;
  tables: readonly string[] = [];

  take(stats: QueryStats): void {
    this.peakMemoryBytes = Math.max(this.peakMemoryBytes, stats.peakMemoryBytes);
    this.rowsRead += stats.rowsRead;
  }
}

/** Whoever is refused may come again at once, and often: the history says so once a minute. */
class OncePerMinute {
  readonly #last = new Map<string, number>();

  isFirst(key: string, at: Date): boolean {
    const minute = Math.floor(at.getTime() / 60_000);
    if (this.#last.get(key) === minute) return false;
    if (this.#last.size >= 10_000) this.#last.clear();
    this.#last.set(key, minute);
    return true;
  }
}

export function createQueryRunner(deps: QueryRunnerDeps): QueryRunner {
  const { config, clock, slots } = deps;
  const queries = deps.metrics.counter(
    'merlon_hunting_queries_total',
    'Hunting queries, by where they came in and how they ended.',
  );
  const seconds = deps.metrics.histogram(
    'merlon_hunting_query_seconds',
    'Time of a hunting query, waiting and translation included.',
  );
  const bytes = deps.metrics.counter(
    'merlon_hunting_answer_bytes_total',
    'Bytes of answers to hunting queries.',
  );
  const running = deps.metrics.gauge(
    'merlon_hunting_queries',
    'Hunting queries that run or wait for a slot.',
  );
  const unread = deps.metrics.gauge(
    'merlon_hunting_spool_bytes',
    'Bytes of answers that are being made or read.',
  );
  deps.metrics.collect(() => {
    running.set(slots.running, { state: 'running' });
    running.set(slots.waiting, { state: 'waiting' });
    unread.set(deps.spoolSpace.used);
  });

  const throttled = new OncePerMinute();

  async function account<T>(
    query: QueryRun,
    work: (limits: RunLimits, figures: Figures) => Promise<T>,
  ): Promise<T> {
    const { caller, through, text } = query;
    const limits = runLimits(through, config, deps.events.ceilings.maxMemoryBytes);
    const meter = meterOf(through, caller);
    const quota = limitsOf(meter.name, config, factorOf(deps.quotaFactors, caller));
    const figures = new Figures();
    const startedAt = performance.now();
    const arrived = clock.now();
    const end = async (state: QueryState, error: unknown) => {
      const totalMs = performance.now() - startedAt;
      queries.inc({ interface: through, state });
      seconds.observe(totalMs / 1_000);
      bytes.inc({}, figures.resultBytes);
      await record({ query, figures, meter, quota, arrived, totalMs, state, error });
    };
    try {
      if (Buffer.byteLength(text) > MAX_QUERY_BYTES)
        throw new ApiError('InvalidInput', `The query is longer than ${MAX_QUERY_BYTES} bytes.`);
      if (query.signal.aborted) throw query.signal.reason;
      if (deps.quotas) await deps.usage.admit(caller.tenantId, meter, quota, arrived);
      const release = await slots.acquire(caller.tenantId, query.signal);
      const done = await work(limits, figures).finally(release);
      await end('Completed', null);
      return done;
    } catch (error) {
      const answer = query.signal.aborted ? cancelled(error) : huntingError(error, limits);
      await end(stateOf(query, answer), answer);
      throw answer;
    }
  }

  /** Both stand or fall together. A query that has run is not taken away from its caller because the record of it failed: operators are told. */
  async function record(ended: {
    query: QueryRun;
    figures: Figures;
    meter: Meter;
    quota: readonly Limit[];
    arrived: Date;
    totalMs: number;
    state: QueryState;
    error: unknown;
  }): Promise<void> {
    const { query, figures, error } = ended;
    const { caller } = query;
    if (
      ended.state === 'Throttled' &&
      !throttled.isFirst(`${caller.tenantId} ${ended.meter.subject}`, ended.arrived)
    )
      return;
    try {
      await deps.state.tenant<HuntingDatabase, void>(caller.tenantId, async (db) => {
        if (figures.runMs > 0)
          await deps.usage.charge(db, ended.meter, ended.quota, clock.now(), figures.runMs);
        await deps.history.add(db, {
          time: ended.arrived,
          interface: query.through,
          actor_kind: caller.kind,
          actor_id: caller.id,
          actor_name: caller.name,
          app_id: caller.clientId,
          query: recordedText(query.text),
          state: ended.state,
          reason: error === null ? null : reasonOf(error),
          resource_usage: resourceUsage(figures.runMs, config),
          run_ms: Math.round(figures.runMs),
          total_ms: Math.round(ended.totalMs),
          result_rows: figures.resultRows,
          result_bytes: figures.resultBytes,
          rows_read: figures.rowsRead,
          peak_memory_bytes: figures.peakMemoryBytes,
          tables: figures.tables,
        });
      });
    } catch (cause) {
      deps.log.error(
        { err: cause, tenantId: caller.tenantId },
        'a hunting query could not be put down in history and quota',
      );
    }
  }

  /** An analysis that was cut off has held a thread: that is run time of the tenant, as the engine's is. */
  async function analysed(
    translator: Pick<Translator, 'translate'>,
    text: string,
    options: TranslateOptions,
    signal: AbortSignal,
    figures: Figures,
  ): Promise<Outcome> {
    const startedAt = performance.now();
    try {
      return await translator.translate(text, options, signal);
    } catch (error) {
      if (error instanceof TranslationCutOff) figures.runMs += performance.now() - startedAt;
      throw error;
    }
  }

  async function statement(
    query: QueryRun,
    limits: RunLimits,
    figures: Figures,
    engine: Engine,
  ): Promise<Translation> {
    const { caller, timespan, signal } = query;
    const translator = await deps.translator();
    const scope: QueryScope = { tenantId: caller.tenantId, deviceGroups: caller.deviceGroups };
    const translation = await prepare(
      (text, options) => analysed(translator, text, options, signal, figures),
      query.text,
      {
        now: clock.now(),
        scope,
        maxRows: limits.maxRows,
        lookbackDays: limits.lookbackDays,
        database: deps.events.database,
        geo: deps.geo(),
        ...timespan,
      },
      {
        rows: async (needed, maxRows) => {
          const rows: unknown[][] = [];
          // One more than is wanted comes where there are too many; the translator then says so by the operator's name.
          await engine(needed, { maxRows: maxRows + 1, maxBytes: NEEDED_BYTES }, (more) => {
            for (const row of more) rows.push(row);
          });
          return rows;
        },
        external: (need) => deps.external(need, signal),
      },
      signal,
    );
    figures.tables = translation.reads.map(({ table }) => table);
    return translation;
  }

  /** Runs statements of one query within what is left of its time. */
  function engineFor(query: QueryRun, limits: RunLimits, figures: Figures): Engine {
    return async ({ sql, parameters }, { maxRows, maxBytes }, sink) => {
      const left = limits.maxSeconds - figures.runMs / 1_000;
      if (left <= 0) throw new QueryTimeout(`the query ran longer than ${limits.maxSeconds} seconds`);
      const startedAt = performance.now();
      try {
        const stats = await deps.events.stream(
          {
            sql,
            parameters,
            queryId: randomUUID(),
            maxSeconds: Math.max(1, Math.ceil(left)),
            maxRows,
            maxBytes,
            maxMemoryBytes: limits.maxMemoryBytes,
            signal: query.signal,
          },
          sink,
        );
        figures.take(stats);
      } finally {
        figures.runMs += performance.now() - startedAt;
      }
    };
  }

  return {
    run: (query, shape) =>
      account(query, async (limits, figures) => {
        const engine = engineFor(query, limits, figures);
        const translation = await statement(query, limits, figures, engine);
        const spool = new AnswerSpool({
          dir: deps.spoolDir,
          maxBytes: limits.maxBytes,
          space: deps.spoolSpace,
          tenantId: query.caller.tenantId,
        });
        try {
          await spool.write(shape.head(translation.columns));
          const headBytes = spool.length;
          const rowText = shape.row(translation.columns);
          await engine(translation, limits, async (rows) => {
            let text = '';
            for (const row of rows) text += `${figures.resultRows++ === 0 ? '' : ','}${rowText(row)}`;
            await spool.write(text);
          });
          await spool.write(
            shape.tail({
              seconds: Math.round(figures.runMs * 1_000) / 1_000_000,
              peakMemoryBytes: figures.peakMemoryBytes,
              rows: figures.resultRows,
              bytes: spool.length - headBytes,
            }),
          );
          const answer = await spool.finish();
          figures.resultBytes = answer.length;
          return answer;
        } catch (error) {
          await spool.discard();
          throw error;
        }
      }),

    columns: (query) =>
      account(query, async (limits, figures) => {
        const engine = engineFor(query, limits, figures);
        return (await statement(query, limits, figures, engine)).columns;
      }),
  };
}

type Engine = (
  statement: Translation,
  caps: { readonly maxRows: number; readonly maxBytes: number },
  sink: (rows: unknown[][]) => void | Promise<void>,
) => Promise<void>;

function cancelled(cause: unknown): ApiError {
  return new ApiError('ServiceUnavailable', 'The query was cancelled.', { retryAfterSeconds: 2, cause });
}

function stateOf(query: QueryRun, error: unknown): QueryState {
  if (query.signal.aborted) return 'Cancelled';
  if (!(error instanceof ApiError)) return 'Failed';
  if (error.cause instanceof QueryCancelled) return 'Cancelled';
  return error.code === 'TooManyRequests' ? 'Throttled' : 'Failed';
}

function reasonOf(error: unknown): string {
  return (error instanceof ApiError ? error.publicMessage : 'The query could not be answered.').slice(
    0,
    2_000,
  );
}

/** By what share of an hour's run time it took. The service shows the three words and not where they begin. */
function resourceUsage(runMs: number, config: HuntingConfig): ResourceUsage {
  const share = runMs / (config.runSecondsPerHour * 1_000);
  return share >= 0.1 ? 'High' : share >= 0.02 ? 'Medium' : 'Low';
}
