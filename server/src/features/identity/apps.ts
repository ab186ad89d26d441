/**
 * App registrations: programs that sign in as themselves (with a secret or a certificate) or for a person (with a redirect or a device code). A
 * registration lives in its home tenant; if it is for many tenants, each other tenant consents to what it may do there.
 */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import {
  ApiError,
  isApplicationPermission,
  isDelegatedPermission,
  isGuid,
  permissions as permissionCatalogue,
} from '@merlon/contract';
import { isUniqueViolation, type StateStore } from '@merlon/state-store';
import type { JWK } from 'jose';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import { readCertificate } from './app-certificate.ts';
import type { IdentityDatabase } from './database.ts';

/** Two, so that one can be replaced while the other still works. */
const MAX_CREDENTIALS = 2;
const DEFAULT_SECRET_DAYS = 365;
const MAX_SECRET_DAYS = 730;
const MAX_APPS = 5_000;
const MAX_REDIRECTS = 50;

/** An application in a tenant: its own, or one it consented to. */
export interface App {
  readonly clientId: string;
  /** Identity of the app within the tenant; `oid` and `sub` of its tokens. */
  readonly objectId: string;
  readonly tenantId: string;
  /** Where it is registered and its credentials are kept. */
  readonly homeTenantId: string;
  readonly name: string;
  /** What it may do as itself. */
  readonly permissions: readonly string[];
  /** What it may do for a person; short names. */
  readonly delegated: readonly string[];
  /** It cannot keep a secret. */
  readonly isPublic: boolean;
  readonly redirectUris: readonly string[];
  readonly multiTenant: boolean;
  /** People's passwords may come through it; in its home tenant only. */
  readonly passwordGrant: boolean;
  readonly enabled: boolean;
}

export interface AppSecret {
  readonly id: string;
  /** First characters, to tell one from another. */
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface AppCertificate {
  readonly id: string;
  /** SHA-256 of the certificate, base64url. */
  readonly sha256: string;
  readonly subject: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface RegisteredApp extends App {
  readonly secrets: readonly AppSecret[];
  readonly certificates: readonly AppCertificate[];
  /** Calls with its tokens in the last 30 days, by day: `2026-11-25`. */
  readonly usage: readonly { readonly day: string; readonly calls: number }[];
}

export interface AppFields {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly delegated: readonly string[];
  readonly isPublic: boolean;
  readonly redirectUris: readonly string[];
  readonly multiTenant: boolean;
  readonly passwordGrant: boolean;
  readonly enabled: boolean;
}

export type SecretCheck = 'right' | 'wrong' | 'expired';

export interface AssertionKey {
  readonly sha1: string;
  readonly sha256: string;
  readonly jwk: JWK;
  readonly expiresAt: Date;
}

const USAGE_DAYS = 30;

export type Apps = ReturnType<typeof createApps>;

export function createApps({ state, clock }: { state: StateStore; clock: Clock }) {
  type Db = Transaction<IdentityDatabase>;
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<IdentityDatabase, T>(tenantId, work);

  async function registered(db: Db, tenantId: string): Promise<RegisteredApp[]> {
    const apps = await db.selectFrom('apps').selectAll().orderBy('created_at').execute();
    const secrets = await db.selectFrom('app_secrets').selectAll().orderBy('created_at').execute();
    const certificates = await db.selectFrom('app_certificates').selectAll().orderBy('created_at').execute();
    const since = new Date(clock.now().getTime() - USAGE_DAYS * 86_400_000).toISOString().slice(0, 10);
    const usage = await db
      .selectFrom('app_usage')
      .select(['client_id', sql<string>`day::text`.as('day'), 'calls'])
      .where('day', '>=', since)
      .orderBy('day')
      .execute();
    return apps.map((row) => ({
      ...homeApp(row, tenantId),
      secrets: secrets
        .filter((one) => one.client_id === row.client_id)
        .map(({ id, hint, created_at, expires_at }) => ({
          id,
          hint,
          createdAt: created_at,
          expiresAt: expires_at,
        })),
      certificates: certificates
        .filter((one) => one.client_id === row.client_id)
        .map(({ id, sha256, subject, created_at, expires_at }) => ({
          id,
          sha256,
          subject,
          createdAt: created_at,
          expiresAt: expires_at,
        })),
      usage: usage
        .filter((one) => one.client_id === row.client_id)
        .map(({ day, calls }) => ({ day, calls: Number(calls) })),
    }));
  }

  /** Locked, so that two callers at once cannot make a third credential. */
  async function lockApp(db: Db, clientId: string): Promise<void> {
    const app = await db
      .selectFrom('apps')
      .select('client_id')
      .where('client_id', '=', clientId)
      .forUpdate()
      .executeTakeFirst();
    if (!app) throw notFound(clientId);
  }

  return {
    create(tenantId: string, fields: AppFields): Promise<App> {
      checkFields(fields);
      return inTenant(tenantId, async (db) => {
        const { count } = await db
          .selectFrom('apps')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) >= MAX_APPS)
          throw new ApiError('DisallowedOperation', `A tenant holds at most ${MAX_APPS} applications.`);
        const row = await db
          .insertInto('apps')
          .values({
            tenant_id: tenantId,
            client_id: randomUUID(),
            object_id: randomUUID(),
            created_at: clock.now(),
            ...columnsOf(fields),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return homeApp(row, tenantId);
      });
    },

    update(tenantId: string, clientId: string, change: Partial<AppFields>): Promise<App> {
      return inTenant(tenantId, async (db) => {
        await lockApp(db, clientId);
        const before = await db
          .selectFrom('apps')
          .selectAll()
          .where('client_id', '=', clientId)
          .executeTakeFirstOrThrow();
        const fields = { ...homeApp(before, tenantId), ...change };
        checkFields(fields);
        const row = await db
          .updateTable('apps')
          .set(columnsOf(fields))
          .where('client_id', '=', clientId)
          .returningAll()
          .executeTakeFirstOrThrow();
        return homeApp(row, tenantId);
      });
    },

    remove(tenantId: string, clientId: string): Promise<void> {
      return inTenant(tenantId, async (db) => {
        const { numDeletedRows } = await db
          .deleteFrom('apps')
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        if (numDeletedRows === 0n) throw notFound(clientId);
      });
    },

    list: (tenantId: string): Promise<RegisteredApp[]> =>
      inTenant(tenantId, (db) => registered(db, tenantId)),

    async get(tenantId: string, clientId: string): Promise<RegisteredApp> {
      const app = (await inTenant(tenantId, (db) => registered(db, tenantId))).find(
        (one) => one.clientId === clientId,
      );
      if (!app) throw notFound(clientId);
      return app;
    },

    /** As the tenant knows it: its own, or another's that it consented to. */
    async find(tenantId: string, clientId: string): Promise<App | null> {
      if (!isGuid(clientId)) return null;
      // Across tenants, since a registration may live elsewhere.
      return state.system<IdentityDatabase, App | null>(async (db) => {
        const row = await db
          .selectFrom('apps')
          .selectAll()
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        if (!row) return null;
        if (row.tenant_id === tenantId) return homeApp(row, tenantId);
        if (!row.multi_tenant) return null;
        const consent = await db
          .selectFrom('app_consents')
          .selectAll()
          .where('tenant_id', '=', tenantId)
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        return consent
          ? {
              ...homeApp(row, tenantId),
              objectId: consent.object_id,
              permissions: consent.permissions,
              delegated: consent.delegated,
              // No tenant's people give their passwords to another's program.
              passwordGrant: false,
            }
          : null;
      });
    },

    /** Where it is registered: for `common` and `organizations`, and for consent. */
    home: (clientId: string) =>
      state.system<IdentityDatabase, App | null>(async (db) => {
        if (!isGuid(clientId)) return null;
        const row = await db
          .selectFrom('apps')
          .selectAll()
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        return row ? homeApp(row, row.tenant_id) : null;
      }),

    /**
     * Lets an application do here what it asks for in its registration, asked again what it asks for now; or, by name, something more for people. The
     * tenant's own applications have what they are registered with already.
     */
    async consent(
      tenantId: string,
      clientId: string,
      by: string,
      scopes: 'registered' | readonly string[] = 'registered',
    ): Promise<App> {
      const app = await this.home(clientId);
      if (!app || (!app.multiTenant && app.homeTenantId !== tenantId)) throw notFound(clientId);
      const own = app.homeTenantId === tenantId;
      if (scopes !== 'registered') {
        const present = await this.find(tenantId, clientId);
        const delegated = [...new Set([...(present?.delegated ?? []), ...scopes])].sort();
        if (own) return this.update(tenantId, clientId, { delegated });
        const permissions = [...(present?.permissions ?? [])];
        await inTenant(tenantId, (db) =>
          upsertConsent(db, tenantId, { clientId, by, permissions, delegated }),
        );
        return { ...app, tenantId, permissions, delegated };
      }
      if (own) return app;
      const { permissions, delegated } = app;
      await inTenant(tenantId, (db) => upsertConsent(db, tenantId, { clientId, by, permissions, delegated }));
      return { ...app, tenantId };
    },

    /** Exactly this, for a program of another tenant. `by` null: whoever gave it first. */
    async setConsent(
      tenantId: string,
      clientId: string,
      by: string | null,
      given: { readonly permissions: readonly string[]; readonly delegated: readonly string[] },
    ): Promise<void> {
      await inTenant(tenantId, async (db) => {
        const first = await db
          .selectFrom('app_consents')
          .select('consented_by')
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        await upsertConsent(db, tenantId, {
          clientId,
          by: by ?? first?.consented_by ?? '',
          permissions: [...given.permissions].sort(),
          delegated: [...given.delegated].sort(),
        });
      });
    },

    withdrawConsent(tenantId: string, clientId: string): Promise<void> {
      return inTenant(tenantId, async (db) => {
        const { numDeletedRows } = await db
          .deleteFrom('app_consents')
          .where('client_id', '=', clientId)
          .executeTakeFirst();
        if (numDeletedRows === 0n)
          throw new ApiError('ResourceNotFound', `The tenant has not consented to application ${clientId}.`);
      });
    },

    consents: (tenantId: string) =>
      inTenant(tenantId, (db) => db.selectFrom('app_consents').selectAll().orderBy('consented_at').execute()),

    checkSecret: (homeTenantId: string, clientId: string, secret: string) =>
      inTenant(homeTenantId, async (db): Promise<SecretCheck> => {
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

    /** What may have signed an assertion of the application. */
    assertionKeys: (homeTenantId: string, clientId: string) =>
      inTenant(homeTenantId, async (db): Promise<AssertionKey[]> => {
        const rows = await db
          .selectFrom('app_certificates')
          .selectAll()
          .where('client_id', '=', clientId)
          .execute();
        return rows.map((row) => ({
          sha1: row.sha1,
          sha256: row.sha256,
          jwk: row.public_jwk as unknown as JWK,
          expiresAt: row.expires_at,
        }));
      }),

    addSecret(
      tenantId: string,
      clientId: string,
      days = DEFAULT_SECRET_DAYS,
    ): Promise<{ clientSecret: string; secret: AppSecret }> {
      if (!Number.isInteger(days) || days < 1 || days > MAX_SECRET_DAYS)
        throw new ApiError('InvalidInput', `A secret lives from 1 to ${MAX_SECRET_DAYS} days.`);
      return inTenant(tenantId, async (db) => {
        await lockApp(db, clientId);
        const app = await db
          .selectFrom('apps')
          .select('is_public')
          .where('client_id', '=', clientId)
          .executeTakeFirstOrThrow();
        if (app.is_public) throw new ApiError('DisallowedOperation', 'A public client can keep no secret.');
        const now = clock.now();
        await db
          .deleteFrom('app_secrets')
          .where('client_id', '=', clientId)
          .where('expires_at', '<=', now)
          .execute();
        await bounded(db, 'app_secrets', clientId, 'secrets');
        // Letters, digits and `~._-` only, so that it passes unescaped through forms, Basic authentication and shells.
        const clientSecret = randomBytes(30).toString('base64url').replace(/^-/, '~');
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
      });
    },

    removeSecret(tenantId: string, clientId: string, secretId: string): Promise<void> {
      return inTenant(tenantId, async (db) => {
        const { numDeletedRows } = await db
          .deleteFrom('app_secrets')
          .where('client_id', '=', clientId)
          .where('id', '=', secretId)
          .executeTakeFirst();
        if (numDeletedRows === 0n)
          throw new ApiError('ResourceNotFound', `Secret ${secretId} was not found.`);
      });
    },

    /** @param pem an X.509 certificate; its end is the credential's */
    addCertificate(tenantId: string, clientId: string, pem: string): Promise<AppCertificate> {
      const now = clock.now();
      const { sha1, sha256, subject, publicJwk, expiresAt } = readCertificate(pem, now);
      return inTenant(tenantId, async (db) => {
        await lockApp(db, clientId);
        await db
          .deleteFrom('app_certificates')
          .where('client_id', '=', clientId)
          .where('expires_at', '<=', now)
          .execute();
        await bounded(db, 'app_certificates', clientId, 'certificates');
        const certificate: AppCertificate = { id: randomUUID(), sha256, subject, createdAt: now, expiresAt };
        await db
          .insertInto('app_certificates')
          .values({
            tenant_id: tenantId,
            id: certificate.id,
            client_id: clientId,
            sha1,
            sha256,
            subject,
            public_jwk: JSON.stringify(publicJwk),
            created_at: now,
            expires_at: expiresAt,
          })
          .execute()
          .catch((error: unknown) => {
            if (isUniqueViolation(error))
              throw new ApiError('Conflict', 'The application holds this certificate already.');
            throw error;
          });
        return certificate;
      });
    },

    removeCertificate(tenantId: string, clientId: string, certificateId: string): Promise<void> {
      return inTenant(tenantId, async (db) => {
        const { numDeletedRows } = await db
          .deleteFrom('app_certificates')
          .where('client_id', '=', clientId)
          .where('id', '=', certificateId)
          .executeTakeFirst();
        if (numDeletedRows === 0n)
          throw new ApiError('ResourceNotFound', `Certificate ${certificateId} was not found.`);
      });
    },

    /** Adds to the counts of a day, across tenants. Counts of applications that are no more are dropped. */
    recordUsage(
      day: string,
      counts: readonly { tenantId: string; clientId: string; calls: number }[],
    ): Promise<void> {
      return state.system<IdentityDatabase, void>(async (db) => {
        await sql`
          insert into app_usage (tenant_id, client_id, day, calls)
          select a.tenant_id, a.client_id, ${day}::date, sum(n.calls)
          from unnest(${counts.map((one) => one.clientId)}::uuid[], ${counts.map((one) => one.calls)}::bigint[]) as n(client_id, calls)
          join apps a on a.client_id = n.client_id
          group by a.tenant_id, a.client_id
          on conflict (tenant_id, client_id, day) do update set calls = app_usage.calls + excluded.calls`.execute(
          db,
        );
      });
    },
  };

  async function upsertConsent(
    db: Db,
    tenantId: string,
    { clientId, by, ...given }: { clientId: string; by: string } & Pick<App, 'permissions' | 'delegated'>,
  ): Promise<void> {
    const values = {
      permissions: [...given.permissions],
      delegated: [...given.delegated],
      consented_by: by,
      consented_at: clock.now(),
    };
    await db
      .insertInto('app_consents')
      .values({ tenant_id: tenantId, client_id: clientId, object_id: randomUUID(), ...values })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'client_id']).doUpdateSet(values))
      .execute();
  }

  async function bounded(
    db: Db,
    table: 'app_secrets' | 'app_certificates',
    clientId: string,
    what: string,
  ): Promise<void> {
    const present = await db.selectFrom(table).select('id').where('client_id', '=', clientId).execute();
    if (present.length >= MAX_CREDENTIALS)
      throw new ApiError(
        'DisallowedOperation',
        `The application holds ${MAX_CREDENTIALS} ${what} already; remove one first.`,
      );
  }
}

/** A secret of ours holds 240 random bits: no guess will meet it, so a slow hash would protect nothing and cost every sign-in. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function homeApp(row: Selectable<IdentityDatabase['apps']>, tenantId: string): App {
  return {
    clientId: row.client_id,
    objectId: row.object_id,
    tenantId,
    homeTenantId: row.tenant_id,
    name: row.display_name,
    permissions: row.permissions,
    delegated: row.delegated,
    isPublic: row.is_public,
    redirectUris: row.redirect_uris,
    multiTenant: row.multi_tenant,
    passwordGrant: row.password_grant,
    enabled: row.enabled,
  };
}

function columnsOf(fields: AppFields) {
  return {
    display_name: fields.name,
    permissions: [...new Set(fields.permissions)].sort(),
    delegated: [...new Set(fields.delegated)].sort(),
    is_public: fields.isPublic,
    redirect_uris: [...new Set(fields.redirectUris)],
    multi_tenant: fields.multiTenant,
    password_grant: fields.passwordGrant,
    enabled: fields.enabled,
  };
}

function checkFields({ name, permissions, delegated, isPublic, redirectUris }: AppFields): void {
  if (name.trim() === '' || name.length > 120)
    throw new ApiError('InvalidInput', 'The application name must have 1 to 120 characters.');
  const unknown = permissions.filter((one) => !isApplicationPermission(one));
  if (unknown.length > 0) {
    const known = permissionCatalogue.map(({ application }) => application).join(', ');
    throw new ApiError(
      'InvalidInput',
      `Unknown application permission: ${unknown.join(', ')}. Known are ${known}.`,
    );
  }
  const foreign = delegated.filter((one) => !isDelegatedPermission(one));
  if (foreign.length > 0)
    throw new ApiError('InvalidInput', `Unknown delegated permission: ${foreign.join(', ')}.`);
  if (isPublic && permissions.length > 0)
    throw new ApiError(
      'InvalidInput',
      'A public client cannot sign in as itself: give it delegated permissions only.',
    );
  if (redirectUris.length > MAX_REDIRECTS)
    throw new ApiError('InvalidInput', `An application has at most ${MAX_REDIRECTS} redirect addresses.`);
  for (const uri of redirectUris) checkRedirect(uri, isPublic);
}

/** https anywhere; http on the machine's own loopback; a scheme of its own for a public client. No fragment, no wildcard. */
function checkRedirect(uri: string, isPublic: boolean): void {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  const loopback = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const ownScheme =
    isPublic &&
    url !== null &&
    /^[a-z][a-z0-9+.-]*[.-][a-z0-9+.-]*:$|^msal[0-9a-f-]{36}:$/i.test(url.protocol);
  if (
    url === null ||
    uri.includes('#') ||
    uri.includes('*') ||
    url.username !== '' ||
    !(url.protocol === 'https:' || loopback || ownScheme)
  )
    throw new ApiError(
      'InvalidInput',
      `"${uri}" cannot be a redirect address: https, http on localhost, or for a public client a scheme of its own.`,
    );
}

function notFound(clientId: string): ApiError {
  return new ApiError('ResourceNotFound', `Application ${clientId} was not found.`);
}
