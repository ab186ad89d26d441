/** Device groups: rules that sort devices, and who may see each group. */
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import { ACCESS_CHANNEL, type AccessStore } from '../access/index.ts';
import type { DeviceGroup } from './device-group.ts';
import { deviceGroupOperations } from './operations.ts';
import { createScopeSync } from './scope-sync.ts';
import { deviceGroupsStore } from './store.ts';

export type { DeviceGroup } from './device-group.ts';
export { deviceGroupName } from './membership.ts';
export { deviceGroupsMigrations } from './migrations.ts';
export { assignDevices } from './store.ts';

/** Servers tell each other that what they remember of a tenant's devices no longer counts. */
export const DEVICE_GROUPS_CHANNEL = 'device_groups';
/** Servers tell each other that devices of a tenant came into other groups, for whatever reason. */
export const DEVICES_MOVED_CHANNEL = 'devices_moved';

export interface DeviceGroups extends Feature {
  /** Of a tenant, first the one that comes first; empty while the tenant has made none. */
  list(tenantId: string): Promise<DeviceGroup[]>;
}

export function createDeviceGroups(
  platform: Pick<Platform, 'state' | 'events' | 'log' | 'audit'> & {
    access: AccessStore;
    tenantOf(nameOrId: string | undefined): Promise<string>;
  },
): DeviceGroups {
  const store = deviceGroupsStore(platform.state);
  const sync = createScopeSync({
    ...platform,
    store,
    moved: (tenantId) => platform.state.notify(DEVICES_MOVED_CHANNEL, tenantId),
    log: platform.log.child({ part: 'device-groups' }),
  });
  let stopListening: (() => Promise<void>) | undefined;
  const operations = deviceGroupOperations({
    store,
    access: platform.access,
    async changed(tenantId) {
      await platform.state.notify(DEVICE_GROUPS_CHANNEL, tenantId);
      await platform.state.notify(ACCESS_CHANNEL, tenantId);
    },
  });
  return {
    name: 'device-groups',
    list: (tenantId) => store.list(tenantId),
    routes: operationRoutes(operations, platform.state),
    admin: operationHandlers(operations, platform),
    async start() {
      sync.start();
      // Heard once the change stands.
      stopListening = await platform.state.listen(DEVICE_GROUPS_CHANNEL, () => sync.soon());
    },
    async stop() {
      await stopListening?.();
      await sync.stop();
    },
  };
}
