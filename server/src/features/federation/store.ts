/** All SQL of federation: providers, and which person of theirs is which of our users. */
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';
import type { Configured, Discovered, MatchAttribute, Settings } from './identity-provider.ts';

/** Absent in what was saved before there was the choice. */
type LaterSetting = 'mfaTrusted' | 'matchProvisioned';
type Json<T> = ColumnType<T, string, string>;

export interface FederationDatabase {
  identity_providers: {
    tenant_id: ColumnType<string, string | undefined, never>;
    id: string;
    name: string;
    issuer: string;
    api_audience: string | null;
    settings: Json<Omit<Settings, LaterSetting> & Partial<Pick<Settings, LaterSetting>>>;
    discovered: Json<Discovered>;
    sealed_secret: string | null;
    enabled: boolean;
    created_at: Date;
  };
  federated_accounts: {
    tenant_id: ColumnType<string, string | undefined, never>;
    issuer: string;
    subject: string;
    user_id: string;
    linked_at: Date;
  };
  /** Identity's; read only. */
  users: { tenant_id: string; id: string };
  /** Provisioning's; read only. */
  scim_users: { user_id: string; user_name: string; external_id: string | null };
}
type Db = Transaction<FederationDatabase>;

const MOST_PROVIDERS = 20;

export type FederationStore = ReturnType<typeof federationStore>;

export function federationStore(state: StateStore) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<FederationDatabase, T>(tenantId, work);

  return {
    list: (tenantId: string): Promise<Configured[]> =>
      inTenant(tenantId, async (db) =>
        (await db.selectFrom('identity_providers').selectAll().orderBy(sql`lower(name)`).execute()).map(
          configured,
        ),
      ),

    /** Every tenant's that takes tokens at the API. */
    forApi: (): Promise<Configured[]> =>
      state.system<FederationDatabase, Configured[]>(async (db) =>
        (
          await db
            .selectFrom('identity_providers')
            .selectAll()
            .where('api_audience', 'is not', null)
            .where('enabled', '=', true)
            .execute()
        ).map(configured),
      ),

    /** @throws ResourceNotFound */
    get: (tenantId: string, id: string): Promise<Configured> => inTenant(tenantId, (db) => require(db, id)),

    create(
      tenantId: string,
      row: { id: string; settings: Settings; discovered: Discovered; sealedSecret: string | null; now: Date },
    ): Promise<Configured> {
      return inTenant(tenantId, async (db) => {
        const { count } = await db
          .selectFrom('identity_providers')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) >= MOST_PROVIDERS)
          throw new ApiError('DisallowedOperation', `A tenant has at most ${MOST_PROVIDERS} providers.`);
        await db
          .insertInto('identity_providers')
          .values({
            id: row.id,
            ...columns(row.settings),
            discovered: JSON.stringify(row.discovered),
            sealed_secret: row.sealedSecret,
            enabled: true,
            created_at: row.now,
          })
          .execute()
          .catch(taken(row.settings));
        return require(db, row.id);
      });
    },

    update(
      tenantId: string,
      id: string,
      row: {
        settings: Settings;
        discovered: Discovered;
        sealedSecret: string | null;
        enabled: boolean;
      },
    ): Promise<Configured> {
      return inTenant(tenantId, async (db) => {
        await db
          .updateTable('identity_providers')
          .set({
            ...columns(row.settings),
            discovered: JSON.stringify(row.discovered),
            sealed_secret: row.sealedSecret,
            enabled: row.enabled,
          })
          .where('id', '=', id)
          .execute()
          .catch(taken(row.settings));
        return require(db, id);
      });
    },

    remove: (tenantId: string, id: string): Promise<Configured> =>
      inTenant(tenantId, async (db) => {
        const gone = await require(db, id);
        await db.deleteFrom('identity_providers').where('id', '=', id).execute();
        return gone;
      }),

    /** Our users that are people of the issuer. */
    people: (tenantId: string, issuer: string): Promise<string[]> =>
      inTenant(tenantId, async (db) =>
        (
          await db
            .selectFrom('federated_accounts')
            .select('user_id')
            .distinct()
            .where('issuer', '=', issuer)
            .execute()
        ).map(({ user_id }) => user_id),
      ),

    /** Forgets who is who at the issuer, unless a provider of the tenant still is of it. */
    unlinkAll: (tenantId: string, issuer: string): Promise<void> =>
      inTenant(tenantId, async (db) => {
        await db
          .deleteFrom('federated_accounts')
          .where('issuer', '=', issuer)
          .where((e) =>
            e.not(e.exists(e.selectFrom('identity_providers').select('id').where('issuer', '=', issuer))),
          )
          .execute();
      }),

    /** `there`: whether the account still is. */
    linked: (
      tenantId: string,
      issuer: string,
      subject: string,
    ): Promise<{ userId: string; there: boolean } | null> =>
      inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('federated_accounts')
          .leftJoin('users', (join) =>
            join
              .onRef('users.tenant_id', '=', 'federated_accounts.tenant_id')
              .onRef('users.id', '=', 'federated_accounts.user_id'),
          )
          .select(['federated_accounts.user_id', 'users.id as there'])
          .where('issuer', '=', issuer)
          .where('subject', '=', subject)
          .executeTakeFirst();
        return row ? { userId: row.user_id, there: row.there !== null } : null;
      }),

    /** People whom a directory keeps and says this of; two are enough to know that it does not tell. */
    provisioned: (tenantId: string, attribute: MatchAttribute, value: string): Promise<string[]> =>
      inTenant(tenantId, async (db) => {
        const people = db.selectFrom('scim_users').select('user_id').limit(2);
        const rows = await (attribute === 'externalId'
          ? people.where('external_id', '=', value)
          : people.where(sql<string>`lower(user_name)`, '=', value.toLowerCase())
        ).execute();
        return rows.map(({ user_id }) => user_id);
      }),

    /** False, and nothing done, when the account is another subject's of the issuer. A link of the subject to an account that is gone is replaced. */
    linkProvisioned: (
      tenantId: string,
      { issuer, subject, userId, now }: { issuer: string; subject: string; userId: string; now: Date },
    ): Promise<boolean> =>
      inTenant(tenantId, async (db) => {
        // Two first sign-ins at once must not both find the account free.
        await db
          .selectFrom('scim_users')
          .select('user_id')
          .where('user_id', '=', userId)
          .forUpdate()
          .executeTakeFirst();
        const other = await db
          .selectFrom('federated_accounts')
          .select('subject')
          .where('issuer', '=', issuer)
          .where('user_id', '=', userId)
          .where('subject', '!=', subject)
          .executeTakeFirst();
        if (other) return false;
        await db
          .insertInto('federated_accounts')
          .values({ issuer, subject, user_id: userId, linked_at: now })
          .onConflict((conflict) =>
            conflict
              .columns(['tenant_id', 'issuer', 'subject'])
              .doUpdateSet({ user_id: userId, linked_at: now }),
          )
          .execute();
        return true;
      }),

    async link(tenantId: string, issuer: string, subject: string, userId: string, now: Date): Promise<void> {
      await inTenant(tenantId, (db) =>
        db
          .insertInto('federated_accounts')
          .values({ issuer, subject, user_id: userId, linked_at: now })
          .execute(),
      );
    },
  };
}

async function require(db: Db, id: string): Promise<Configured> {
  const row = await db.selectFrom('identity_providers').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new ApiError('ResourceNotFound', `Identity provider ${id} was not found.`);
  return configured(row);
}

function columns(settings: Settings) {
  const { name, issuer, apiAudience } = settings;
  return { name, issuer, api_audience: apiAudience, settings: JSON.stringify(settings) };
}

function taken(settings: Settings) {
  return (error: unknown): never => {
    const { code, constraint } = error as { code?: unknown; constraint?: unknown };
    if (code !== '23505') throw error;
    throw new ApiError(
      'Conflict',
      constraint === 'identity_providers_audience'
        ? `Tokens of ${settings.issuer} for ${settings.apiAudience} are taken by another provider already; one issuer and audience belong to one tenant.`
        : `There is an identity provider named ${settings.name} already.`,
    );
  };
}

function configured(row: Selectable<FederationDatabase['identity_providers']>): Configured {
  return {
    ...row.settings,
    mfaTrusted: row.settings.mfaTrusted ?? false,
    matchProvisioned: row.settings.matchProvisioned ?? null,
    id: row.id,
    tenantId: row.tenant_id,
    enabled: row.enabled,
    sealedSecret: row.sealed_secret,
    discovered: row.discovered,
    createdAt: row.created_at,
  };
}
