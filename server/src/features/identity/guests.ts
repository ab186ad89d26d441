/**
 * People of one tenant who act in another, by the consent of both. Whoever is invited becomes a user of the inviting tenant, without a password: he
 * signs in at home. His roles there come from that tenant's own user groups, like anybody's.
 *
 *   invite ──> Invited ── accept (the guest) ──> Accepted ── its end comes ──> (counts no more)
 *                 │                                 │
 *                 └── withdraw (either side) ──> Ended ── invite ──> Invited
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { ApiError, nowIso7 } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';
import { type Static, Type } from 'typebox';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';
import { hashPassword } from './passwords.ts';
import type { Tenants } from './tenants.ts';

export const guestStatuses = ['Invited', 'Accepted', 'Ended'] as const;

export const Guest = Type.Object({
  /** Object id in the inviting tenant. */
  id: Type.String(),
  tenantId: Type.String(),
  homeTenantId: Type.String(),
  /** Principal name at home. */
  user: Type.String(),
  status: Type.Enum([...guestStatuses]),
  invitedBy: Type.String(),
  invitedAt: Type.String(),
  acceptedAt: Type.Union([Type.String(), Type.Null()]),
  expiresAt: Type.String(),
});
export type Guest = Static<typeof Guest>;

interface GuestsDatabase extends Omit<IdentityDatabase, 'users'> {
  users: IdentityDatabase['users'] & { ends_at: Date | null };
  guests: {
    tenant_id: ColumnType<string, string | undefined, never>;
    user_id: string;
    home_tenant_id: string;
    home_user_id: string | null;
    home_name: string;
    status: Guest['status'];
    invited_by: string;
    invited_at: Date;
    accepted_at: Date | null;
    expires_at: Date;
    ended_at: Date | null;
  };
}
type Db = Transaction<GuestsDatabase>;
type Row = Selectable<GuestsDatabase['guests']>;

const MAX_GUESTS = 5_000;

export type Guests = ReturnType<typeof createGuests>;

export function createGuests({
  state,
  clock,
  tenants,
}: {
  state: StateStore;
  clock: Clock;
  tenants: Pick<Tenants, 'find'>;
}) {
  const system = <T>(work: (db: Db) => Promise<T>) => state.system<GuestsDatabase, T>(work);
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<GuestsDatabase, T>(tenantId, work);

  /** The account of a guest and whether it works; sign-ins of an ended one end too. */
  async function account(
    db: Db,
    row: Row,
    change: { enabled: boolean; ends_at: Date | null },
  ): Promise<void> {
    await db
      .updateTable('users')
      .set(change)
      .where('tenant_id', '=', row.tenant_id)
      .where('id', '=', row.user_id)
      .execute();
    if (!change.enabled)
      await db
        .deleteFrom('oidc_records')
        .where('tenant_id', '=', row.tenant_id)
        .where(sql`payload ->> 'accountId'`, '=', row.user_id)
        .execute();
  }

  async function end(db: Db, row: Row): Promise<Guest> {
    const now = clock.now();
    const ended = await db
      .updateTable('guests')
      .set({ status: 'Ended', ended_at: now })
      .where('tenant_id', '=', row.tenant_id)
      .where('user_id', '=', row.user_id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await account(db, row, { enabled: false, ends_at: now });
    return toGuest(ended);
  }

  /** Invitations and guest accounts of one person, in all tenants. */
  const ofPerson = (db: Db, home: { tenantId: string; userId: string }) =>
    db
      .selectFrom('guests')
      .innerJoin('users as person', (join) =>
        join.onRef('person.tenant_id', '=', 'guests.home_tenant_id').on('person.id', '=', home.userId),
      )
      .selectAll('guests')
      .where('guests.home_tenant_id', '=', home.tenantId)
      .where((e) =>
        e.or([
          e('guests.home_user_id', '=', home.userId),
          e.and([
            e('guests.home_user_id', 'is', null),
            e('guests.home_name', '=', sql<string>`lower(person.principal_name)`),
          ]),
        ]),
      )
      .orderBy('guests.invited_at');

  async function invitation(db: Db, home: { tenantId: string; userId: string }, customer: string) {
    const row = (await ofPerson(db, home).execute()).find(
      (one) => one.tenant_id === customer && one.status !== 'Ended',
    );
    if (!row) throw new ApiError('ResourceNotFound', `Tenant ${customer} has not invited you.`);
    return row;
  }

  return {
    list: (tenantId: string): Promise<Guest[]> =>
      inTenant(tenantId, async (db) =>
        (await db.selectFrom('guests').selectAll().orderBy('invited_at').execute()).map(toGuest),
      ),

    async invite(
      tenantId: string,
      input: { user: string; displayName?: string | undefined; days: number; by: string },
    ): Promise<Guest> {
      const name = input.user.trim().toLowerCase();
      const home = await tenants.find(name.split('@')[1] ?? '');
      if (!home || home.id === tenantId || !name.endsWith(`@${home.domain}`))
        throw new ApiError('InvalidInput', `"${input.user}" is not a principal name of another tenant here.`);
      const now = clock.now();
      const expires_at = new Date(now.getTime() + input.days * 86_400_000);
      // Of a password that nobody knows: guests sign in at home.
      const password_hash = await hashPassword(randomBytes(32).toString('base64url'));
      return inTenant(tenantId, async (db) => {
        const all = await db.selectFrom('guests').selectAll().execute();
        const known = all.find((row) => row.home_tenant_id === home.id && row.home_name === name);
        if (known && known.status !== 'Ended' && known.expires_at > now)
          throw new ApiError('Conflict', `${name} is invited already.`);
        if (!known && all.length >= MAX_GUESTS)
          throw new ApiError('DisallowedOperation', `A tenant holds at most ${MAX_GUESTS} guests.`);
        const fresh = {
          home_tenant_id: home.id,
          home_user_id: null,
          home_name: name,
          status: 'Invited' as const,
          invited_by: input.by,
          invited_at: now,
          accepted_at: null,
          expires_at,
          ended_at: null,
        };
        if (known) {
          const row = await db
            .updateTable('guests')
            .set(fresh)
            .where('user_id', '=', known.user_id)
            .returningAll()
            .executeTakeFirstOrThrow();
          await account(db, row, { enabled: false, ends_at: expires_at });
          return toGuest(row);
        }
        const id = randomUUID();
        await db
          .insertInto('users')
          .values({
            tenant_id: tenantId,
            id,
            principal_name: name,
            display_name: input.displayName ?? name,
            password_hash,
            must_change_password: false,
            enabled: false,
            created_at: now,
            ends_at: expires_at,
          })
          .execute();
        return toGuest(
          await db
            .insertInto('guests')
            .values({ user_id: id, ...fresh })
            .returningAll()
            .executeTakeFirstOrThrow(),
        );
      });
    },

    withdraw(tenantId: string, id: string): Promise<Guest> {
      return inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('guests')
          .selectAll()
          .where('user_id', '=', id)
          .where('status', '!=', 'Ended')
          .executeTakeFirst();
        if (!row) throw new ApiError('ResourceNotFound', `There is no guest ${id}.`);
        return end(db, row);
      });
    },

    /** What other tenants ask or let one of our people do. */
    invitations: (tenantId: string, userId: string): Promise<Guest[]> =>
      system(async (db) => (await ofPerson(db, { tenantId, userId }).execute()).map(toGuest)),

    accept(tenantId: string, userId: string, customer: string): Promise<Guest> {
      return system(async (db) => {
        const row = await invitation(db, { tenantId, userId }, customer);
        const now = clock.now();
        if (row.status !== 'Invited' || row.expires_at <= now)
          throw new ApiError('Conflict', 'The invitation was accepted already or has ended.');
        const accepted = await db
          .updateTable('guests')
          .set({ status: 'Accepted', home_user_id: userId, accepted_at: now })
          .where('tenant_id', '=', row.tenant_id)
          .where('user_id', '=', row.user_id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await account(db, row, { enabled: true, ends_at: row.expires_at });
        return toGuest(accepted);
      });
    },

    leave: (tenantId: string, userId: string, customer: string): Promise<Guest> =>
      system(async (db) => end(db, await invitation(db, { tenantId, userId }, customer))),

    /** Who one of our people is in the other tenant; null when he may not act there. */
    entry: (customer: string, home: { tenantId: string; userId: string }): Promise<Guest | null> =>
      system(async (db) => {
        const row = (await ofPerson(db, home).execute()).find((one) => one.tenant_id === customer);
        return row?.status === 'Accepted' && row.expires_at > clock.now() ? toGuest(row) : null;
      }),

    /** Where a guest is at home; null for the tenant's own people. */
    homeOf: (tenantId: string, userId: string): Promise<string | null> =>
      system(async (db) => {
        const row = await db
          .selectFrom('guests')
          .where('tenant_id', '=', tenantId)
          .where('user_id', '=', userId)
          .select('home_tenant_id')
          .executeTakeFirst();
        return row?.home_tenant_id ?? null;
      }),

    /** Every object id under which the person of this account is known, in any tenant. */
    identitiesOf: (tenantId: string, userId: string): Promise<string[]> =>
      system(async (db) => {
        const rows = await db
          .selectFrom('guests as one')
          .innerJoin('guests as other', (join) =>
            join
              .onRef('other.home_tenant_id', '=', 'one.home_tenant_id')
              .onRef('other.home_user_id', '=', 'one.home_user_id'),
          )
          .where((e) =>
            e.or([
              e('one.home_user_id', '=', userId),
              e.and([e('one.tenant_id', '=', tenantId), e('one.user_id', '=', userId)]),
            ]),
          )
          .select(['other.user_id', 'other.home_user_id'])
          .execute();
        return [
          ...new Set([
            userId,
            ...rows.flatMap((row) => [row.user_id, ...(row.home_user_id ? [row.home_user_id] : [])]),
          ]),
        ];
      }),
  };
}

function toGuest(row: Row): Guest {
  return {
    id: row.user_id,
    tenantId: row.tenant_id,
    homeTenantId: row.home_tenant_id,
    user: row.home_name,
    status: row.status,
    invitedBy: row.invited_by,
    invitedAt: nowIso7(row.invited_at),
    acceptedAt: row.accepted_at && nowIso7(row.accepted_at),
    expiresAt: nowIso7(row.expires_at),
  };
}
