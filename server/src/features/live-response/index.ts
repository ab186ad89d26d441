/** Live response: the library, batches of commands, and consoles on devices. */
import type { Feature, Migration, Platform } from '../../feature.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import type { Response } from '../response/index.ts';
import { consoleMigrations } from './console-database.ts';
import { libraryMigrations } from './database.ts';
import { libraryRoutes } from './library-routes.ts';
import { libraryStore } from './library-store.ts';
import { runRoutes } from './run-routes.ts';
import { sessionLimit } from './session-limit.ts';

export const liveResponseMigrations: readonly Migration[] = [...libraryMigrations, ...consoleMigrations];

const SWEEP_MS = 3_600_000;

export function createLiveResponse(
  platform: Pick<Platform, 'state' | 'clock' | 'log'>,
  devices: Pick<Devices, 'require'>,
  deviceGroups: Pick<DeviceGroups, 'list'>,
  response: Pick<Response, 'ordering' | 'openOrder'>,
): Feature {
  const log = platform.log.child({ part: 'live-response' });
  const library = libraryStore(platform.state);
  const deps = { ...platform, log, library, devices, deviceGroups, response, limit: sessionLimit };
  let sweeping: NodeJS.Timeout | undefined;
  const sweep = () => {
    library
      .forget(platform.clock.now())
      .catch((error: unknown) => log.warn({ err: error }, 'unused library contents could not be removed'));
  };
  return {
    name: 'live-response',
    routes: [...libraryRoutes(deps), ...runRoutes(deps)],
    async start() {
      sweep();
      sweeping = setInterval(sweep, SWEEP_MS);
      sweeping.unref();
    },
    async stop() {
      clearInterval(sweeping);
    },
  };
}
