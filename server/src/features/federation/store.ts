/** All SQL of federation: providers, and which person of theirs is which of our users. */
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';
import type { Configured, Discovered, Settings } from './identity-provider.ts';

type Json<T> = ColumnType<T, string, string>;

export interface FederationDatabase {
  identity_providers: {
    tenant_id: ColumnType<string, string | undefined, never>;
    id: string;
    name: string;
    issuer: string;
    api_audience: string | null;
    settings: Json<Omit<Settings, 'mfaTrusted'> & Partial<Pick<Settings, 'mfaTrusted'>>>;
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

    linked: (tenantId: string, issuer: string, subject: string): Promise<string | null> =>
      inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('federated_accounts')
          .select('user_id')
          .where('issuer', '=', issuer)
          .where('subject', '=', subject)
          .executeTakeFirst();
        return row?.user_id ?? null;
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
    // What was saved before there was this choice.
    mfaTrusted: row.settings.mfaTrusted ?? false,
    id: row.id,
    tenantId: row.tenant_id,
    enabled: row.enabled,
    sealedSecret: row.sealed_secret,
    discovered: row.discovered,
    createdAt: row.created_at,
  };
}
