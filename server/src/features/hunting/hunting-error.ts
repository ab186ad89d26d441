/** From what goes wrong with a query to what its author reads. Nothing of SQL or of the engine's words gets through. */
import { ApiError } from '@merlon/contract';
import {
  EventStoreUnavailable,
  QueryCancelled,
  QueryFailed,
  QueryMemory,
  QueryTimeout,
  QueryTooLarge,
} from '@merlon/event-store';
import { KqlError, TranslatorBusyError } from '@merlon/kql';
import { AnswerTooLarge } from './answer-spool.ts';
import type { RunLimits } from './limits.ts';
import { SlotsBusy } from './query-slots.ts';
import { SpoolFull } from './spool-space.ts';

const MIB = 1024 * 1024;

export function huntingError(error: unknown, limits: RunLimits): unknown {
  const refuse = (message: string) => new ApiError('BadRequest', message, { cause: error });
  if (error instanceof KqlError) {
    return refuse(`${error.message} (at position ${error.start}, length ${error.length})`);
  }
  if (error instanceof SlotsBusy || error instanceof TranslatorBusyError) {
    return new ApiError(
      'TooManyRequests',
      'Too many queries of this tenant run or wait at once. Try again when some have ended.',
      { retryAfterSeconds: 5, cause: error },
    );
  }
  if (error instanceof SpoolFull) {
    return new ApiError(
      'TooManyRequests',
      'Too many large answers are still being read. Try again when some have been.',
      { retryAfterSeconds: 5, cause: error },
    );
  }
  if (error instanceof QueryTimeout) {
    return refuse(
      `The query exceeded the timeout of ${limits.maxSeconds} seconds. Narrow its time range or filter earlier.`,
    );
  }
  if (error instanceof AnswerTooLarge || (error instanceof QueryTooLarge && error.cap === 'bytes')) {
    const most = error instanceof QueryTooLarge ? error.limit : limits.maxBytes;
    return refuse(
      `The result of the query exceeded the allowed result size of ${Math.floor(most / MIB)} MB. Use summarize, project or take to make it smaller.`,
    );
  }
  if (error instanceof QueryTooLarge) {
    return refuse(
      `The query needs more than ${error.limit} rows at once for one of its operators. Filter earlier.`,
    );
  }
  if (error instanceof QueryMemory) {
    return refuse(
      'The query used more resources than one query may: it needs too much memory. Filter earlier, or join and group by fewer values.',
    );
  }
  if (error instanceof QueryFailed) {
    // What the engine says names its own functions and types, not the query's.
    return new ApiError(
      'BadRequest',
      'The query failed while it ran: a function or operator was given what it cannot take, or too much of it.',
      { privateDetail: error.message, cause: error },
    );
  }
  if (error instanceof QueryCancelled) return refuse('The query was cancelled.');
  if (error instanceof EventStoreUnavailable) {
    return new ApiError('ServiceUnavailable', 'The event store does not answer. Try again.', {
      retryAfterSeconds: 2,
      cause: error,
    });
  }
  return error;
}
