/** What changes, told to those who look at it as it changes. */
import type { Feature, Platform } from '../../feature.ts';
import { changesStore } from './changes-store.ts';
import { liveUpdatesRoutes } from './routes.ts';
import { createWatchers } from './watchers.ts';

export function createLiveUpdates(
  platform: Pick<Platform, 'state' | 'clock' | 'log' | 'metrics' | 'stopping'>,
): Feature {
  const watchers = createWatchers({
    store: changesStore(platform.state),
    clock: platform.clock,
    log: platform.log.child({ part: 'live-updates' }),
  });
  const open = platform.metrics.gauge('merlon_live_watchers', 'Streams of live updates that are open.');
  platform.metrics.collect(() => open.set(watchers.count));
  return {
    name: 'live-updates',
    routes: liveUpdatesRoutes(watchers),
    async stop() {
      watchers.close();
    },
  };
}
