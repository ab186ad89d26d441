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
  /** What to throw when a code or refresh token was used by somebody else in this moment. */
  usedAlready(): Error;
}

export function createAdapter(
  model: string,
  { state, clock, tenantId, findClient, usedAlready }: AdapterDeps,
): Adapter {
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
    /** One statement decides who of several is the first; the others end what all of them hold, as any later one does. */
    async consume(id) {
      const first = await inTenant(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('oidc_records')
          .set({ consumed_at: clock.now() })
          .where('model', '=', model)
          .where('id', '=', id)
          .where('consumed_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows > 0n) return true;
        const used = await db
          .selectFrom('oidc_records')
          .select('grant_id')
          .where('model', '=', model)
          .where('id', '=', id)
          .executeTakeFirst();
        // A program polls, and polls again where an answer was lost: that is no theft.
        if (used?.grant_id && model !== 'DeviceCode') {
          await revoke(db, used.grant_id);
          await db
            .deleteFrom('oidc_records')
            .where('model', '=', 'Grant')
            .where('id', '=', used.grant_id)
            .execute();
        }
        return false;
      });
      if (!first) throw usedAlready();
    },
    async destroy(id) {
      await inTenant((db) =>
        db.deleteFrom('oidc_records').where('model', '=', model).where('id', '=', id).execute(),
      );
    },
    async revokeByGrantId(grantId) {
      await inTenant((db) => revoke(db, grantId));
    },
  };
}

/**
 * What was given by a grant; a sign-in that is under way knows its grant too, but needs none to go on. Locked in one order, since several may do it at
 * once.
 */
async function revoke(db: Transaction<IdentityDatabase>, grantId: string): Promise<void> {
  await sql`
    delete from oidc_records where (tenant_id, model, id) in (
      select tenant_id, model, id from oidc_records
      where grant_id = ${grantId} and model <> 'Interaction' order by model, id for update
    )`.execute(db);
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
