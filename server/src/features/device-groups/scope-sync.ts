/** Tells the event store which group each device belongs to, as soon as it changes. */
import type { EventStore } from '@merlon/event-store';
import type { Logger } from '../../telemetry/log.ts';
import type { DeviceGroupsStore } from './store.ts';

const BATCH = 5_000;
/** For devices that another server placed, and for what failed before. */
const SWEEP_MS = 2_000;

export interface ScopeSync {
  /** Devices may have moved. */
  soon(): void;
  start(): void;
  stop(): Promise<void>;
}

export function createScopeSync(deps: {
  store: Pick<DeviceGroupsStore, 'syncPending'>;
  events: Pick<EventStore, 'assignDeviceGroups'>;
  /** Tells whoever else keeps devices by their groups. */
  moved(tenantId: string): Promise<void>;
  log: Logger;
}): ScopeSync {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let again = false;

  async function syncAll(): Promise<void> {
    do {
      again = false;
      for (let count = BATCH; count === BATCH; )
        count = await deps.store.syncPending(BATCH, async (tenantId, devices) => {
          await deps.events.assignDeviceGroups(tenantId, devices);
          await deps.moved(tenantId);
        });
    } while (again);
  }

  function soon(): void {
    if (running) {
      again = true;
      return;
    }
    running = syncAll()
      .catch((error: unknown) =>
        deps.log.warn({ err: error }, 'the event store was not told of device groups; will try again'),
      )
      .finally(() => {
        running = null;
      });
  }

  return {
    soon,
    start() {
      timer = setInterval(soon, SWEEP_MS).unref();
      soon();
    },
    async stop() {
      if (timer) clearInterval(timer);
      await running;
    },
  };
}
