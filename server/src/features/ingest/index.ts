/** Ingest: the front door for events, and the reader that carries them from the log to the event store. */
import type { Feature, Platform } from '../../feature.ts';
import type { Devices } from '../devices/index.ts';
import { startRetention } from './retention.ts';
import { ingestRoutes } from './routes.ts';
import { startShaper } from './shaper.ts';
import { runStoreWriter } from './store-writer.ts';

export {
  type BatchHeader,
  type BatchRecord,
  blockOfLines,
  decodeBatchRecord,
  encodeBatchRecord,
  rowsOf,
} from './batch-record.ts';
export { shapeRows } from './shape-rows.ts';

const SHAPING_WORKERS = 2;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export function createIngest(
  platform: Pick<Platform, 'config' | 'clock' | 'metrics' | 'eventLog' | 'events' | 'log' | 'stopping'>,
  devices: Pick<Devices, 'lookup' | 'seen'>,
): Feature {
  const log = platform.log.child({ part: 'ingest' });
  const shaper = startShaper({
    workers: SHAPING_WORKERS,
    workerUrl: new URL('./ingest-worker.js', import.meta.url),
    maxWaitingBytes: MAX_WAITING_BYTES,
    retentionDays: platform.config.retentionDays,
  });
  let writer: Promise<void> = Promise.resolve();
  let retention: { stop(): void } | undefined;

  const lag = platform.metrics.gauge(
    'merlon_event_log_reader_lag_bytes',
    'Bytes a reader of the event log has yet to take.',
  );
  platform.metrics.collect(() => {
    for (const reader of platform.eventLog.stats().readers) lag.set(reader.lagBytes, { reader: reader.name });
  });

  return {
    name: 'ingest',
    routes: ingestRoutes({ ...platform, devices, shaper }),
    async start() {
      writer = runStoreWriter({ ...platform, log, signal: platform.stopping });
      writer.catch((error: unknown) => log.error({ err: error }, 'the event-store writer ended'));
      retention = startRetention({ ...platform, log });
    },
    async stop() {
      retention?.stop();
      await writer.catch(() => {});
      await shaper.close();
    },
  };
}
