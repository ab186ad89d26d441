/** App registrations: programs that sign in as themselves with a secret. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { ApiError, isApplicationPermission, isGuid, permissions } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';

/** Two, so that one can be replaced while the other still works. */
const MAX_SECRETS = 2;
const DEFAULT_SECRET_DAYS = 365;
const MAX_SECRET_DAYS = 730;
const MAX_APPS = 5_000;

export interface App {
  readonly clientId: string;
  /** Identity of the app within its tenant; `oid` and `sub` of its tokens. */
  readonly objectId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly enabled: boolean;
}

interface AppSecret {
  readonly id: string;
  /** First characters, to tell one from another. */
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export type SecretCheck = 'right' | 'wrong' | 'expired';

export interface Apps {
  create(
    db: Transaction<IdentityDatabase>,
    tenantId: string,
    input: { name: string; permissions: readonly string[]; secretDays?: number | undefined },
  ): Promise<{ app: App; clientSecret: string; secret: AppSecret }>;
  list(tenantId: string): Promise<(App & { secrets: AppSecret[] })[]>;
  find(tenantId: string, clientId: string): Promise<App | null>;
  /** In whichever tenant it is: for `common` and `organizations`. */
  tenantOf(clientId: string): Promise<string | null>;
  checkSecret(tenantId: string, clientId: string, secret: string): Promise<SecretCheck>;
  addSecret(
    db: Transaction<IdentityDatabase>,
    tenantId: string,
    clientId: string,
    days?: number,
  ): Promise<{ clientSecret: string; secret: AppSecret }>;
  removeSecret(
    db: Transaction<IdentityDatabase>,
    tenantId: string,
    clientId: string,
    secretId: string,
  ): Promise<void>;
}

export function createApps({ state, clock }: { state: StateStore; clock: Clock }): Apps {
  async function insertSecret(
    db: Transaction<IdentityDatabase>,
    tenantId: string,
    clientId: string,
    days = DEFAULT_SECRET_DAYS,
  ) {
    if (!Number.isInteger(days) || days < 1 || days > MAX_SECRET_DAYS) {
      throw new ApiError('InvalidInput', `A secret lives from 1 to ${MAX_SECRET_DAYS} days.`);
    }
    // Letters, digits and `~._-` only, so that it passes unescaped through forms, Basic authentication and shells.
    const clientSecret = randomBytes(30).toString('base64url').replace(/^-/, '~');
    const now = clock.now();
    const secret: AppSecret = {
      id: randomUUID(),
      hint: clientSecret.slice(0, 3),
      createdAt: now,
      expiresAt: new Date(now.getTime() + days * 86_400_000),
    };
    await db
      .insertInto('app_secrets')
      .values({
        tenant_id: tenantId,
        id: secret.id,
        client_id: clientId,
        hash: digest(clientSecret).toString('base64url'),
        hint: secret.hint,
        created_at: now,
        expires_at: secret.expiresAt,
      })
      .execute();
    return { clientSecret, secret };
  }

  return {
    async create(db, tenantId, { name, permissions: wanted, secretDays }) {
      if (name.trim() === '' || name.length > 120)
        throw new ApiError('InvalidInput', 'The application name must have 1 to 120 characters.');
      const unknown = wanted.filter((permission) => !isApplicationPermission(permission));
      if (unknown.length > 0) {
        const known = permissions.map(({ application }) => application).join(', ');
        throw new ApiError(
          'InvalidInput',
          `Unknown application permission: ${unknown.join(', ')}. Known are ${known}.`,
        );
      }
      const { count } = await db
        .selectFrom('apps')
        .where('tenant_id', '=', tenantId)
        .select((e) => e.fn.countAll<string>().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= MAX_APPS)
        throw new ApiError('DisallowedOperation', `A tenant holds at most ${MAX_APPS} applications.`);
      const row = {
        tenant_id: tenantId,
        client_id: randomUUID(),
        object_id: randomUUID(),
        display_name: name,
        permissions: [...new Set(wanted)].sort(),
        created_at: clock.now(),
      };
      await db.insertInto('apps').values(row).execute();
      return {
        app: toApp({ ...row, enabled: true }),
        ...(await insertSecret(db, tenantId, row.client_id, secretDays)),
      };
    },

    list: (tenantId) =>
      state.tenant<IdentityDatabase, (App & { secrets: AppSecret[] })[]>(tenantId, async (db) => {
        const apps = await db.selectFrom('apps').selectAll().orderBy('created_at').execute();
        const secrets = await db.selectFrom('app_secrets').selectAll().orderBy('created_at').execute();
        return apps.map((row) => ({
          ...toApp(row),
          secrets: secrets
            .filter((secret) => secret.client_id === row.client_id)
            .map((secret) => ({
              id: secret.id,
              hint: secret.hint,
              createdAt: secret.created_at,
              expiresAt: secret.expires_at,
            })),
        }));
      }),

    find: async (tenantId, clientId) => {
      if (!isGuid(clientId)) return null;
      return state.tenant<IdentityDatabase, App | null>(tenantId, async (db) => {
        const row = await db
          .selectFrom('apps')
          .selectAll()
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        return row ? toApp(row) : null;
      });
    },

    tenantOf: (clientId) =>
      state.system<IdentityDatabase, string | null>(async (db) => {
        const row = await db
          .selectFrom('apps')
          .select('tenant_id')
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        return row?.tenant_id ?? null;
      }),

    checkSecret: (tenantId, clientId, secret) =>
      state.tenant<IdentityDatabase, SecretCheck>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('app_secrets')
          .select(['hash', 'expires_at'])
          .where('client_id', '=', clientId)
          .execute();
        const given = digest(secret);
        const match = rows.filter((row) => timingSafeEqual(Buffer.from(row.hash, 'base64url'), given));
        if (match.length === 0) return 'wrong';
        return match.some((row) => row.expires_at > clock.now()) ? 'right' : 'expired';
      }),

    async addSecret(db, tenantId, clientId, days) {
      // Locked, so that two callers at once cannot make a third secret.
      const app = await db
        .selectFrom('apps')
        .select('client_id')
        .where('tenant_id', '=', tenantId)
        .where('client_id', '=', clientId)
        .forUpdate()
        .executeTakeFirst();
      if (!app) throw new ApiError('ResourceNotFound', `Application ${clientId} was not found.`);
      await db
        .deleteFrom('app_secrets')
        .where('tenant_id', '=', tenantId)
        .where('client_id', '=', clientId)
        .where('expires_at', '<=', clock.now())
        .execute();
      const present = await db
        .selectFrom('app_secrets')
        .select('id')
        .where('tenant_id', '=', tenantId)
        .where('client_id', '=', clientId)
        .execute();
      if (present.length >= MAX_SECRETS) {
        throw new ApiError(
          'DisallowedOperation',
          `The application holds ${MAX_SECRETS} secrets already; remove one first.`,
        );
      }
      return insertSecret(db, tenantId, clientId, days);
    },

    async removeSecret(db, tenantId, clientId, secretId) {
      const { numDeletedRows } = await db
        .deleteFrom('app_secrets')
        .where('tenant_id', '=', tenantId)
        .where('client_id', '=', clientId)
        .where('id', '=', secretId)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw new ApiError('ResourceNotFound', `Secret ${secretId} was not found.`);
    },
  };
}

/** A secret of ours holds 240 random bits: no guess will meet it, so a slow hash would protect nothing and cost every sign-in. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function toApp(
  row: Omit<IdentityDatabase['apps'], 'enabled'> & { enabled: boolean | { __select__: boolean } },
): App {
  return {
    clientId: row.client_id,
    objectId: row.object_id,
    tenantId: row.tenant_id,
    name: row.display_name,
    permissions: row.permissions,
    enabled: row.enabled === true,
  };
}
