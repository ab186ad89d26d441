import { type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';
import { guestMigrations } from './guest-migrations.ts';

export const identityMigrations: readonly Migration[] = [
  {
    name: '2026-11-24-identity-1',
    async up(db) {
      await db.schema
        .createTable('tenants')
        .addColumn('id', 'uuid', (c) => c.primaryKey())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('domain', 'text', (c) => c.notNull().unique())
        // The tenant meant when a command names none.
        .addColumn('is_default', 'boolean', (c) => c.notNull())
        .addColumn('created_at', 'timestamptz', (c) => c.notNull())
        .execute();
      await sql`create unique index tenants_one_default on tenants (is_default) where is_default`.execute(db);

      await db.schema
        .createTable('signing_keys')
        .addColumn('kid', 'text', (c) => c.primaryKey())
        .addColumn('private_jwk', 'jsonb', (c) => c.notNull())
        .addColumn('created_at', 'timestamptz', (c) => c.notNull())
        // After this, tokens it signed are no longer taken and the key set no longer shows it.
        .addColumn('retires_at', 'timestamptz')
        .execute();
      await db.schema
        .createTable('identity_secrets')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('value', 'text', (c) => c.notNull())
        .execute();

      await tenantTable(db, 'users', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('principal_name', 'text', (c) => c.notNull())
          .addColumn('display_name', 'text', (c) => c.notNull())
          .addColumn('password_hash', 'text', (c) => c.notNull())
          .addColumn('must_change_password', 'boolean', (c) => c.notNull())
          .addColumn('failed_sign_ins', 'integer', (c) => c.notNull().defaultTo(0))
          .addColumn('locked_until', 'timestamptz')
          .addColumn('enabled', 'boolean', (c) => c.notNull().defaultTo(true))
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('users_pkey', ['tenant_id', 'id']),
      );
      await sql`create unique index users_principal_name on users (tenant_id, lower(principal_name))`.execute(
        db,
      );

      await tenantTable(db, 'apps', (table) =>
        table
          .addColumn('client_id', 'uuid', (c) => c.notNull().unique())
          .addColumn('object_id', 'uuid', (c) => c.notNull())
          .addColumn('display_name', 'text', (c) => c.notNull())
          .addColumn('permissions', sql`text[]`, (c) => c.notNull())
          .addColumn('enabled', 'boolean', (c) => c.notNull().defaultTo(true))
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('apps_pkey', ['tenant_id', 'client_id']),
      );
      await tenantTable(db, 'app_secrets', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('client_id', 'uuid', (c) => c.notNull())
          .addColumn('hash', 'text', (c) => c.notNull())
          .addColumn('hint', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('app_secrets_pkey', ['tenant_id', 'id'])
          .addForeignKeyConstraint(
            'app_secrets_app',
            ['tenant_id', 'client_id'],
            'apps',
            ['tenant_id', 'client_id'],
            (fk) => fk.onDelete('cascade'),
          ),
      );

      // What the OpenID provider keeps between requests: sessions, codes, grants, refresh tokens.
      await tenantTable(db, 'oidc_records', (table) =>
        table
          .addColumn('model', 'text', (c) => c.notNull())
          .addColumn('id', 'text', (c) => c.notNull())
          .addColumn('payload', 'jsonb', (c) => c.notNull())
          .addColumn('grant_id', 'text')
          .addColumn('uid', 'text')
          .addColumn('consumed_at', 'timestamptz')
          .addColumn('expires_at', 'timestamptz')
          .addPrimaryKeyConstraint('oidc_records_pkey', ['tenant_id', 'model', 'id']),
      );
      await sql`create index oidc_records_by_grant on oidc_records (tenant_id, grant_id) where grant_id is not null`.execute(
        db,
      );
      await sql`create index oidc_records_by_uid on oidc_records (tenant_id, uid) where uid is not null`.execute(
        db,
      );
      await sql`create index oidc_records_by_expiry on oidc_records (expires_at) where expires_at is not null`.execute(
        db,
      );
    },
  },
  {
    name: '2026-11-25-identity-2',
    async up(db) {
      await db.schema
        .alterTable('apps')
        // Short names: what the program may do for a person.
        .addColumn('delegated', sql`text[]`, (c) => c.notNull().defaultTo(sql`'{}'`))
        // Cannot keep a secret: a program on people's computers.
        .addColumn('is_public', 'boolean', (c) => c.notNull().defaultTo(false))
        .addColumn('redirect_uris', sql`text[]`, (c) => c.notNull().defaultTo(sql`'{}'`))
        // Other tenants may consent to it.
        .addColumn('multi_tenant', 'boolean', (c) => c.notNull().defaultTo(false))
        .execute();
      const ofApp = ['tenant_id', 'client_id'] as const;
      await tenantTable(db, 'app_certificates', (table) =>
        table
          .addColumn('id', 'uuid', (c) => c.notNull())
          .addColumn('client_id', 'uuid', (c) => c.notNull())
          // Base64url, as `x5t` and `x5t#S256` of an assertion have them.
          .addColumn('sha1', 'text', (c) => c.notNull())
          .addColumn('sha256', 'text', (c) => c.notNull())
          .addColumn('subject', 'text', (c) => c.notNull())
          .addColumn('public_jwk', 'jsonb', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('app_certificates_pkey', ['tenant_id', 'id'])
          .addUniqueConstraint('app_certificates_once', ['tenant_id', 'client_id', 'sha256'])
          .addForeignKeyConstraint('app_certificates_app', [...ofApp], 'apps', [...ofApp], (fk) =>
            fk.onDelete('cascade'),
          ),
      );
      // An application of another tenant, as far as this tenant consented to it.
      await tenantTable(db, 'app_consents', (table) =>
        table
          .addColumn('client_id', 'uuid', (c) => c.notNull())
          .addColumn('object_id', 'uuid', (c) => c.notNull())
          .addColumn('permissions', sql`text[]`, (c) => c.notNull())
          .addColumn('delegated', sql`text[]`, (c) => c.notNull())
          .addColumn('consented_by', 'text', (c) => c.notNull())
          .addColumn('consented_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('app_consents_pkey', [...ofApp])
          .addForeignKeyConstraint('app_consents_app', ['client_id'], 'apps', ['client_id'], (fk) =>
            fk.onDelete('cascade'),
          ),
      );
      await tenantTable(db, 'app_usage', (table) =>
        table
          .addColumn('client_id', 'uuid', (c) => c.notNull())
          .addColumn('day', 'date', (c) => c.notNull())
          .addColumn('calls', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('app_usage_pkey', ['tenant_id', 'client_id', 'day']),
      );
      await db.schema.alterTable('oidc_records').addColumn('user_code', 'text').execute();
      await sql`create index oidc_records_by_user_code on oidc_records (tenant_id, user_code) where user_code is not null`.execute(
        db,
      );
    },
  },
  ...guestMigrations,
  {
    name: '2026-11-25-identity-3',
    async up(db) {
      // People's passwords may come through it. See docs/decisions/2026-11-24-sign-in.md.
      await db.schema
        .alterTable('apps')
        .addColumn('password_grant', 'boolean', (c) => c.notNull().defaultTo(false))
        .execute();
      await db.schema.alterTable('users').dropColumn('failed_sign_ins').dropColumn('locked_until').execute();
      await tenantTable(db, 'sign_in_failures', (table) =>
        table
          // SHA-256 of a principal name that somebody may or may not have.
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('failures', 'integer', (c) => c.notNull())
          .addColumn('failed_at', 'timestamptz', (c) => c.notNull())
          .addColumn('locked_until', 'timestamptz')
          .addPrimaryKeyConstraint('sign_in_failures_pkey', ['tenant_id', 'name']),
      );
      await db.schema
        .createIndex('sign_in_failures_by_time')
        .on('sign_in_failures')
        .column('failed_at')
        .execute();
    },
  },
];
