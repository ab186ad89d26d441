/** Devices: their identity (keys), what is known of them (profile, health, presence) and the machines API. */
import { createHash } from 'node:crypto';
import {
  ApiError,
  type DeviceDescription,
  type DeviceHealth,
  type Ed25519PublicJwk,
  type Machine,
  type RiskScore,
} from '@merlon/contract';
import type { TenantScope } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import type { Feature, Platform } from '../../feature.ts';
import type { Caller, DeviceAuthenticator, Reply, RouteRequest } from '../../http/route.ts';
import { DEVICE_GROUPS_CHANNEL } from '../device-groups/index.ts';
import { deviceAuthenticator } from './device-authenticator.ts';
import { DeviceDirectory, type DeviceIdentity } from './device-directory.ts';
import {
  parseDeviceToken,
  publicKeyOf,
  requireSignedBody,
  type SignedRequest,
  thumbprintOf,
  verifyDeviceToken,
} from './device-token.ts';
import { machineChangeRoutes } from './machine-change-routes.ts';
import { machineEntity } from './machine-entity.ts';
import { machineKey } from './machine-key.ts';
import { Presence } from './presence.ts';
import { runProfileReader } from './profile-reader.ts';
import { Reports } from './reports.ts';
import { machineRoutes, machinesAmong } from './routes.ts';
import { SingleUse } from './single-use.ts';
import { type DevicesDb, type Discovery, devicesStore } from './store.ts';

export type { DeviceIdentity } from './device-directory.ts';
export { machineCollection } from './machine-set.ts';
export { devicesMigrations } from './migrations.ts';

export interface EnrolInput {
  readonly tenantId: string;
  readonly packageId: string;
  readonly publicKey: Ed25519PublicJwk;
  readonly device: DeviceDescription;
  readonly tag: string | null;
  readonly externalIp: string;
  /** A name has one record only, whatever hardware it is on: machines that are made anew at each start. */
  readonly oneRecordPerName: boolean;
  /** Stands or falls with the enrolment. */
  alongside(deviceId: string, db: Transaction<DevicesDb>): Promise<void>;
}

export interface Devices extends Feature {
  readonly authenticator: DeviceAuthenticator;
  /** Throws `Unauthorized` unless the request is signed by the private half of `publicKey`, for the first time. */
  verifyNewKey(
    request: SignedRequest & { readonly body: Buffer },
    publicKey: Ed25519PublicJwk,
  ): Promise<void>;
  enrol(input: EnrolInput): Promise<{ deviceId: string; created: boolean }>;
  /**
   * A host that a collector tells of as a device: made, or found again. Refused by name when it is an onboarded device, which speaks for itself, or not of the
   * collector's device groups.
   */
  discover(
    tenantId: string,
    host: Omit<Discovery, 'id' | 'at'>,
  ): Promise<
    | { readonly device: DeviceIdentity; readonly created: boolean }
    | { readonly refused: 'onboarded' | 'group' }
  >;
  /** Null: no such device in this tenant. */
  lookup(tenantId: string, deviceId: string): Promise<DeviceIdentity | null>;
  /**
   * The device that a route's `{id}` names, by id or computer name.
   * @throws ResourceNotFound when there is none, or the caller may not see it and only reads; Forbidden when he would act on it (api.md section 9)
   */
  require(caller: TenantScope, idOrName: string, purpose: 'read' | 'act'): Promise<DeviceIdentity>;
  /** A page of the machines set among these, as `/api/machines` would list them. @throws ApiError ODataError */
  listAmong(
    request: Pick<RouteRequest, 'url' | 'origin'>,
    caller: Caller,
    ids: readonly string[],
  ): Promise<Reply>;
  /** Devices by id as the API shows them, those of them that the caller may see. */
  machines(caller: TenantScope, ids: readonly string[]): Promise<ReadonlyMap<string, Machine>>;
  /** The device was heard of just now, over its command channel or by a batch of events. */
  seen(tenantId: string, deviceId: string, externalIp: string, way: 'channel' | 'data'): void;
  /** What it says of itself over the channel. */
  report(
    tenantId: string,
    deviceId: string,
    health: DeviceHealth,
    device: DeviceDescription | null,
  ): Promise<void>;
  setRisk(tenantId: string, deviceId: string, risk: RiskScore): Promise<void>;
  /** From now on its key opens nothing. */
  offboard(tenantId: string, deviceId: string): Promise<void>;
}

const ENROLMENT_REPLAY_WINDOW_MS = 600_000;

export function createDevices(
  platform: Pick<Platform, 'state' | 'clock' | 'log' | 'eventLog' | 'stopping'>,
): Devices {
  const log = platform.log.child({ part: 'devices' });
  const store = devicesStore(platform.state);
  const directory = new DeviceDirectory(store, platform.clock);
  const presence = new Presence(store, platform.clock, log);
  const reports = new Reports(store, log);
  const enrolmentTokens = new SingleUse(ENROLMENT_REPLAY_WINDOW_MS, platform.clock.now().getTime());
  let reader: Promise<void> = Promise.resolve();
  let stopListening: (() => Promise<void>) | null = null;

  return {
    name: 'devices',
    routes: [
      ...machineRoutes({ store, clock: platform.clock }),
      ...machineChangeRoutes({
        store,
        clock: platform.clock,
        changed: (ids) => {
          for (const id of ids) directory.forget(id);
        },
      }),
    ],
    authenticator: deviceAuthenticator(directory, platform.clock),

    async verifyNewKey(request, publicKey) {
      const token = parseDeviceToken(request.authorization);
      if (token.claims.sub !== thumbprintOf(publicKey)) {
        throw new ApiError('Unauthorized', 'The token of an enrolment names the thumbprint of the new key.');
      }
      const now = platform.clock.now();
      await verifyDeviceToken(token, publicKeyOf(publicKey), request, now);
      requireSignedBody(token.claims.bh, request.body);
      if (enrolmentTokens.take(token.claims.jti, now.getTime()) !== 'fresh') {
        throw new ApiError('Unauthorized', 'The device token was used before.');
      }
    },

    async enrol({ tenantId, packageId, publicKey, device, tag, externalIp, oneRecordPerName, alongside }) {
      const deviceId = deviceIdOf(tenantId, publicKey);
      const { created } = await store.enrol(
        tenantId,
        {
          id: deviceId,
          publicKeyX: publicKey.x,
          packageId,
          device,
          tag,
          externalIp,
          oneRecordPerName,
          at: platform.clock.now(),
        },
        (db) => alongside(deviceId, db),
      );
      directory.forget(deviceId);
      log.info({ deviceId, name: device.computerName, created }, 'device enrolled');
      return { deviceId, created };
    },

    async discover(tenantId, host) {
      const id = hostDeviceId(tenantId, host.name);
      const outcome = await store.discover(tenantId, { ...host, id, at: platform.clock.now() });
      if (outcome === 'onboarded' || outcome === 'group') return { refused: outcome };
      if (outcome === 'created') {
        directory.forget(id);
        log.info({ deviceId: id, name: host.name, by: host.by }, 'device discovered');
      }
      const device = await directory.find(id);
      if (!device) throw new Error('a device that was just discovered is not there');
      return { device, created: outcome === 'created' };
    },

    async lookup(tenantId, deviceId) {
      const device = await directory.find(deviceId);
      return device?.tenantId === tenantId ? device : null;
    },

    async require(caller, idOrName, purpose) {
      const key = machineKey(idOrName);
      const row = await store.find(caller, key);
      const device = row ? await directory.find(row.id) : null;
      if (device) return device;
      if (purpose === 'act' && (await store.find(caller.tenantId, key)))
        throw new ApiError('Forbidden', `Machine ${idOrName} is not in a device group that you may act on.`);
      throw new ApiError('ResourceNotFound', `Machine ${idOrName} was not found.`);
    },

    async machines(caller, ids) {
      if (ids.length === 0) return new Map();
      const now = platform.clock.now();
      const rows = await store.some(caller, ids);
      return new Map(rows.map((row) => [row.id, machineEntity(row, now)]));
    },

    listAmong: (request, caller, ids) =>
      machinesAmong({ store, clock: platform.clock }, request, caller, ids),

    seen: (tenantId, deviceId, externalIp, way) => presence.seen(tenantId, deviceId, externalIp, way),

    async report(tenantId, deviceId, health, device) {
      if (!device) return reports.health(tenantId, deviceId, health);
      await reports.hello(tenantId, deviceId, health, device);
      directory.forget(deviceId);
    },

    setRisk: (tenantId, deviceId, risk) => store.setRisk(tenantId, deviceId, risk),

    async offboard(tenantId, deviceId) {
      await store.offboard(tenantId, deviceId);
      directory.forget(deviceId);
    },

    async start() {
      stopListening = await platform.state.listen(DEVICE_GROUPS_CHANNEL, (tenantId) =>
        directory.forgetTenant(tenantId),
      );
      presence.start();
      reports.start();
      reader = runProfileReader({ eventLog: platform.eventLog, store, log, signal: platform.stopping });
      reader.catch((error: unknown) => log.error({ err: error }, 'the profile reader ended'));
    },
    async stop() {
      await stopListening?.();
      await reader.catch(() => {});
      await presence.stop();
      await reports.stop();
    },
  };
}

/** Follows from the key, so that enrolling again finds the same device; from the tenant too, so that it tells nothing across tenants. */
function deviceIdOf(tenantId: string, publicKey: Ed25519PublicJwk): string {
  return createHash('sha256').update(`${tenantId}\n${publicKey.x}`).digest('hex').slice(0, 40);
}

/** Follows from the host's name. No key's id is made of such a text (it has a blank). */
function hostDeviceId(tenantId: string, name: string): string {
  return createHash('sha256').update(`${tenantId}\nhost ${name.toLowerCase()}`).digest('hex').slice(0, 40);
}
