/** Accounts that a directory makes: under the names it gives, without a password that anybody knows. */
import { randomBytes, randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import { isUniqueViolation, type StateStore } from '@merlon/state-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';
import { hashPassword } from './passwords.ts';
import type { Tenants } from './tenants.ts';
import type { UserDirectory } from './user-directory.ts';

export interface ProvisionedAccount {
  /** With or without the domain. */
  readonly userName: string;
  readonly displayName: string;
  readonly enabled: boolean;
}

export interface ProvisionedAccounts {
  /** @throws Conflict when the name is taken, InvalidInput when it is none. Resolves to the object id. */
  create(tenantId: string, account: ProvisionedAccount): Promise<string>;
  /** Switching off ends sessions. @throws as above, and DisallowedOperation for the last administrator */
  update(tenantId: string, id: string, account: ProvisionedAccount): Promise<void>;
  /** @throws DisallowedOperation for the last administrator */
  remove(tenantId: string, id: string): Promise<void>;
}

const PRINCIPAL_NAME = /^[A-Za-z0-9._'+-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,188}[a-z0-9])?$/i;

export function createProvisionedAccounts({
  state,
  clock,
  tenants,
  directory,
}: {
  state: StateStore;
  clock: Clock;
  tenants: Tenants;
  directory: UserDirectory;
}): ProvisionedAccounts {
  /** One for all of them: nobody knows the password, and an administrator gives whoever needs one his own. */
  let unusable: Promise<string> | null = null;
  const unusableHash = () => {
    unusable ??= hashPassword(randomBytes(32).toString('base64url'));
    return unusable;
  };

  async function principalName(tenantId: string, userName: string): Promise<string> {
    const { domain } = await tenants.require(tenantId);
    const name = userName.includes('@') ? userName : `${userName}@${domain}`;
    if (!PRINCIPAL_NAME.test(name))
      throw new ApiError('InvalidInput', `"${userName.slice(0, 256)}" cannot be a user name.`);
    const ending = name.slice(name.indexOf('@') + 1).toLowerCase();
    // People of another tenant come by invitation.
    if (ending !== domain && (await tenants.list()).some((other) => other.domain === ending))
      throw new ApiError('InvalidInput', `${ending} belongs to another tenant.`);
    return name;
  }

  const taken = (name: string) => (error: unknown) => {
    if (isUniqueViolation(error)) throw new ApiError('Conflict', `The user name ${name} is taken.`);
    throw error;
  };

  return {
    async create(tenantId, { userName, displayName, enabled }) {
      const name = await principalName(tenantId, userName);
      const password_hash = await unusableHash();
      const id = randomUUID();
      await state.tenant<IdentityDatabase, unknown>(tenantId, (db) =>
        db
          .insertInto('users')
          .values({
            tenant_id: tenantId,
            id,
            principal_name: name,
            display_name: displayName,
            password_hash,
            must_change_password: false,
            enabled,
            created_at: clock.now(),
          })
          .execute()
          .catch(taken(name)),
      );
      return id;
    },

    async update(tenantId, id, { userName, displayName, enabled }) {
      const name = await principalName(tenantId, userName);
      const before = await directory.get(tenantId, id);
      if (before.userPrincipalName !== name || before.displayName !== displayName)
        await state.tenant<IdentityDatabase, unknown>(tenantId, (db) =>
          db
            .updateTable('users')
            .set({ principal_name: name, display_name: displayName })
            .where('id', '=', id)
            .execute()
            .catch(taken(name)),
        );
      if (before.accountEnabled !== enabled) await directory.setEnabled(tenantId, id, enabled);
    },

    async remove(tenantId, id) {
      await directory.remove(tenantId, id);
    },
  };
}
