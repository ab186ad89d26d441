/** What SIEM connectors take: the detections feed, and how a tenant turns it on for them. */
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import type { Alerts } from '../alerts/index.ts';
import type { ConnectorApps } from '../identity/index.ts';
import { siemOperations } from './operations.ts';
import { detectionRoutes } from './routes.ts';
import { siemStore } from './store.ts';

export { exporterUrl } from './exporter-address.ts';
export { siemMigrations } from './migrations.ts';

const SWEEP_MS = 3_600_000;

export function createSiem(
  platform: Pick<Platform, 'state' | 'audit' | 'config' | 'clock' | 'log' | 'publicOrigin'> & {
    readonly detections: Alerts['detections'];
    readonly connectors: ConnectorApps;
    tenantOf(nameOrId: string | undefined): Promise<string>;
  },
): Feature {
  const log = platform.log.child({ part: 'siem' });
  let timer: NodeJS.Timeout | undefined;
  const operations = siemOperations({
    ...platform,
    store: siemStore(platform.state, platform.clock),
    hosts: platform.config.siemHosts,
  });
  const sweep = async () => {
    try {
      const gone = await platform.detections.sweep();
      if (gone > 0) log.info({ detections: gone }, 'expired detections were dropped');
    } catch (error) {
      log.warn({ err: error }, 'dropping expired detections failed; it is tried again in an hour');
    }
  };
  return {
    name: 'siem',
    routes: [...detectionRoutes(platform), ...operationRoutes(operations, platform.state)],
    admin: operationHandlers(operations, platform),
    async start() {
      timer = setInterval(() => void sweep(), SWEEP_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
