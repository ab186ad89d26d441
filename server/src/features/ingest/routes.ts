import {
  ApiError,
  BATCH_HEADER,
  BATCH_ID_PATTERN,
  BATCH_LIMITS,
  DEVICE_PATHS,
  EventBatchResponse,
  nowIso7,
} from '@merlon/contract';
import { type EventLog, LogFullError } from '@merlon/event-log';
import { defineRoute, type Route } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Devices } from '../devices/index.ts';
import type { Encoding } from './shape-batch.ts';
import type { Shaper } from './shaper.ts';

const batchId = new RegExp(BATCH_ID_PATTERN);
/** Seconds a device should wait when the log is full: the readers need time, not another attempt. */
const LOG_FULL_RETRY_S = 10;

export function ingestRoutes(deps: {
  devices: Pick<Devices, 'lookup' | 'seen'>;
  eventLog: Pick<EventLog, 'append'>;
  shaper: Shaper;
  clock: Clock;
  metrics: Metrics;
}): Route[] {
  const batches = deps.metrics.counter('merlon_ingest_batches_total', 'Batches by outcome.');
  const rows = deps.metrics.counter('merlon_ingest_rows_total', 'Rows by outcome.');

  return [
    defineRoute({
      id: 'device.events',
      method: 'POST',
      path: DEVICE_PATHS.events,
      summary: 'Take a batch of events from a device; answered once the batch is durable.',
      access: { kind: 'device' },
      audit: null,
      accepts: 'raw',
      bodyLimit: BATCH_LIMITS.compressedBytes,
      responses: { 200: EventBatchResponse },
      async handle(request) {
        const { tenantId, deviceId } = request.caller;
        const [epoch, seq] = readBatchId(request.headers[BATCH_HEADER]);
        const encoding = readEncoding(request.headers['content-encoding']);
        const device = await deps.devices.lookup(tenantId, deviceId);
        if (!device) throw new ApiError('Unauthorized', 'The device is not known.');

        const stamp = {
          tenantId,
          deviceId,
          deviceName: device.name,
          machineGroup: device.groupName,
          receivedAt: nowIso7(deps.clock.now()),
        };
        const shaped = await deps.shaper.shape(request.rawBody, encoding, stamp);
        const { buffer, byteOffset, byteLength } = shaped.record;
        const { duplicate } = await append(Buffer.from(buffer, byteOffset, byteLength), deviceId, epoch, seq);

        deps.devices.seen(tenantId, deviceId, request.ip, 'data');
        batches.inc({ outcome: duplicate ? 'duplicate' : 'accepted' });
        if (!duplicate) rows.inc({ outcome: 'accepted' }, shaped.accepted);
        if (shaped.rejectedCount > 0) rows.inc({ outcome: 'rejected' }, shaped.rejectedCount);
        const { accepted, rejectedCount, rejected } = shaped;
        return { status: 200, body: { accepted, duplicate, rejectedCount, rejected } };
      },
    }),
  ];

  async function append(payload: Buffer, stream: string, epoch: string, seq: number) {
    try {
      return await deps.eventLog.append({ stream, epoch, seq, payload });
    } catch (error) {
      if (!(error instanceof LogFullError)) throw error;
      batches.inc({ outcome: 'log_full' });
      throw new ApiError('ServiceUnavailable', 'The event log is full until its readers catch up.', {
        retryAfterSeconds: LOG_FULL_RETRY_S,
        cause: error,
      });
    }
  }
}

function readBatchId(header: string | string[] | undefined): [epoch: string, seq: number] {
  if (typeof header !== 'string') {
    throw new ApiError('MissingRequiredParameter', `The header ${BATCH_HEADER} is missing.`);
  }
  if (!batchId.test(header)) {
    throw new ApiError('InvalidInput', `The header ${BATCH_HEADER} must be <16 hex digits>.<number from 1>.`);
  }
  const [epoch = '', seq = ''] = header.split('.');
  return [epoch, Number(seq)];
}

function readEncoding(header: string | string[] | undefined): Encoding {
  if (header === undefined || header === 'identity') return 'identity';
  if (header === 'gzip') return 'gzip';
  throw new ApiError('UnsupportedMediaType', 'The Content-Encoding of a batch must be gzip or identity.');
}
