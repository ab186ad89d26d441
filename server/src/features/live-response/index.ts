/** Live response: the library, batches of commands, and consoles on devices. */
import type { Feature, Migration, Platform } from '../../feature.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import type { CommandKey } from '../onboarding/index.ts';
import type { Response } from '../response/index.ts';
import { consoleMigrations } from './console-database.ts';
import { consoleSocket } from './console-socket.ts';
import { createConsoles } from './consoles.ts';
import { libraryMigrations } from './database.ts';
import { libraryRoutes } from './library-routes.ts';
import { libraryStore } from './library-store.ts';
import { runRoutes } from './run-routes.ts';
import { sessionApproval } from './session-approval.ts';
import { sessionLimit } from './session-limit.ts';
import { sessionRoutes } from './session-routes.ts';
import { sessionStore } from './session-store.ts';

export const liveResponseMigrations: readonly Migration[] = [...libraryMigrations, ...consoleMigrations];

const SWEEP_MS = 3_600_000;

export function createLiveResponse(
  platform: Pick<Platform, 'state' | 'clock' | 'log' | 'audit' | 'metrics'> & {
    couldAct(clientId: string, at: Date, person: { tenantId: string; userId: string }): Promise<boolean>;
  },
  devices: Pick<Devices, 'require'>,
  deviceGroups: Pick<DeviceGroups, 'list'>,
  response: Pick<
    Response,
    'ordering' | 'openOrder' | 'policies' | 'awaiting' | 'results' | 'links' | 'live' | 'channels'
  >,
  commandKey: () => CommandKey,
): Feature {
  const log = platform.log.child({ part: 'live-response' });
  const library = libraryStore(platform.state);
  const sessions = sessionStore(platform.state);
  const dropped = platform.metrics.counter(
    'merlon_live_response_words_dropped_total',
    'Words of devices in console sessions that were not kept: the log was full, or no command was theirs.',
  );
  const parts = { ...platform, log, library, sessions, devices, deviceGroups, response, limit: sessionLimit };
  const consoles = createConsoles({ ...parts, commandKey, dropped: () => dropped.inc({}) });
  const approval = sessionApproval({ ...parts, consoles });
  response.awaiting.add(approval.source);
  const deps = { ...parts, consoles, approval };
  let sweeping: NodeJS.Timeout | undefined;
  const sweep = () => {
    library
      .forget(platform.clock.now())
      .catch((error: unknown) => log.warn({ err: error }, 'unused library contents could not be removed'));
  };
  return {
    name: 'live-response',
    routes: [...libraryRoutes(deps), ...runRoutes(deps), ...sessionRoutes(deps)],
    sockets: [consoleSocket(deps)],
    async start() {
      await consoles.open();
      sweep();
      sweeping = setInterval(sweep, SWEEP_MS);
      sweeping.unref();
    },
    async stop() {
      clearInterval(sweeping);
      await consoles.stop();
    },
  };
}
