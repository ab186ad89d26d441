/** Indicators: values that people and programs want looked for on devices, and what to do about them. */
import type { Feature, Platform } from '../../feature.ts';
import type { DeviceContents } from '../device-content/index.ts';
import { indicatorRoutes } from './routes.ts';
import { indicatorsStore } from './store.ts';

export { indicatorsMigrations } from './migrations.ts';

const SWEEP_MS = 60_000;
const PER_SWEEP = 5_000;

export function createIndicators(
  platform: Pick<Platform, 'state' | 'clock' | 'log'>,
  content: Pick<DeviceContents, 'change' | 'changed'>,
): Feature {
  const log = platform.log.child({ part: 'indicators' });
  const { clock } = platform;
  const store = indicatorsStore(platform.state);
  let sweep: NodeJS.Timeout | undefined;

  return {
    name: 'indicators',
    routes: indicatorRoutes({
      store,
      clock,
      content: (db, change) => content.change(db, 'indicators', change),
      changed: (tenantId) => content.changed(tenantId, 'indicators'),
    }),
    async start() {
      sweep = setInterval(() => {
        purge().catch((error: unknown) => log.warn({ err: error }, 'expired indicators were not removed'));
      }, SWEEP_MS);
      sweep.unref();
    },
    async stop() {
      clearInterval(sweep);
    },
  };

  async function purge(): Promise<void> {
    while ((await store.purge(clock.now(), PER_SWEEP)) >= PER_SWEEP);
  }
}
