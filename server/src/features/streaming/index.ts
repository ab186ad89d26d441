/** Raw data streaming: rows of the hunting tables, and alerts, to other systems as they arrive. */
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import { createSecretSeal } from '../../secrets/secret-seal.ts';
import type { Alerts } from '../alerts/index.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import { eventRows } from './event-rows.ts';
import { startExportThread } from './export-thread.ts';
import { filterCompiler } from './filters.ts';
import { logBatches } from './log-batches.ts';
import { streamingOperations } from './operations.ts';
import { createPumps } from './pumps.ts';
import { reconciler } from './reconcile.ts';
import { refusedRecords } from './refused-records.ts';
import { createReplays } from './replays.ts';
import { dataExportRoutes } from './routes.ts';
import { settingWork } from './setting-work.ts';
import { settledRanges } from './settled-ranges.ts';
import { streamingStore } from './store.ts';
import { type StreamingMetrics, streamingMetrics } from './streaming-metrics.ts';

export { streamingMigrations } from './migrations.ts';

export interface StreamingDeps extends Platform {
  readonly devices: Pick<Devices, 'lookup'>;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
  readonly alerts: Pick<Alerts, 'find'>;
  /** Finds a tenant by name or id. Throws ApiError naming what is wrong. */
  readonly tenantOf: (nameOrId: string | undefined) => Promise<string>;
}

const NO_DEVICE = { groupId: 0, groupName: '' };

export function createStreaming(deps: StreamingDeps): Feature {
  const { config } = deps;
  const log = deps.log.child({ part: 'streaming' });
  const store = streamingStore(deps.state);
  const seal = createSecretSeal(config.home, 'streaming', 'the export setting');
  const rows = eventRows(deps.events);
  const refused = refusedRecords(config.home);
  const exporter = startExportThread({
    workerUrl: new URL('./export-worker.js', import.meta.url),
    data: { networks: config.streaming.networks },
  });
  const deviceOf = async (tenantId: string, deviceId: string) =>
    (deviceId === '' ? null : await deps.devices.lookup(tenantId, deviceId)) ?? NO_DEVICE;
  const pumps = createPumps({
    ...deps,
    log,
    store,
    exporter,
    seal,
    refused,
    batches: logBatches(log),
    settled: settledRanges(store),
    metrics: () => metrics,
    retainBytes: config.streaming.retainBytes,
    retentionDays: config.retentionDays,
    groupOf: async (tenantId, deviceId) => (await deviceOf(tenantId, deviceId)).groupId,
  });
  const metrics: StreamingMetrics = streamingMetrics(deps.metrics, () => pumps.gauges());
  const replays = createReplays({
    ...deps,
    log,
    store,
    rows,
    exporter,
    refused,
    seal,
    deviceOf,
    deviceOfAlert: async (tenantId, alertId) =>
      (await deps.alerts.find({ tenantId, deviceGroups: 'all' }, alertId))?.machineId ?? '',
    retentionDays: config.retentionDays,
  });
  const work = settingWork({
    ...deps,
    store,
    pumps,
    exporter,
    seal,
    rows,
    compileFilters: filterCompiler(new URL('./filter-worker.js', import.meta.url)),
    groups: (tenantId) => deps.deviceGroups.list(tenantId),
    maxSettings: config.streaming.maxSettings,
  });
  const operations = streamingOperations({
    work,
    store,
    replays,
    reconcile: reconciler({ store, rows, clock: deps.clock, stopping: deps.stopping }),
    clock: deps.clock,
  });
  return {
    name: 'streaming',
    routes: [...operationRoutes(operations, deps.state), ...dataExportRoutes({ ...deps, work, store })],
    admin: operationHandlers(operations, deps),
    async start() {
      await pumps.start();
      await replays.start();
    },
    async stop() {
      await replays.stop();
      await pumps.stop();
      await exporter.end();
    },
  };
}
