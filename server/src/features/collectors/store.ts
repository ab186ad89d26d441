/** All SQL of the collectors feature. */
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql } from 'kysely';

type TenantId = ColumnType<string, string | undefined, never>;

interface CollectorsTable {
  tenant_id: TenantId;
  id: string;
  name: string;
  hash: string;
  hint: string;
  hosts: string[];
  device_groups: number[];
  created_by: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
}
interface CollectorsDb {
  collectors: CollectorsTable;
  collector_counts: {
    tenant_id: TenantId;
    collector_id: string;
    source: string;
    event_id: string;
    fate: string;
    reason: string;
    /** bigint arrives as text. */
    events: ColumnType<string, number, number>;
    last_at: Date;
    last_host: string | null;
  };
}
export type CollectorRow = Selectable<CollectorsTable>;

export interface CountedKind {
  readonly source: string;
  readonly eventId: string;
  readonly fate: string;
  readonly reason: string;
}
export interface Counted extends CountedKind {
  readonly events: number;
  readonly lastAt: Date;
  /** Null when it could not be told. */
  readonly lastHost: string | null;
}

const MOST_COLLECTORS = 200;

export type CollectorsStore = ReturnType<typeof collectorsStore>;

export function collectorsStore(state: StateStore) {
  return {
    list: (tenantId: string): Promise<CollectorRow[]> =>
      state.read<CollectorsDb, CollectorRow[]>(tenantId, (db) =>
        db.selectFrom('collectors').selectAll().orderBy('created_at').orderBy('id').execute(),
      ),

    add: (tenantId: string, row: Omit<CollectorRow, 'tenant_id' | 'revoked_at'>): Promise<void> =>
      state.tenant<CollectorsDb, void>(tenantId, async (db) => {
        const { count } = await db
          .selectFrom('collectors')
          .select((e) => e.fn.countAll<string>().as('count'))
          .where('revoked_at', 'is', null)
          .executeTakeFirstOrThrow();
        if (Number(count) >= MOST_COLLECTORS)
          throw new ApiError('DisallowedOperation', `A tenant has at most ${MOST_COLLECTORS} collectors.`);
        await db
          .insertInto('collectors')
          .values({ ...row, revoked_at: null })
          .execute();
      }),

    revoke: (tenantId: string, id: string, at: Date): Promise<CollectorRow> =>
      state.tenant<CollectorsDb, CollectorRow>(tenantId, async (db) => {
        const row = await db
          .updateTable('collectors')
          .set({ revoked_at: sql<Date>`coalesce(revoked_at, ${at})` })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (!row) throw notFound(id);
        return row;
      }),

    find: (tenantId: string, id: string): Promise<CollectorRow> =>
      state.read<CollectorsDb, CollectorRow>(tenantId, async (db) => {
        const row = await db.selectFrom('collectors').selectAll().where('id', '=', id).executeTakeFirst();
        if (!row) throw notFound(id);
        return row;
      }),

    /** Whose secret is this? Across tenants: a collector shows nothing else. */
    byHash: (hash: string): Promise<CollectorRow | undefined> =>
      state.system<CollectorsDb, CollectorRow | undefined>((db) =>
        db.selectFrom('collectors').selectAll().where('hash', '=', hash).executeTakeFirst(),
      ),

    /** One statement for many kinds of event. */
    count: (tenantId: string, collectorId: string, counted: readonly Counted[]): Promise<void> =>
      state.tenant<CollectorsDb, void>(tenantId, async (db) => {
        await sql`
          insert into collector_counts (collector_id, source, event_id, fate, reason, events, last_at, last_host)
          select ${collectorId}::uuid, * from unnest(${counted.map((c) => c.source)}::text[], ${counted.map((c) => c.eventId)}::text[],
            ${counted.map((c) => c.fate)}::text[], ${counted.map((c) => c.reason)}::text[], ${counted.map((c) => c.events)}::bigint[],
            ${counted.map((c) => c.lastAt)}::timestamptz[], ${counted.map((c) => c.lastHost)}::text[])
          on conflict (tenant_id, collector_id, source, event_id, fate, reason) do update set
            events = collector_counts.events + excluded.events, last_at = greatest(collector_counts.last_at, excluded.last_at),
            last_host = coalesce(excluded.last_host, collector_counts.last_host)`.execute(db);
      }),

    counts: (tenantId: string, collectorId: string): Promise<Counted[]> =>
      state.read<CollectorsDb, Counted[]>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('collector_counts')
          .selectAll()
          .where('collector_id', '=', collectorId)
          .orderBy('events', 'desc')
          .orderBy('source')
          .orderBy('event_id')
          .execute();
        return rows.map((row) => ({
          source: row.source,
          eventId: row.event_id,
          fate: row.fate,
          reason: row.reason,
          events: Number(row.events),
          lastAt: row.last_at,
          lastHost: row.last_host,
        }));
      }),
  };
}

function notFound(id: string): ApiError {
  return new ApiError('ResourceNotFound', `Collector ${id} was not found.`);
}
