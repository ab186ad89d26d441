/** What the routes of every kind of entity share: who may read, what they are asked for, and the devices that saw something. */
import { ApiError } from '@merlon/contract';
import type { Profiles, SightedEntity } from '@merlon/event-store';
import type { Caller, Reply, RouteRequest } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Alerts } from '../alerts/index.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';

export interface InvestigationDeps {
  readonly profiles: Profiles;
  readonly devices: Pick<Devices, 'require' | 'listAmong' | 'machines'>;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
  readonly alerts: Pick<Alerts, 'listAbout' | 'find'>;
  readonly clock: Clock;
}

const role = 'ViewData.SecurityOperations' as const;
export const readAlerts = {
  kind: 'api',
  application: ['Alert.Read.All', 'Alert.ReadWrite.All'],
  delegated: ['Alert.Read', 'Alert.ReadWrite'],
  role,
  deviceScope: 'filter',
} as const;
export const readMachines = {
  kind: 'api',
  application: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  delegated: ['Machine.Read', 'Machine.ReadWrite'],
  role,
  deviceScope: 'filter',
} as const;
export const readOnly = <const P extends 'File.Read.All' | 'Ip.Read.All' | 'URL.Read.All' | 'User.Read.All'>(
  permission: P,
) =>
  ({
    kind: 'api',
    application: [permission],
    delegated: [permission],
    role,
    deviceScope: 'filter',
  }) as const;

/** Hours that statistics look back over: what the service takes at most, and takes without being told. */
const MAX_LOOK_BACK_HOURS = 720;
const HOUR_MS = 3_600_000;
/** As many as a page of machines holds. */
export const MAX_DEVICES = 10_000;

type Asked = Pick<RouteRequest, 'url' | 'origin'> & { readonly caller: Caller };

/** @throws ApiError InvalidInput for what is no number of hours from 1 to 720 */
export function lookBack(url: string, clock: Clock): Date {
  const query = new URLSearchParams(url.split('?', 2)[1] ?? '');
  const given = [...query].find(([name]) => name.toLowerCase() === 'lookbackhours')?.[1];
  const hours = given === undefined ? MAX_LOOK_BACK_HOURS : /^\d{1,6}$/.test(given) ? Number(given) : 0;
  if (hours < 1 || hours > MAX_LOOK_BACK_HOURS)
    throw new ApiError('InvalidInput', `lookBackHours is a number from 1 to ${MAX_LOOK_BACK_HOURS}.`);
  return new Date(clock.now().getTime() - hours * HOUR_MS);
}

/** A page of the devices that saw something. */
export async function devicesThatSaw(
  { profiles, devices }: InvestigationDeps,
  request: Asked,
  entity: SightedEntity,
  limit = MAX_DEVICES,
): Promise<Reply> {
  const ids = await profiles.devices(request.caller, entity, limit);
  return devices.listAmong(request, request.caller, ids);
}

/** Null for what no event told. */
export const orNull = (text: string): string | null => text || null;
