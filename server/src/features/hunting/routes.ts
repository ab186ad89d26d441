import { randomUUID } from 'node:crypto';
import { ApiError, HuntingRequest, HuntingResult, huntingResultTypes } from '@merlon/contract';
import {
  type EventStore,
  EventStoreUnavailable,
  QueryCancelled,
  QueryFailed,
  QueryMemory,
  QueryTimeout,
  QueryTooLarge,
} from '@merlon/event-store';
import { KqlError, prepare, type Translation, type Translator, TranslatorBusyError } from '@merlon/kql';
import { defineRoute, type Route } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { resultRow } from './result-row.ts';

/** Limits of the service: api.md, advancedqueries.run. */
export const HUNTING_LIMITS = {
  maxRows: 100_000,
  maxSeconds: 200,
  maxBytes: 124 * 1024 * 1024,
  maxMemoryBytes: 1024 * 1024 * 1024,
  queryBytes: 256 * 1024,
} as const;

export function huntingRoutes(deps: {
  translator: () => Promise<Pick<Translator, 'translate'>>;
  events: Pick<EventStore, 'query'>;
  clock: Clock;
  metrics: Metrics;
}): Route[] {
  const queries = deps.metrics.counter('merlon_hunting_queries_total', 'Hunting queries by outcome.');
  const seconds = deps.metrics.histogram(
    'merlon_hunting_query_seconds',
    'Time of a hunting query, translation included.',
  );

  return [
    defineRoute({
      id: 'advancedqueries.run',
      method: 'POST',
      path: '/api/advancedqueries/run',
      summary: 'Run a hunting query, written in KQL.',
      access: {
        kind: 'api',
        application: ['AdvancedQuery.Read.All'],
        delegated: ['AdvancedQuery.Read'],
        role: 'ViewData.SecurityOperations',
        deviceScope: 'filter',
      },
      audit: 'hunting.run',
      bodyLimit: 2 * HUNTING_LIMITS.queryBytes,
      body: HuntingRequest,
      responses: { 200: HuntingResult },
      async handle(request) {
        const { tenantId, deviceGroups } = request.caller;
        const text = request.body.Query;
        if (Buffer.byteLength(text) > HUNTING_LIMITS.queryBytes) {
          throw new ApiError('InvalidInput', `The query is longer than ${HUNTING_LIMITS.queryBytes} bytes.`);
        }
        request.audit.details({ query: text.slice(0, 4_000) });
        const startedAt = performance.now();
        try {
          const translator = await deps.translator();
          const select = ({ sql, parameters }: Translation, maxRows: number) =>
            deps.events.query({
              sql,
              parameters,
              queryId: randomUUID(),
              ...HUNTING_LIMITS,
              maxRows,
              signal: request.signal,
            });
          const translation = await prepare(
            (query, options) => translator.translate(query, options),
            text,
            {
              now: deps.clock.now(),
              scope: { tenantId, deviceGroups },
              maxRows: HUNTING_LIMITS.maxRows,
            },
            {
              rows: async (statement, maxRows) => (await select(statement, maxRows + 1)).rows,
              external: () =>
                Promise.reject(
                  KqlError.unsupported(
                    'operator externaldata',
                    { start: 0, length: text.length },
                    'no address is allowed',
                  ),
                ),
            },
            request.signal,
          );
          const { rows } = await select(translation, HUNTING_LIMITS.maxRows);
          queries.inc({ outcome: 'completed' });
          return { status: 200, body: resultBody(translation, rows) };
        } catch (error) {
          queries.inc({ outcome: error instanceof Error ? error.name : 'failed' });
          throw apiErrorOf(error);
        } finally {
          seconds.observe((performance.now() - startedAt) / 1000);
        }
      },
    }),
  ];
}

function resultBody({ columns }: Translation, rows: readonly unknown[][]): HuntingResult {
  return {
    Schema: columns.map(({ name, type }) => ({ Name: name, Type: huntingResultTypes[type] })),
    Results: rows.map((row) => resultRow(columns, row)),
  };
}

function apiErrorOf(error: unknown): unknown {
  if (error instanceof KqlError) {
    const at = error.start === undefined ? '' : ` (at position ${error.start}, length ${error.length ?? 0})`;
    return new ApiError('BadRequest', `${error.message}${at}`);
  }
  if (error instanceof TranslatorBusyError) {
    return new ApiError('TooManyRequests', 'Too many queries wait to be translated.', {
      retryAfterSeconds: 2,
    });
  }
  if (error instanceof QueryTimeout) {
    return new ApiError(
      'BadRequest',
      `The query ran longer than ${HUNTING_LIMITS.maxSeconds} seconds. Narrow its time range or filter earlier.`,
    );
  }
  if (error instanceof QueryTooLarge) {
    return new ApiError(
      'BadRequest',
      `The result exceeded the allowed size: ${error.message}. Use summarize, project or take.`,
    );
  }
  if (error instanceof QueryMemory) {
    return new ApiError(
      'BadRequest',
      'The query needs more memory than one query may use. Filter earlier or group by fewer columns.',
    );
  }
  if (error instanceof QueryFailed) {
    // What the engine says names its own functions and types, not the query's.
    return new ApiError(
      'BadRequest',
      'The query failed while it ran: a function or operator was given what it cannot take, or too much of it.',
      {
        privateDetail: error.message,
        cause: error,
      },
    );
  }
  if (error instanceof QueryCancelled) return new ApiError('BadRequest', 'The query was cancelled.');
  if (error instanceof EventStoreUnavailable) {
    return new ApiError('ServiceUnavailable', 'The event store is starting. Try again.', {
      retryAfterSeconds: 2,
      cause: error,
    });
  }
  return error;
}
