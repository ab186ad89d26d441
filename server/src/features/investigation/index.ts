/** Investigation: what is known of files, addresses, domains and accounts, and what is related to them. */
import { profilesOf } from '@merlon/event-store';
import type { Feature, Platform } from '../../feature.ts';
import type { Alerts } from '../alerts/index.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import { alertRelationRoutes } from './alert-relations.ts';
import { deviceRoutes } from './device-routes.ts';
import { fileRoutes } from './files.ts';
import { machineGroupRoutes } from './machine-groups.ts';
import { networkRoutes } from './network.ts';
import type { InvestigationDeps } from './relations.ts';
import { unknownSetRoutes } from './unknown-sets.ts';
import { userRoutes } from './users.ts';

export function createInvestigation(
  platform: Pick<Platform, 'events' | 'clock'>,
  devices: Devices,
  alerts: Alerts,
  deviceGroups: DeviceGroups,
): Feature {
  const deps: InvestigationDeps = {
    profiles: profilesOf(platform.events),
    devices,
    alerts,
    deviceGroups,
    clock: platform.clock,
  };
  return {
    name: 'investigation',
    routes: [
      ...fileRoutes(deps),
      ...networkRoutes(deps),
      ...userRoutes(deps),
      ...deviceRoutes(deps),
      ...alertRelationRoutes(deps),
      ...machineGroupRoutes(deps),
      ...unknownSetRoutes(deps),
    ],
  };
}
