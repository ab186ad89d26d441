/** Collectors: programs that ship events of hosts without an agent of ours. Their credentials, the doors they send to, and the hosts that become devices so. */
import type { Feature, Platform } from '../../feature.ts';
import type { CollectorAuthenticator } from '../../http/route.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import type { Devices } from '../devices/index.ts';
import { collecting } from './collect.ts';
import { startCollectPool } from './collect-pool.ts';
import { CollectorDirectory } from './collector-directory.ts';
import { elasticRoutes } from './elastic-routes.ts';
import { collectorOperations } from './operations.ts';
import { COLLECT_PATH, collectRoutes } from './routes.ts';
import { collectorsStore } from './store.ts';
import { Tally } from './tally.ts';

export { collectorsMigrations } from './migrations.ts';

export interface Collectors extends Feature {
  readonly authenticator: CollectorAuthenticator;
}

const WORKERS = 2;
const MAX_WAITING_BYTES = 128 * 1024 * 1024;

export function createCollectors(
  platform: Pick<
    Platform,
    'config' | 'state' | 'audit' | 'clock' | 'log' | 'metrics' | 'eventLog' | 'publicOrigin'
  > & {
    tenantOf(nameOrId: string | undefined): Promise<string>;
  },
  devices: Pick<Devices, 'discover' | 'lookup' | 'seen'>,
): Collectors {
  const log = platform.log.child({ part: 'collectors' });
  const store = collectorsStore(platform.state);
  const directory = new CollectorDirectory(store, platform.clock);
  const tally = new Tally(store, platform.clock, log);
  const pool = startCollectPool({
    workers: WORKERS,
    workerUrl: new URL('./collect-worker.js', import.meta.url),
    maxWaitingBytes: MAX_WAITING_BYTES,
  });
  const collect = collecting({
    pool,
    directory,
    devices,
    eventLog: platform.eventLog,
    tally,
    clock: platform.clock,
    metrics: platform.metrics,
    retentionDays: platform.config.retentionDays,
  });
  const operations = collectorOperations({
    store,
    clock: platform.clock,
    revoked: (collectorId) => directory.forget(collectorId),
    flushCounts: () => tally.flush(),
    address: () => `${platform.publicOrigin()}${COLLECT_PATH}`,
  });
  return {
    name: 'collectors',
    authenticator: directory,
    routes: [
      ...operationRoutes(operations, platform.state),
      ...collectRoutes(collect),
      ...elasticRoutes(collect),
    ],
    admin: operationHandlers(operations, platform),
    async start() {
      tally.start();
    },
    async stop() {
      await tally.stop();
      await pool.close();
    },
  };
}
