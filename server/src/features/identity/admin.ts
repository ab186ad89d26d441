/** What the local administrator may do to identity over the admin socket. */
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import { type Static, type TSchema, Type } from 'typebox';
import type { AdminHandler } from '../../feature.ts';
import { checkInput } from '../../http/validation.ts';
import type { Access } from '../access/index.ts';
import { type Audit, type AuditActor, LOCAL_ADMINISTRATOR } from '../audit/index.ts';
import type { IdentityDatabase } from './database.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Tenant, Tenants } from './tenants.ts';
import type { Users } from './users.ts';

export interface AdminDeps {
  readonly state: StateStore;
  readonly audit: Audit;
  readonly access: Access;
  readonly tenants: Tenants;
  readonly users: Users;
  readonly keys: SigningKeys;
}

const OptionalText = Type.Optional(Type.String());
const TenantInput = Type.Object(
  { name: Type.String(), domain: Type.String() },
  { additionalProperties: false },
);
const UserInput = Type.Object(
  { tenant: OptionalText, name: Type.String(), displayName: OptionalText, role: OptionalText },
  { additionalProperties: false },
);
const UserName = Type.Object({ tenant: OptionalText, name: Type.String() }, { additionalProperties: false });
const TenantOnly = Type.Object({ tenant: OptionalText }, { additionalProperties: false });
const Nothing = Type.Object({}, { additionalProperties: false });

export function identityAdmin(deps: AdminDeps): Record<string, AdminHandler> {
  const { audit, tenants, users } = deps;

  const system = <T>(work: (db: Transaction<IdentityDatabase>) => Promise<T>) =>
    deps.state.system<IdentityDatabase, T>(work);

  function record(
    db: Transaction<IdentityDatabase>,
    tenant: Tenant,
    action: string,
    target: { kind: string; id: string },
    details: Record<string, unknown>,
  ) {
    return audit.record(
      { tenantId: tenant.id, actor: LOCAL_ADMINISTRATOR, action, target, outcome: 'success', details },
      db,
    );
  }

  return {
    'tenant.create': handler(TenantInput, async (input) => {
      const tenant = await system((db) => createTenant(deps, db, input, LOCAL_ADMINISTRATOR));
      tenants.forget();
      return { tenantId: tenant.id, name: tenant.name, domain: tenant.domain };
    }),

    'tenant.list': handler(Nothing, async () =>
      (await tenants.list()).map(({ id, name, domain, isDefault }) => ({
        tenantId: id,
        name,
        domain,
        isDefault,
      })),
    ),

    'user.create': handler(UserInput, async ({ tenant: tenantName, name, displayName, role }) => {
      const tenant = await tenants.require(tenantName);
      return system(async (db) => {
        const made = await users.create(db, tenant, { name, displayName });
        if (role !== undefined && !(await deps.access.giveRole(db, tenant.id, made.user.id, role))) {
          throw new ApiError('ResourceNotFound', `Role "${role}" was not found.`);
        }
        await record(
          db,
          tenant,
          'user.create',
          { kind: 'user', id: made.user.id },
          { principalName: made.user.principalName, role: role ?? null },
        );
        return {
          tenantId: tenant.id,
          userId: made.user.id,
          principalName: made.user.principalName,
          oneTimePassword: made.oneTimePassword,
        };
      });
    }),

    'user.resetPassword': handler(UserName, async ({ tenant: tenantName, name }) => {
      const tenant = await tenants.require(tenantName);
      return system(async (db) => {
        const { user, oneTimePassword } = await users.resetPassword(db, tenant, name);
        await record(
          db,
          tenant,
          'user.resetPassword',
          { kind: 'user', id: user.id },
          { principalName: user.principalName },
        );
        return { tenantId: tenant.id, userId: user.id, principalName: user.principalName, oneTimePassword };
      });
    }),

    'user.list': handler(TenantOnly, async ({ tenant: tenantName }) => {
      const tenant = await tenants.require(tenantName);
      return (await users.list(tenant.id)).map(({ id, principalName, displayName }) => ({
        userId: id,
        principalName,
        displayName,
      }));
    }),

    'key.rotate': handler(Nothing, async () => {
      const kid = await deps.keys.rotate();
      const tenant = await tenants.require(undefined);
      await audit.record({
        tenantId: tenant.id,
        actor: LOCAL_ADMINISTRATOR,
        action: 'key.rotate',
        target: { kind: 'signingKey', id: kid },
        outcome: 'success',
      });
      return { kid };
    }),
  };
}

export async function createTenant(
  { tenants, access, audit }: Pick<AdminDeps, 'tenants' | 'access' | 'audit'>,
  db: Transaction<IdentityDatabase>,
  input: { name: string; domain: string },
  actor: AuditActor,
): Promise<Tenant> {
  const tenant = await tenants.create(db, input);
  await access.prepareTenant(db, tenant.id);
  await audit.record(
    {
      tenantId: tenant.id,
      actor,
      action: 'tenant.create',
      target: { kind: 'tenant', id: tenant.id },
      outcome: 'success',
      details: { name: tenant.name, domain: tenant.domain },
    },
    db,
  );
  return tenant;
}

function handler<S extends TSchema>(schema: S, work: (input: Static<S>) => Promise<unknown>): AdminHandler {
  return (input) => work(checkInput('body', schema, input) as Static<S>);
}
