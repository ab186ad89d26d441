/** User groups that a directory keeps by SCIM: name and members are its to write, roles are given here. */
import { randomUUID } from 'node:crypto';
import type { StateStore } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import { nameTaken } from '../../management/name-taken.ts';
import {
  type AccessDatabase,
  keepingAnAdministrator,
  requireNoDeviceGroupOpens,
  roomForUserGroup,
} from './store.ts';

export const SCIM_SOURCE = 'scim';
/** Rows of one statement; PostgreSQL takes 65,535 parameters. */
const BATCH = 5_000;

type Db = Transaction<AccessDatabase>;

export interface ScimGroup {
  readonly name: string;
  readonly externalId: string | null;
}

/** Every write leaves the tenant an administrator, or is refused as DisallowedOperation. */
export interface ScimGroups {
  /** @throws Conflict when the name or the external id is taken. Resolves to the group's id. */
  create(tenantId: string, group: ScimGroup): Promise<string>;
  /** @throws Conflict as above */
  update(tenantId: string, id: string, group: ScimGroup): Promise<void>;
  /** `add`: object ids of people of the tenant. */
  changeMembers(
    tenantId: string,
    id: string,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): Promise<void>;
  remove(tenantId: string, id: string): Promise<void>;
}

export function createScimGroups(state: StateStore): ScimGroups {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<AccessDatabase, T>(tenantId, work);

  return {
    create: (tenantId, { name, externalId }) =>
      inTenant(tenantId, async (db) => {
        await roomForUserGroup(db);
        const id = randomUUID();
        await db
          .insertInto('user_groups')
          .values({ id, name, description: 'Kept by SCIM', source: SCIM_SOURCE, external_id: externalId })
          .execute()
          .catch(nameTaken('user group', name));
        return id;
      }),

    update: (tenantId, id, { name, externalId }) =>
      inTenant(tenantId, async (db) => {
        await db
          .updateTable('user_groups')
          .set({ name, external_id: externalId })
          .where('id', '=', id)
          .where('source', '=', SCIM_SOURCE)
          .execute()
          .catch(nameTaken('user group', name));
      }),

    changeMembers: (tenantId, id, { add, remove }) =>
      inTenant(tenantId, async (db) => {
        for (const batch of batches(add))
          await db
            .insertInto('user_group_members')
            .values(batch.map((user_id) => ({ group_id: id, user_id })))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        if (remove.length === 0) return;
        await keepingAnAdministrator(db, async () => {
          for (const batch of batches(remove))
            await db
              .deleteFrom('user_group_members')
              .where('group_id', '=', id)
              .where('user_id', 'in', batch)
              .execute();
        });
      }),

    remove: (tenantId, id) =>
      inTenant(tenantId, async (db) => {
        await requireNoDeviceGroupOpens(db, id);
        await keepingAnAdministrator(db, () =>
          db.deleteFrom('user_groups').where('id', '=', id).where('source', '=', SCIM_SOURCE).execute(),
        );
      }),
  };
}

function* batches(ids: readonly string[]): Iterable<string[]> {
  for (let at = 0; at < ids.length; at += BATCH) yield ids.slice(at, at + BATCH);
}
