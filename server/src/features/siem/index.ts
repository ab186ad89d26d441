/** What SIEM connectors take: the detections feed, and how a tenant turns it on for them. */
import type { Feature, Platform } from '../../feature.ts';
import type { Alerts } from '../alerts/index.ts';
import { detectionRoutes } from './routes.ts';

export { exporterUrl } from './exporter-address.ts';

const SWEEP_MS = 3_600_000;

export function createSiem(
  platform: Pick<Platform, 'clock' | 'log'> & { readonly detections: Alerts['detections'] },
): Feature {
  const log = platform.log.child({ part: 'siem' });
  let timer: NodeJS.Timeout | undefined;
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
    routes: detectionRoutes(platform),
    async start() {
      timer = setInterval(() => void sweep(), SWEEP_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
