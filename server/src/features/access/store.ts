import { randomUUID } from 'node:crypto';
import { builtInAdministratorRole } from '@merlon/contract';
import type { Transaction } from 'kysely';

export interface AccessDatabase {
  roles: {
    tenant_id: string;
    id: string;
    name: string;
    description: string;
    permissions: string[] | null;
    built_in: boolean;
  };
  user_roles: { tenant_id: string; user_id: string; role_id: string };
}

export interface RoleRow {
  readonly id: string;
  readonly name: string;
  /** Null: all. */
  readonly permissions: readonly string[] | null;
}

export function rolesOf(db: Transaction<AccessDatabase>, userId: string): Promise<RoleRow[]> {
  return db
    .selectFrom('user_roles')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'user_roles.tenant_id').onRef('roles.id', '=', 'user_roles.role_id'),
    )
    .where('user_roles.user_id', '=', userId)
    .select(['roles.id', 'roles.name', 'roles.permissions'])
    .execute();
}

export async function insertBuiltInRole(db: Transaction<AccessDatabase>, tenantId: string): Promise<void> {
  await db
    .insertInto('roles')
    .values({
      tenant_id: tenantId,
      id: randomUUID(),
      name: builtInAdministratorRole,
      description: 'Every permission, every device.',
      permissions: null,
      built_in: true,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name']).doNothing())
    .execute();
}

/** False when there is no role of that name. */
export async function giveRole(
  db: Transaction<AccessDatabase>,
  tenantId: string,
  userId: string,
  roleName: string,
): Promise<boolean> {
  const role = await db.selectFrom('roles').where('name', '=', roleName).select('id').executeTakeFirst();
  if (!role) return false;
  await db
    .insertInto('user_roles')
    .values({ tenant_id: tenantId, user_id: userId, role_id: role.id })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return true;
}
