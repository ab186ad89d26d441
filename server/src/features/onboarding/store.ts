/** All SQL of the onboarding feature. What of a campaign's devices it counts, it reads of `devices`. */
import type { AgentChecksums } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type ColumnType, type Insertable, type Selectable, sql } from 'kysely';
import type { PackageStanding } from './package-token.ts';

export interface PackagesTable {
  tenant_id: ColumnType<string, string | undefined, never>;
  id: string;
  os: string;
  tool: string;
  tag: string | null;
  server_url: string;
  created_at: Date;
  expires_at: Date;
  name: string;
  kind: string;
  proxy_url: string | null;
  agents: ColumnType<AgentChecksums, string, never>;
  created_by: string;
  revoked_at: ColumnType<Date | null, never, Date>;
  revoked_by: ColumnType<string | null, never, string>;
}

interface ReportsTable {
  tenant_id: ColumnType<string, string | undefined, never>;
  package_id: string;
  name_key: string;
  computer_name: string;
  stage: string;
  /** bigint arrives as text. */
  code: ColumnType<string, number, number>;
  detail: string;
  os: string;
  external_ip: string;
  at: Date;
  count: ColumnType<number, number | undefined, number>;
}

interface OnboardingDb {
  command_keys: { id: number; private_key_pem: string; created_at: Date };
  onboarding_packages: PackagesTable;
  onboarding_reports: ReportsTable;
}

export type PackageRow = Omit<Selectable<PackagesTable>, 'tenant_id'>;
/** With what became of it. */
export type CampaignRow = PackageRow & {
  readonly enrolled: number;
  readonly heard: number;
  /** Seconds; null while none was heard. */
  readonly median_signal_s: number | null;
  readonly last_enrolled_at: Date | null;
  readonly failing: number;
};
export type ReportRow = Selectable<ReportsTable> & { readonly resolved: boolean };

export interface DeviceStandingRow {
  readonly id: string;
  readonly computer_name: string;
  readonly package_id: string | null;
  readonly state: string;
  readonly onboarded_at: Date;
  readonly first_signal: Date | null;
  readonly last_seen: Date;
  readonly merged_into: string | null;
}

/** The platform has one command key. */
const COMMAND_KEY_ID = 1;
/** Computers whose reports a package keeps. What names them is a claim. */
const REPORTED_COMPUTERS = 20_000;

/** A computer's report is settled once one of its name enrolled after it; an offboarding's when it says so itself. */
const resolved = sql<boolean>`(r.stage = 'done' or exists (select 1 from devices d where d.tenant_id = r.tenant_id
  and d.name_key = r.name_key and d.package_id = r.package_id and d.last_enrolled >= r.at))`;

export type OnboardingStore = ReturnType<typeof onboardingStore>;

export function onboardingStore(state: StateStore) {
  const campaigns = (tenantId: string, id: string | null) =>
    state.tenant<OnboardingDb, CampaignRow[]>(tenantId, async (db) => {
      const { rows } = await sql<CampaignRow>`
        select p.*, coalesce(d.enrolled, 0)::int as enrolled, coalesce(d.heard, 0)::int as heard, d.median_signal_s, d.last_enrolled_at,
          (select count(*)::int from onboarding_reports r where r.package_id = p.id and not ${resolved}) as failing
        from onboarding_packages p
        left join (
          select package_id, count(*) as enrolled, count(first_signal) as heard, max(onboarded_at) as last_enrolled_at,
            percentile_cont(0.5) within group (order by extract(epoch from first_signal - onboarded_at)::float8)
              filter (where first_signal is not null) as median_signal_s
          from devices where package_id is not null group by package_id
        ) d on d.package_id = p.id
        ${id === null ? sql`` : sql`where p.id = ${id}`}
        order by p.created_at desc, p.id`.execute(db);
      return rows;
    });

  return {
    /** The stored command key, or `candidate` if there was none yet. Two servers starting at once end up with the same key. */
    commandKey(candidatePem: string, at: Date): Promise<string> {
      return state.system<OnboardingDb, string>(async (db) => {
        await db
          .insertInto('command_keys')
          .values({ id: COMMAND_KEY_ID, private_key_pem: candidatePem, created_at: at })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const row = await db
          .selectFrom('command_keys')
          .select('private_key_pem')
          .where('id', '=', COMMAND_KEY_ID)
          .executeTakeFirstOrThrow();
        return row.private_key_pem;
      });
    },

    addPackage(tenantId: string, row: Insertable<PackagesTable>): Promise<void> {
      return state.tenant<OnboardingDb, void>(tenantId, async (db) => {
        await db.insertInto('onboarding_packages').values(row).execute();
      });
    },

    /** What says whether it counts. */
    standing(tenantId: string, id: string): Promise<PackageStanding | null> {
      return state.tenant<OnboardingDb, PackageStanding | null>(tenantId, async (db) => {
        const row = await db
          .selectFrom('onboarding_packages')
          .select(['revoked_at', 'tool'])
          .where('id', '=', id)
          .executeTakeFirst();
        return row ? { revokedAt: row.revoked_at, tool: row.tool } : null;
      });
    },

    campaigns: (tenantId: string) => campaigns(tenantId, null),

    async campaign(tenantId: string, id: string): Promise<CampaignRow | null> {
      return (await campaigns(tenantId, id))[0] ?? null;
    },

    /** The first revocation stands. False: there is no such package. */
    revoke(tenantId: string, id: string, by: string, at: Date): Promise<boolean> {
      return state.tenant<OnboardingDb, boolean>(tenantId, async (db) => {
        const row = await db
          .updateTable('onboarding_packages')
          .set({
            revoked_at: sql<Date>`coalesce(revoked_at, ${at})`,
            revoked_by: sql<string>`coalesce(revoked_by, ${by})`,
          })
          .where('id', '=', id)
          .returning('id')
          .executeTakeFirst();
        return row !== undefined;
      });
    },

    /** In place of what the computer said before. False: there are too many computers already. */
    addReport(
      tenantId: string,
      report: Omit<Insertable<ReportsTable>, 'tenant_id' | 'name_key' | 'count'>,
    ): Promise<boolean> {
      return state.tenant<OnboardingDb, boolean>(tenantId, async (db) => {
        const { stage, code, detail, os, external_ip, at, computer_name, package_id } = report;
        const renewed = { stage, code, detail, os, external_ip, at, computer_name };
        const { numUpdatedRows } = await db
          .updateTable('onboarding_reports')
          .set({ ...renewed, count: sql<number>`count + 1` })
          .where('package_id', '=', package_id)
          .where('name_key', '=', computer_name.toLowerCase())
          .executeTakeFirst();
        if (numUpdatedRows > 0n) return true;
        const { rows } = await sql<{ count: number }>`select count(*)::int as count from
          (select 1 from onboarding_reports where package_id = ${package_id} limit ${REPORTED_COMPUTERS}) as kept`.execute(
          db,
        );
        if ((rows[0]?.count ?? 0) >= REPORTED_COMPUTERS) return false;
        await db
          .insertInto('onboarding_reports')
          .values({ package_id, name_key: computer_name.toLowerCase(), ...renewed })
          .onConflict((conflict) =>
            conflict
              .columns(['package_id', 'name_key'])
              .doUpdateSet({ ...renewed, count: sql<number>`onboarding_reports.count + 1` }),
          )
          .execute();
        return true;
      });
    },

    /** The newest first. */
    reports(tenantId: string, packageId: string, top: number): Promise<ReportRow[]> {
      return state.tenant<OnboardingDb, ReportRow[]>(tenantId, async (db) => {
        const { rows } = await sql<ReportRow>`select r.*, ${resolved} as resolved from onboarding_reports r
          where r.package_id = ${packageId} order by r.at desc, r.name_key limit ${top}`.execute(db);
        return rows;
      });
    },

    /** Of the devices that the caller may see, the newest first. */
    standings(
      scope: TenantScope,
      filter: { readonly packageId: string | null; readonly after: string | null },
      top: number,
    ): Promise<DeviceStandingRow[]> {
      return state.read<OnboardingDb, DeviceStandingRow[]>(scope, async (db) => {
        const { rows } = await sql<DeviceStandingRow>`
          select id, computer_name, package_id, state, onboarded_at, first_signal, last_seen, merged_into from devices
          where ${filter.packageId === null ? sql`true` : sql`package_id = ${filter.packageId}`}
            and ${filter.after === null ? sql`true` : sql`id > ${filter.after}::bpchar`}
          order by id limit ${top}`.execute(db);
        return rows;
      });
    },
  };
}
