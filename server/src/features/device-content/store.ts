/** All SQL of the content of devices. */
import type { ContentTopic } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, sql, type Transaction } from 'kysely';

type TenantId = ColumnType<string, string | undefined, never>;
/** bigint arrives as text. */
type Version = ColumnType<string, number, number>;

export interface ContentDb {
  content_topics: { tenant_id: TenantId; topic: string; version: Version; forgotten: Version };
  content_items: {
    tenant_id: TenantId;
    topic: string;
    id: string;
    version: Version;
    scopes: string[];
    reach: string[];
    item: ColumnType<Record<string, unknown> | null, string | null, string | null>;
    expires_at: Date | null;
    changed_at: Date;
  };
  content_heads: { tenant_id: TenantId; topic: string; scope: string; version: Version };
  devices: { tenant_id: TenantId; id: string; rbac_group_id: number };
}
export type ContentTransaction = Transaction<ContentDb>;

export interface ContentChange {
  readonly upserts: readonly {
    readonly id: string;
    /** Scopes whose devices get it; none: all devices. */
    readonly scopes: readonly string[];
    readonly item: Readonly<Record<string, unknown>>;
    readonly expiresAt: Date | null;
  }[];
  readonly removes: readonly string[];
}

/** What a device has to do to be at `version`. `base` 0: forget what it holds. */
export interface ContentStep {
  readonly version: number;
  readonly base: number;
  readonly scope: string;
  readonly upserts: readonly Record<string, unknown>[];
  readonly removes: readonly string[];
}

export interface HeldContent {
  readonly version: number;
  readonly scope: string;
}

/** The newest version given to any device. */
export const NEWEST = '';
/** Every device of the tenant. */
export const EVERYWHERE = '*';
/** A device that says it is further than the server, as after a restore from a backup, is caught up with. Further than this it is lying. */
const MAX_LEAP = 1_000_000;

export type ContentStore = ReturnType<typeof contentStore>;

export function contentStore(state: StateStore) {
  return {
    /** One new version, in the transaction of whoever changed what it is made of. */
    async change(
      db: ContentTransaction,
      topic: ContentTopic,
      change: ContentChange,
      at: Date,
    ): Promise<void> {
      const { upserts, removes } = change;
      if (upserts.length + removes.length === 0) return;
      const version = await nextVersion(db, topic);
      const reached = new Set<string>();
      if (upserts.length > 0) {
        const rows = await sql<{ reach: string[] }>`
          insert into content_items as held (topic, id, version, scopes, reach, item, expires_at, changed_at)
          select ${topic}, given.id, ${version}::bigint,
                 array(select jsonb_array_elements_text(given.scopes)),
                 case when jsonb_array_length(given.scopes) = 0 then array[${EVERYWHERE}]
                      else array(select jsonb_array_elements_text(given.scopes)) end,
                 given.item, given.expires, ${at}::timestamptz
          from jsonb_to_recordset(${JSON.stringify(
            upserts.map(({ id, scopes, item, expiresAt }) => ({ id, scopes, item, expires: expiresAt })),
          )}::jsonb) as given(id text, scopes jsonb, item jsonb, expires timestamptz)
          on conflict (tenant_id, topic, id) do update set
            version = excluded.version, scopes = excluded.scopes, item = excluded.item,
            expires_at = excluded.expires_at, changed_at = excluded.changed_at,
            reach = case when ${EVERYWHERE} = any (held.reach || excluded.reach) then array[${EVERYWHERE}]
                         else array(select distinct unnest(held.reach || excluded.reach)) end
          returning reach`.execute(db);
        for (const { reach } of rows.rows) for (const scope of reach) reached.add(scope);
      }
      if (removes.length > 0) {
        const rows = await db
          .updateTable('content_items')
          .set({ item: null, version, expires_at: null, changed_at: at })
          .where('topic', '=', topic)
          .where(sql<boolean>`id = any(${removes}::text[])`)
          .returning('reach')
          .execute();
        for (const { reach } of rows) for (const scope of reach) reached.add(scope);
      }
      if (reached.size === 0) return;
      await db
        .insertInto('content_heads')
        .values([...reached].map((scope) => ({ topic, scope, version })))
        .onConflict((conflict) => conflict.columns(['tenant_id', 'topic', 'scope']).doUpdateSet({ version }))
        .execute();
    },

    /** Scope -> version of the newest change that concerns it; {@link EVERYWHERE} concerns all, {@link NEWEST} is the newest there is. */
    heads(tenantId: string, topic: ContentTopic): Promise<Map<string, number>> {
      return state.read<ContentDb, Map<string, number>>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('content_heads')
          .select(['scope', 'version'])
          .where('topic', '=', topic)
          .execute();
        const topics = await db
          .selectFrom('content_topics')
          .select('version')
          .where('topic', '=', topic)
          .execute();
        return new Map([
          ...rows.map(({ scope, version }) => [scope, Number(version)] as const),
          ...topics.map(({ version }) => [NEWEST, Number(version)] as const),
        ]);
      });
    },

    /** The scope of each of these devices: its device group. */
    scopes(tenantId: string, deviceIds: readonly string[]): Promise<Map<string, string>> {
      return state.read<ContentDb, Map<string, string>>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('devices')
          .select(['id', 'rbac_group_id'])
          .where(sql<boolean>`id = any(${deviceIds}::text[])`)
          .execute();
        return new Map(rows.map(({ id, rbac_group_id }) => [id, String(rbac_group_id)]));
      });
    },

    /**
     * What brings a device of a scope from what it holds to what it shall hold; null: nothing new concerns it. `lying`: it says that it is further than any
     * device can be.
     */
    step(
      tenantId: string,
      topic: ContentTopic,
      scope: string,
      held: HeldContent,
      now: Date,
    ): Promise<ContentStep | null | 'lying'> {
      return state.tenant<ContentDb, ContentStep | null | 'lying'>(tenantId, async (db) => {
        const head = await db
          .selectFrom('content_topics')
          .select(['version', 'forgotten'])
          .where('topic', '=', topic)
          .executeTakeFirst();
        const version = Number(head?.version ?? 0);
        if (held.version === 0 && version === 0) return null;
        if (held.version - version > MAX_LEAP) return 'lying';
        if (held.version > 0 && held.version <= version && held.scope === scope) {
          if (held.version >= Number(head?.forgotten ?? 0))
            return await delta(db, topic, { version, base: held.version, scope }, now);
          return await whole(db, topic, { version, base: 0, scope }, now);
        }
        // It takes only what is newer, so there has to be something newer.
        const newer = held.version >= version ? await nextVersion(db, topic, held.version) : version;
        return await whole(db, topic, { version: newer, base: 0, scope }, now);
      });
    },

    /**
     * Across tenants: removes what has expired, and forgets removals older than `removedBefore`.
     * @returns rows forgotten; as many as `limit`: there may be more
     */
    purge(now: Date, removedBefore: Date, limit: number): Promise<number> {
      return state.system<ContentDb, number>(async (db) => {
        // Devices drop what they know to expire; those that never heard of the expiry are told by its place among the removed.
        const expired = await sql`update content_items set item = null, expires_at = null, changed_at = ${now}
          where (tenant_id, topic, id) in (select tenant_id, topic, id from content_items
            where expires_at <= ${now} limit ${limit} for update skip locked)`.execute(db);
        const removed = await sql<{ tenant_id: string; topic: string; version: string }>`
          delete from content_items where (tenant_id, topic, id) in
            (select tenant_id, topic, id from content_items where item is null and changed_at < ${removedBefore}
             order by changed_at limit ${limit} for update skip locked)
          returning tenant_id, topic, version`.execute(db);
        for (const { tenant_id, topic, version } of removed.rows)
          await db
            .updateTable('content_topics')
            .set({ forgotten: sql`greatest(forgotten, ${version}::bigint)` as never })
            .where('tenant_id', '=', tenant_id)
            .where('topic', '=', topic)
            .execute();
        return Math.max(Number(expired.numAffectedRows ?? 0), removed.rows.length);
      });
    },
  };
}

async function nextVersion(db: ContentTransaction, topic: string, beyond = 0): Promise<number> {
  const { version } = await db
    .insertInto('content_topics')
    .values({ topic, version: beyond + 1, forgotten: 0 })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'topic'])
        .doUpdateSet({ version: sql`greatest(content_topics.version, ${beyond}::bigint) + 1` }),
    )
    .returning('version')
    .executeTakeFirstOrThrow();
  return Number(version);
}

type Place = Pick<ContentStep, 'version' | 'base' | 'scope'>;

async function delta(
  db: ContentTransaction,
  topic: string,
  place: Place,
  now: Date,
): Promise<ContentStep | null> {
  const changed = await db
    .selectFrom('content_items')
    .select(['id', 'item', 'scopes', 'expires_at'])
    .where('topic', '=', topic)
    .where('version', '>', String(place.base))
    .where(sql<boolean>`reach && ${[place.scope, EVERYWHERE]}::text[]`)
    .orderBy('version')
    .orderBy('id')
    .execute();
  if (changed.length === 0) return null;
  const upserts: Record<string, unknown>[] = [];
  const removes: string[] = [];
  for (const { id, item, scopes, expires_at: over } of changed) {
    const wanted = (scopes.length === 0 || scopes.includes(place.scope)) && (over === null || over > now);
    if (item !== null && wanted) upserts.push(item);
    else removes.push(id);
  }
  return { ...place, upserts, removes };
}

async function whole(db: ContentTransaction, topic: string, place: Place, now: Date): Promise<ContentStep> {
  const rows = await db
    .selectFrom('content_items')
    .select('item')
    .where('topic', '=', topic)
    .where('item', 'is not', null)
    .where(sql<boolean>`(cardinality(scopes) = 0 or ${place.scope} = any(scopes))`)
    .where(sql<boolean>`(expires_at is null or expires_at > ${now})`)
    .orderBy('version')
    .orderBy('id')
    .execute();
  return { ...place, upserts: rows.flatMap(({ item }) => (item === null ? [] : [item])), removes: [] };
}
