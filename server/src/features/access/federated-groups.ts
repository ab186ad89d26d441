/** User groups that an external identity provider keeps: a person is in those his last sign-in named, and in no other of that provider. */
import { randomUUID } from 'node:crypto';
import type { StateStore } from '@merlon/state-store';
import { sql } from 'kysely';
import { type AccessDatabase, keepingAnAdministrator, MAX_USER_GROUPS } from './store.ts';

const SOURCE = 'federated';

export interface FederatedMembership {
  readonly tenantId: string;
  readonly userId: string;
  readonly provider: { readonly id: string; readonly name: string };
  /** As the provider calls them. */
  readonly groups: readonly string[];
}

/** Of a provider that is gone. The groups stay, with their roles, for administrators to remove. @throws DisallowedOperation */
export function emptyFederatedGroups(state: StateStore, tenantId: string, providerId: string): Promise<void> {
  return state.tenant<AccessDatabase, void>(tenantId, async (db) => {
    await keepingAnAdministrator(db, () =>
      db
        .deleteFrom('user_group_members')
        .where('group_id', 'in', (e) =>
          e
            .selectFrom('user_groups')
            .select('id')
            .where('source', '=', SOURCE)
            .where(sql<boolean>`starts_with(external_id, ${`${providerId}/`})`),
        )
        .execute(),
    );
  });
}

/** @throws DisallowedOperation when he was the last who administers the tenant. Resolves to the groups that were not made because the tenant holds as many as it may. */
export function setFederatedGroups(
  state: StateStore,
  { tenantId, userId, provider, groups }: FederatedMembership,
): Promise<readonly string[]> {
  return state.tenant<AccessDatabase, string[]>(tenantId, async (db) => {
    const prefix = `${provider.id}/`;
    // Two first sign-ins of one group must not make it twice.
    await sql`select pg_advisory_xact_lock(hashtext(${`federated groups ${tenantId}`}))`.execute(db);
    const all = await db
      .selectFrom('user_groups')
      .select(['id', 'external_id', 'source', sql<string>`lower(name)`.as('name')])
      .execute();
    const known = new Map(
      all.flatMap(({ id, external_id, source }) =>
        source === SOURCE && external_id?.startsWith(prefix)
          ? [[external_id.slice(prefix.length), id] as const]
          : [],
      ),
    );
    const names = new Set(all.map(({ name }) => name));
    const wanted: string[] = [];
    const leftOut: string[] = [];
    let room = MAX_USER_GROUPS - all.length;
    for (const group of groups) {
      const existing = known.get(group);
      if (existing !== undefined) {
        wanted.push(existing);
        continue;
      }
      const id = randomUUID();
      const name = [group, `${group} (${provider.name})`, `${group} (${id})`].find(
        (one) => !names.has(one.toLowerCase()),
      );
      if (room <= 0 || name === undefined) {
        leftOut.push(group);
        continue;
      }
      room -= 1;
      names.add(name.toLowerCase());
      await db
        .insertInto('user_groups')
        .values({
          id,
          name,
          description: `Kept by ${provider.name}`,
          source: SOURCE,
          external_id: prefix + group,
        })
        .execute();
      known.set(group, id);
      wanted.push(id);
    }
    const stale = [...known.values()].filter((id) => !wanted.includes(id));
    if (stale.length > 0)
      await keepingAnAdministrator(db, () =>
        db
          .deleteFrom('user_group_members')
          .where('user_id', '=', userId)
          .where('group_id', 'in', stale)
          .execute(),
      );
    if (wanted.length > 0)
      await db
        .insertInto('user_group_members')
        .values(wanted.map((group_id) => ({ group_id, user_id: userId })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    return leftOut;
  });
}
