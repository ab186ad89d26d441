/** All SQL of the SIEM feature. */
import { ApiError } from '@merlon/contract';
import { isUniqueViolation, type StateStore } from '@merlon/state-store';
import type { ColumnType, Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { Added } from '../identity/index.ts';

type TenantId = ColumnType<string, string | undefined, never>;

interface SiemDb {
  siem_integrations: { tenant_id: TenantId; client_id: string; enabled_by: string; enabled_at: Date };
  siem_readers: {
    tenant_id: TenantId;
    client_id: string;
    home_tenant_id: string;
    name: string;
    permissions: string[];
    delegated: string[];
    authorised_by: string;
    authorised_at: Date;
  };
}
type Db = Transaction<SiemDb>;

export interface Integration {
  readonly clientId: string;
  readonly enabledBy: string;
  readonly enabledAt: Date;
}

export interface Reader {
  readonly clientId: string;
  readonly homeTenantId: string;
  readonly name: string;
  readonly added: Added;
  readonly authorisedBy: string;
  readonly authorisedAt: Date;
}

/** More than any provider of services has. */
const MAX_READERS = 100;

export type SiemStore = ReturnType<typeof siemStore>;

export function siemStore(state: StateStore, clock: Clock) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<SiemDb, T>(tenantId, work);

  return {
    integration: (tenantId: string) =>
      inTenant(tenantId, async (db): Promise<Integration | null> => {
        const row = await db.selectFrom('siem_integrations').selectAll().executeTakeFirst();
        return row ? { clientId: row.client_id, enabledBy: row.enabled_by, enabledAt: row.enabled_at } : null;
      }),

    /** @throws Conflict when it is on already */
    enable: (tenantId: string, clientId: string, by: string) =>
      inTenant(tenantId, async (db): Promise<Integration> => {
        const enabledAt = clock.now();
        await db
          .insertInto('siem_integrations')
          .values({ client_id: clientId, enabled_by: by, enabled_at: enabledAt })
          .execute()
          .catch((error: unknown) => {
            if (isUniqueViolation(error)) throw new ApiError('Conflict', 'SIEM integration is on already.');
            throw error;
          });
        return { clientId, enabledBy: by, enabledAt };
      }),

    disable: (tenantId: string) =>
      inTenant(tenantId, async (db) => void (await db.deleteFrom('siem_integrations').execute())),

    readers: (tenantId: string) =>
      inTenant(tenantId, async (db): Promise<Reader[]> => {
        const rows = await db.selectFrom('siem_readers').selectAll().orderBy('authorised_at').execute();
        return rows.map((row) => ({
          clientId: row.client_id,
          homeTenantId: row.home_tenant_id,
          name: row.name,
          added: { permissions: row.permissions, delegated: row.delegated },
          authorisedBy: row.authorised_by,
          authorisedAt: row.authorised_at,
        }));
      }),

    /** @throws Conflict when it is there already; DisallowedOperation when there are too many */
    addReader: (tenantId: string, reader: Omit<Reader, 'authorisedAt'>) =>
      inTenant(tenantId, async (db): Promise<Reader> => {
        const { count } = await db
          .selectFrom('siem_readers')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) >= MAX_READERS)
          throw new ApiError(
            'DisallowedOperation',
            `At most ${MAX_READERS} applications of other tenants read detections.`,
          );
        const authorisedAt = clock.now();
        await db
          .insertInto('siem_readers')
          .values({
            client_id: reader.clientId,
            home_tenant_id: reader.homeTenantId,
            name: reader.name,
            permissions: [...reader.added.permissions],
            delegated: [...reader.added.delegated],
            authorised_by: reader.authorisedBy,
            authorised_at: authorisedAt,
          })
          .execute()
          .catch((error: unknown) => {
            if (isUniqueViolation(error))
              throw new ApiError('Conflict', `Application ${reader.clientId} is authorised already.`);
            throw error;
          });
        return { ...reader, authorisedAt };
      }),

    removeReader: (tenantId: string, clientId: string) =>
      inTenant(
        tenantId,
        async (db) => void (await db.deleteFrom('siem_readers').where('client_id', '=', clientId).execute()),
      ),
  };
}
