/** Where the OpenID provider keeps its records: one table, per tenant. Clients come from app registrations and are read only. */
import type { StateStore } from '@merlon/state-store';
import { sql, type Transaction } from 'kysely';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';

export interface AdapterDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly tenantId: string;
  findClient(clientId: string): Promise<AdapterPayload | undefined>;
}

export function createAdapter(model: string, { state, clock, tenantId, findClient }: AdapterDeps): Adapter {
  const inTenant = <T>(work: (db: Transaction<IdentityDatabase>) => Promise<T>) =>
    state.tenant<IdentityDatabase, T>(tenantId, work);

  async function findBy(
    column: 'id' | 'uid' | 'user_code',
    value: string,
  ): Promise<AdapterPayload | undefined> {
    const row = await inTenant((db) =>
      db
        .selectFrom('oidc_records')
        .selectAll()
        .where('model', '=', model)
        .where(column, '=', value)
        .executeTakeFirst(),
    );
    if (!row || (row.expires_at && row.expires_at <= clock.now())) return undefined;
    const payload = row.payload as unknown as AdapterPayload;
    return row.consumed_at
      ? { ...payload, consumed: Math.floor(row.consumed_at.getTime() / 1_000) }
      : payload;
  }

  return {
    async upsert(id, payload, expiresIn) {
      const values = {
        payload: JSON.stringify(payload),
        grant_id: payload.grantId ?? null,
        uid: payload.uid ?? null,
        user_code: payload.userCode ?? null,
        expires_at: expiresIn ? new Date(clock.now().getTime() + expiresIn * 1_000) : null,
      };
      await inTenant((db) =>
        db
          .insertInto('oidc_records')
          .values({ tenant_id: tenantId, model, id, consumed_at: null, ...values })
          .onConflict((conflict) => conflict.columns(['tenant_id', 'model', 'id']).doUpdateSet(values))
          .execute(),
      );
    },
    find: (id) => (model === 'Client' ? findClient(id) : findBy('id', id)),
    findByUid: (uid) => findBy('uid', uid),
    findByUserCode: (userCode) => findBy('user_code', userCode),
    async consume(id) {
      await inTenant((db) =>
        db
          .updateTable('oidc_records')
          .set({ consumed_at: clock.now() })
          .where('model', '=', model)
          .where('id', '=', id)
          .execute(),
      );
    },
    async destroy(id) {
      await inTenant((db) =>
        db.deleteFrom('oidc_records').where('model', '=', model).where('id', '=', id).execute(),
      );
    },
    async revokeByGrantId(grantId) {
      await inTenant((db) => db.deleteFrom('oidc_records').where('grant_id', '=', grantId).execute());
    },
  };
}

/** The tenant that gave a code or a refresh token, for addresses that name none. */
export async function tenantOfRecord(state: StateStore, id: string): Promise<string | null> {
  const row = await state.system<IdentityDatabase, { tenant_id: string } | undefined>((db) =>
    db.selectFrom('oidc_records').select('tenant_id').where('id', '=', id).executeTakeFirst(),
  );
  return row?.tenant_id ?? null;
}

/** Ended records of all tenants. Returns how many. */
export async function sweepExpired(state: StateStore, clock: Clock): Promise<number> {
  const result = await state.system<IdentityDatabase, { numDeletedRows: bigint }>((db) =>
    db
      .deleteFrom('oidc_records')
      .where('expires_at', '<', sql<Date>`${clock.now()}`)
      .executeTakeFirstOrThrow(),
  );
  return Number(result.numDeletedRows);
}
