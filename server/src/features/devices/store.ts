/** All SQL of the devices feature. */
import type { DeviceDescription, DeviceHealth } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';
import { paged, type SqlPage, totalOf } from '../../odata/page.ts';
import { assignDevices, deviceGroupName } from '../device-groups/index.ts';
import type { ProfilePatch, SignedIn, VirtualMachine } from './device-profile.ts';
import type { DeviceReport } from './reports.ts';

export interface DevicesTable {
  tenant_id: ColumnType<string, string | undefined, never>;
  id: string;
  /** Null: it has no agent of ours; others tell of it. */
  public_key_x: string | null;
  state: DeviceState;
  package_id: string | null;
  onboarded_at: Date;
  first_seen: Date;
  last_seen: Date;
  /** When its key was enrolled, or enrolled again. */
  last_enrolled: Date;
  /** Null: not a word since it enrolled. */
  first_signal: Date | null;
  /** Of the command channel, and of batches. */
  last_channel: Date | null;
  last_data: Date | null;
  computer_name: string;
  /** The name in lower case: what it is found by. */
  name_key: ColumnType<string, never, never>;
  os_platform: string;
  /** Null: its agent did not say. */
  carries_out: string[] | null;
  os_distribution: string | null;
  os_version: string;
  /** bigint arrives as text. */
  os_build: ColumnType<string | null, number | null, number | null>;
  os_architecture: string;
  os_processor: string;
  agent_version: string;
  hardware_fingerprint: string | null;
  last_ip: string | null;
  last_external_ip: string | null;
  ip_addresses: ColumnType<StoredAddress[], string, string>;
  is_aad_joined: boolean | null;
  aad_device_id: string | null;
  device_tag: string | null;
  manual_tags: string[];
  device_value: string;
  risk_score: string;
  health: ColumnType<DeviceHealth | null, string | null, string | null>;
  sensor_data: boolean;
  /** 0: no group took it. */
  rbac_group_id: ColumnType<number, never, never>;
  merged_into: string | null;
  /** When an enrolment took its place. Null where the device itself said so. */
  merged_at: Date | null;
  is_excluded: boolean;
  exclusion_reason: string | null;
  exposure_level: string | null;
  model: string | null;
  host_device_id: string | null;
  virtual_machine: ColumnType<VirtualMachine | null, string | null, string | null>;
  signed_in: ColumnType<SignedIn[], string, string>;
  /** Name of the collector that told of it first. */
  discovered_by: string | null;
}

export interface StoredAddress {
  ipAddress: string;
  macAddress: string | null;
  type: string | null;
  operationalStatus: string | null;
}

/** Offboarded ones keep their row until retention. Discovered: a collector tells of it, and no agent of ours is on it. */
export type DeviceState = 'Onboarded' | 'Offboarded' | 'Discovered';

export interface DevicesDb {
  devices: DevicesTable;
}
/** `rbac_group_name`: null in a tenant without device groups. `is_twin`: another record tells of the same hardware and system. */
export type DeviceRow = Selectable<DevicesTable> & { rbac_group_name: string | null; is_twin: boolean };

export interface Enrolment {
  readonly id: string;
  readonly publicKeyX: string;
  readonly packageId: string;
  readonly device: DeviceDescription;
  readonly tag: string | null;
  readonly externalIp: string;
  readonly at: Date;
  /** A name has one record only, whatever hardware it is on: machines that are made anew at each start. */
  readonly oneRecordPerName: boolean;
}

export interface Discovery {
  readonly id: string;
  /** As the host calls itself. */
  readonly name: string;
  readonly osPlatform: string;
  readonly by: string;
  /** Device groups it may belong to; null: any. */
  readonly groups: readonly number[] | null;
  readonly externalIp: string;
  readonly at: Date;
}
export type DiscoveryOutcome = 'created' | 'known' | 'onboarded' | 'group';

/** Takes the transaction back. */
class NotItsGroup extends Error {}

export interface Sighting {
  readonly id: string;
  /** The first since the last time it was written, and the last. */
  readonly from: Date;
  readonly at: Date;
  /** The last over each way. */
  readonly channel: Date | null;
  readonly data: Date | null;
  readonly externalIp: string;
}

/** Records of one hardware, of which one is heard of within this time, are of two machines: the new one does not take its place. */
const LIVE_MS = 600_000;
/** What was on its way from the agent that made room may still arrive. */
const LAST_WORDS_MS = 60_000;

const groupName = deviceGroupName.as('rbac_group_name');
const isTwin = sql<boolean>`exists (select 1 from devices twin where twin.tenant_id = devices.tenant_id
  and twin.hardware_fingerprint = devices.hardware_fingerprint and twin.id <> devices.id)`.as('is_twin');
const shown = [groupName, isTwin] as const;

/** As the type of the column: compared as text, no index would answer. */
const amongIds = (ids: readonly string[]) => sql<boolean>`id = any(${ids}::bpchar[])`;

export type DevicesStore = ReturnType<typeof devicesStore>;

export function devicesStore(state: StateStore) {
  return {
    /** A key that is known already keeps its row: only what it says of itself is renewed. `created` tells which it was. `alongside` stands or falls with it. */
    enrol(
      tenantId: string,
      e: Enrolment,
      alongside: (db: Transaction<DevicesDb>) => Promise<void>,
    ): Promise<{ created: boolean }> {
      return state.tenant<DevicesDb, { created: boolean }>(tenantId, async (db) => {
        const row = await db
          .insertInto('devices')
          .values({
            id: e.id,
            public_key_x: e.publicKeyX,
            state: 'Onboarded',
            package_id: e.packageId,
            onboarded_at: e.at,
            first_seen: e.at,
            last_seen: e.at,
            last_enrolled: e.at,
            ...described(e.device),
            last_external_ip: e.externalIp,
            device_tag: e.tag,
            // The rest begins with the table's defaults.
          } as never)
          .onConflict((conflict) =>
            conflict.columns(['tenant_id', 'id']).doUpdateSet({
              ...described(e.device),
              state: 'Onboarded',
              package_id: e.packageId,
              merged_into: null,
              merged_at: null,
              last_enrolled: e.at,
              last_seen: e.at,
              last_external_ip: e.externalIp,
              device_tag: e.tag,
            }),
          )
          .returning(sql<boolean>`xmax = 0`.as('created'))
          .executeTakeFirstOrThrow();
        if (row.created) await supersede(db, e);
        await assignDevices(db, tenantId, [e.id]);
        await alongside(db);
        return { created: row.created };
      });
    },

    /**
     * A host that a collector tells of becomes a device, or is found again. Refused when an onboarded device has its name, or when its device group is not
     * among those that the collector may speak for; then nothing is left of it.
     */
    discover(tenantId: string, d: Discovery): Promise<DiscoveryOutcome> {
      const short = d.name.split('.', 1)[0] ?? d.name;
      const sameHost = d.name.includes('.')
        ? sql<boolean>`name_key in (lower(${d.name}::text), lower(${short}::text))`
        : sql<boolean>`split_part(name_key, '.', 1) = lower(${d.name}::text)`;
      return state
        .tenant<DevicesDb, DiscoveryOutcome>(tenantId, async (db) => {
          const ours = await db
            .selectFrom('devices')
            .select('id')
            .where('state', '=', 'Onboarded')
            .where(sameHost)
            .limit(1)
            .executeTakeFirst();
          if (ours) return 'onboarded';
          const row = await db
            .insertInto('devices')
            .values({
              id: d.id,
              public_key_x: null,
              state: 'Discovered',
              onboarded_at: d.at,
              first_seen: d.at,
              last_seen: d.at,
              computer_name: d.name,
              os_platform: d.osPlatform,
              os_version: '',
              os_architecture: '64-bit',
              os_processor: '',
              agent_version: '',
              carries_out: [],
              last_external_ip: d.externalIp,
              discovered_by: d.by,
              // The rest begins with the table's defaults.
            } as never)
            .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doUpdateSet({ last_seen: d.at }))
            .returning(sql<boolean>`xmax = 0`.as('created'))
            .executeTakeFirstOrThrow();
          if (row.created) await assignDevices(db, tenantId, [d.id]);
          if (d.groups !== null) {
            const { rbac_group_id } = await db
              .selectFrom('devices')
              .select('rbac_group_id')
              .where('id', '=', d.id)
              .executeTakeFirstOrThrow();
            if (!d.groups.includes(rbac_group_id)) throw new NotItsGroup();
          }
          return row.created ? 'created' : 'known';
        })
        .catch((error: unknown) => {
          if (error instanceof NotItsGroup) return 'group' as const;
          throw error;
        });
    },

    /** Whose key is this? Across tenants, since a device names only itself. */
    identity(id: string) {
      return state.system<DevicesDb, DeviceIdentityRow | undefined>((db) =>
        db
          .selectFrom('devices')
          .select([
            'tenant_id',
            'id',
            'public_key_x',
            'state',
            'computer_name',
            'os_platform',
            'carries_out',
            'rbac_group_id',
            groupName,
          ])
          .where('id', '=', id)
          .executeTakeFirst(),
      );
    },

    find(
      scope: string | TenantScope,
      where: { id: string } | { name: string },
    ): Promise<DeviceRow | undefined> {
      return state.read<DevicesDb, DeviceRow | undefined>(scope, (db) => {
        const query = db.selectFrom('devices').selectAll().select(shown);
        return (
          'id' in where
            ? query.where('id', '=', where.id)
            : query
                .where('name_key', '=', sql<string>`lower(${where.name}::text)`)
                .orderBy('last_seen', 'desc')
        )
          .limit(1)
          .executeTakeFirst();
      });
    },

    /** Those of the devices that the caller may see. */
    some(scope: TenantScope, ids: readonly string[]): Promise<DeviceRow[]> {
      return state.read<DevicesDb, DeviceRow[]>(scope, (db) =>
        db.selectFrom('devices').selectAll().select(shown).where(amongIds(ids)).execute(),
      );
    },

    /** @param among only these; null for all. */
    list(
      scope: TenantScope,
      page: SqlPage,
      among: readonly string[] | null = null,
    ): Promise<{ rows: DeviceRow[]; total: number | null }> {
      return state.read<DevicesDb, { rows: DeviceRow[]; total: number | null }>(scope, async (db) => {
        let query = db.selectFrom('devices');
        if (page.where) query = query.where(page.where);
        if (among) query = query.where(amongIds(among));
        const rows = paged(query.selectAll().select(shown), page).orderBy('id');
        return { total: await totalOf(query, page), rows: await rows.execute() };
      });
    },

    /** One statement for many devices: a check-in never costs a row update of its own. */
    recordSightings(tenantId: string, sightings: readonly Sighting[]): Promise<void> {
      return state.tenant<DevicesDb, void>(tenantId, async (db) => {
        await sql`
          update devices d set last_seen = greatest(d.last_seen, s.at), last_external_ip = s.ip,
            first_signal = coalesce(d.first_signal, s.since), last_channel = greatest(d.last_channel, s.channel),
            last_data = greatest(d.last_data, s.data),
            merged_into = case when s.at > d.merged_at + ${`${LAST_WORDS_MS} milliseconds`}::interval then null else d.merged_into end,
            merged_at = case when s.at > d.merged_at + ${`${LAST_WORDS_MS} milliseconds`}::interval then null else d.merged_at end
          from unnest(${sightings.map((s) => s.id)}::bpchar[], ${sightings.map((s) => s.from)}::timestamptz[],
                      ${sightings.map((s) => s.at)}::timestamptz[], ${sightings.map((s) => s.channel)}::timestamptz[],
                      ${sightings.map((s) => s.data)}::timestamptz[], ${sightings.map((s) => s.externalIp)}::text[])
            as s(id, since, at, channel, data, ip)
          where d.id = s.id`.execute(db);
      });
    },

    /** One statement for many devices. What a patch does not name stays as it is. */
    patchProfiles(
      tenantId: string,
      patches: readonly { readonly deviceId: string; readonly patch: ProfilePatch }[],
    ): Promise<void> {
      const said = patches
        .map(({ deviceId, patch }) => ({ deviceId, patch, columns: profileColumns(patch) }))
        .filter(({ columns }) => Object.keys(columns).length > 0);
      if (said.length === 0) return Promise.resolve();
      const named = new Set(said.flatMap(({ columns }) => Object.keys(columns)));
      const set = PROFILE_COLUMNS.filter(([column]) => named.has(column)).map(
        ([column]) =>
          sql`${sql.id(column)} = case when told.patch ? ${sql.lit(column)} then told.${sql.id(column)} else d.${sql.id(column)} end`,
      );
      const columns = PROFILE_COLUMNS.map(([column, type]) => sql`${sql.id(column)} ${sql.raw(type)}`);
      return state.tenant<DevicesDb, void>(tenantId, async (db) => {
        await sql`update devices d set ${sql.join(set)} from (
            select given.id, given.patch, typed.* from unnest(${said.map(({ deviceId }) => deviceId)}::bpchar[],
              ${said.map((one) => JSON.stringify(one.columns))}::jsonb[]) as given(id, patch),
            lateral jsonb_to_record(given.patch) as typed(${sql.join(columns)})
          ) as told where d.id = told.id`.execute(db);
        await assignDevices(
          db,
          tenantId,
          said.filter(({ patch }) => patch.deviceTag !== undefined).map(({ deviceId }) => deviceId),
        );
      });
    },

    /** It keeps what is known of it, and may be onboarded again under a new key. */
    async offboard(tenantId: string, id: string): Promise<void> {
      await state.tenant<DevicesDb, void>(tenantId, async (db) => {
        await db.updateTable('devices').set({ state: 'Offboarded' }).where('id', '=', id).execute();
      });
    },

    /** One statement for many devices, and one to find their groups where their descriptions say something new. */
    async recordReports(tenantId: string, reports: readonly DeviceReport[]): Promise<void> {
      const told = reports.map(({ id, health, sensorData, device }) => ({
        id,
        health,
        sensor_data: sensorData,
        described: device !== null,
        ...(device ? described(device) : {}),
      }));
      const columns = DESCRIPTION_COLUMNS.map(([column, type]) => sql`${sql.id(column)} ${sql.raw(type)}`);
      const renewed = DESCRIPTION_COLUMNS.map(
        ([column]) =>
          sql`${sql.id(column)} = case when told.described then told.${sql.id(column)} else d.${sql.id(column)} end`,
      );
      await state.tenant<DevicesDb, void>(tenantId, async (db) => {
        await sql`update devices d set health = told.health, sensor_data = told.sensor_data, ${sql.join(renewed)}
          from jsonb_to_recordset(${JSON.stringify(told)}::jsonb)
            as told(id char(40), health jsonb, sensor_data boolean, described boolean, ${sql.join(columns)})
          where d.id = told.id`.execute(db);
        await assignDevices(
          db,
          tenantId,
          told.filter((report) => report.described).map(({ id }) => id),
        );
      });
    },

    /** Of the devices those that are there and that the scope leaves; `alongside` stands or falls with it. Saying it twice changes nothing. */
    change(
      scope: TenantScope,
      ids: readonly string[],
      change: MachineChange,
      alongside: (db: Transaction<DevicesDb>) => Promise<void>,
    ): Promise<DeviceRow[]> {
      return state.tenant<DevicesDb, DeviceRow[]>(scope, async (db) => {
        const found = await db
          .selectFrom('devices')
          .select('id')
          .where(amongIds(ids))
          .orderBy('id')
          .forUpdate()
          .execute();
        const those = found.map(({ id }) => id);
        if (those.length < new Set(ids).size) return [];
        await db
          .updateTable('devices')
          .set({
            ...(change.deviceValue === undefined ? {} : { device_value: change.deviceValue }),
            ...(change.tags === undefined ? {} : { manual_tags: [...new Set(change.tags)] }),
            ...(change.addTag === undefined
              ? {}
              : {
                  manual_tags: sql<
                    string[]
                  >`array_append(array_remove(manual_tags, ${change.addTag}::text), ${change.addTag}::text)`,
                }),
            ...(change.removeTag === undefined
              ? {}
              : { manual_tags: sql<string[]>`array_remove(manual_tags, ${change.removeTag}::text)` }),
          })
          .where(amongIds(those))
          .execute();
        const tenantId = typeof scope === 'string' ? scope : scope.tenantId;
        // Which group takes a device may depend on its tags.
        if (change.deviceValue === undefined || change.tags !== undefined)
          await assignDevices(db, tenantId, those);
        await alongside(db);
        return db
          .selectFrom('devices')
          .selectAll()
          .select(shown)
          .where(amongIds(those))
          .orderBy('id')
          .execute();
      });
    },

    /** Ids of the devices with a tag, or one that begins so; as the database compares, letter case aside. */
    tagged(scope: TenantScope, tag: string, begins: boolean): Promise<string[]> {
      return state.read<DevicesDb, string[]>(scope, async (db) => {
        const wanted = sql`lower(${tag})`;
        const holds = begins
          ? sql`starts_with(lower(given.tag), ${wanted})`
          : sql`lower(given.tag) = ${wanted}`;
        const rows = await db
          .selectFrom('devices')
          .select('id')
          .where(
            sql<boolean>`exists (select 1 from unnest(manual_tags || device_tag) as given(tag) where ${holds})`,
          )
          .execute();
        return rows.map(({ id }) => id);
      });
    },

    setRisk(tenantId: string, id: string, risk: string): Promise<void> {
      return state.tenant<DevicesDb, void>(tenantId, async (db) => {
        await db.updateTable('devices').set({ risk_score: risk }).where('id', '=', id).execute();
      });
    },
  };
}

/**
 * A machine that enrols under a new key was reinstalled or made anew: its earlier records lead to the new one. Those of a clone do not, since it goes on being
 * heard of: under another name at once, under the same name as soon as it is heard of again (`recordSightings`).
 */
async function supersede(db: Transaction<DevicesDb>, e: Enrolment): Promise<void> {
  const name = sql<string>`lower(${e.device.computerName}::text)`;
  const liveSince = new Date(e.at.getTime() - LIVE_MS);
  const fingerprint = e.device.hardwareFingerprint;
  // Each by an index of its own, since whole fleets enrol at one moment.
  if (fingerprint !== undefined)
    await sql`update devices set merged_into = ${e.id}, merged_at = ${e.at} where hardware_fingerprint = ${fingerprint} and id <> ${e.id}
      and (name_key = ${name} or state = 'Offboarded' or last_seen < ${liveSince})`.execute(db);
  if (e.oneRecordPerName)
    await sql`update devices set merged_into = ${e.id}, merged_at = ${e.at} where name_key = ${name} and id <> ${e.id}
      and package_id = ${e.packageId}`.execute(db);
}

export interface MachineChange {
  readonly deviceValue?: string;
  /** In place of those given before. */
  readonly tags?: readonly string[];
  readonly addTag?: string;
  readonly removeTag?: string;
}

export type DeviceIdentityRow = Pick<
  DeviceRow,
  | 'tenant_id'
  | 'id'
  | 'public_key_x'
  | 'state'
  | 'computer_name'
  | 'os_platform'
  | 'carries_out'
  | 'rbac_group_id'
  | 'rbac_group_name'
>;

/** Columns of `devices` that profiles fill, with their types. */
const PROFILE_COLUMNS = [
  ['os_distribution', 'text'],
  ['os_version', 'text'],
  ['os_build', 'bigint'],
  ['agent_version', 'text'],
  ['is_aad_joined', 'boolean'],
  ['aad_device_id', 'text'],
  ['device_tag', 'text'],
  ['last_ip', 'text'],
  ['ip_addresses', 'jsonb'],
  ['merged_into', 'text'],
  ['is_excluded', 'boolean'],
  ['exclusion_reason', 'text'],
  ['exposure_level', 'text'],
  ['model', 'text'],
  ['host_device_id', 'text'],
  ['virtual_machine', 'jsonb'],
  ['signed_in', 'jsonb'],
] as const;
type ProfileColumn = (typeof PROFILE_COLUMNS)[number][0];

/** Only what the patch says. */
function profileColumns(patch: ProfilePatch): Partial<Record<ProfileColumn, unknown>> {
  const columns: Record<ProfileColumn, unknown> = {
    os_distribution: patch.osDistribution,
    os_version: patch.osVersion,
    os_build: patch.osBuild,
    agent_version: patch.agentVersion,
    is_aad_joined: patch.isAadJoined,
    aad_device_id: patch.aadDeviceId,
    device_tag: patch.deviceTag,
    last_ip: patch.lastIp,
    ip_addresses: patch.addresses,
    merged_into: patch.mergedInto,
    is_excluded: patch.isExcluded,
    exclusion_reason: patch.exclusionReason,
    exposure_level: patch.exposureLevel,
    model: patch.model,
    host_device_id: patch.hostDeviceId,
    virtual_machine: patch.virtualMachine,
    signed_in: patch.signedIn,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/** What a description fills, with the type of each column. */
const DESCRIPTION_COLUMNS = [
  ['computer_name', 'text'],
  ['os_platform', 'text'],
  ['os_distribution', 'text'],
  ['os_version', 'text'],
  ['os_build', 'bigint'],
  ['os_architecture', 'text'],
  ['os_processor', 'text'],
  ['agent_version', 'text'],
  ['hardware_fingerprint', 'text'],
  ['carries_out', 'text[]'],
] as const satisfies readonly (readonly [keyof ReturnType<typeof described>, string])[];

function described(device: DeviceDescription) {
  return {
    computer_name: device.computerName,
    os_platform: device.osPlatform,
    os_distribution: device.osDistribution ?? null,
    os_version: device.osVersion,
    os_build: device.osBuild ?? null,
    os_architecture: device.osArchitecture,
    os_processor: device.osProcessor,
    agent_version: device.agentVersion,
    hardware_fingerprint: device.hardwareFingerprint ?? null,
    carries_out: device.carriesOut ?? null,
  };
}
