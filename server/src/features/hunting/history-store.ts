/** All SQL of the query history: who ran what, through what, and what it took. */
import { nowIso7 } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type Expression, type Selectable, type SqlBool, sql } from 'kysely';
import { paged, type SqlPage, totalOf } from '../../odata/page.ts';
import type { HuntingDatabase, HuntingTransaction } from './database.ts';
import type { HistoryEntry, ReportDay } from './history.ts';

/** History is kept this long, */
const KEPT_DAYS = 30;
/** and of each tenant no more than this. */
const KEPT_ENTRIES = 50_000;
const DAY_MS = 86_400_000;

type Row = Omit<HuntingDatabase['hunting_history'], 'tenant_id' | 'id'>;
export type NewHistoryEntry = {
  [K in keyof Row]: Row[K] extends { readonly __insert__: infer I } ? I : Row[K];
};

export type HistoryStore = ReturnType<typeof historyStore>;

export function historyStore(state: StateStore) {
  return {
    async add(db: HuntingTransaction, entry: NewHistoryEntry): Promise<void> {
      await db
        .insertInto('hunting_history')
        .values({ ...entry, tables: sql`${[...entry.tables]}::text[]` as never })
        .execute();
    },

    /** @param actorId whose queries; null: everyone's */
    page: (tenantId: string, actorId: string | null, page: SqlPage) =>
      state.read<HuntingDatabase, { rows: HistoryEntry[]; total: number | null }>(tenantId, async (db) => {
        const matching = db.selectFrom('hunting_history').where(seen(actorId, page.where));
        const rows = await paged(matching.selectAll(), page).execute();
        return { rows: rows.map(toEntry), total: await totalOf(matching, page) };
      }),

    /** What was used, a day and an interface at a time, newest day first. */
    report: (tenantId: string, actorId: string | null, from: Date, until: Date): Promise<ReportDay[]> =>
      state.tenant<HuntingDatabase, ReportDay[]>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('hunting_history')
          .where(seen(actorId, null))
          .where('time', '>=', from)
          .where('time', '<', until)
          .select((e) => [
            sql<string>`to_char(time at time zone 'UTC', 'YYYY-MM-DD')`.as('day'),
            'interface',
            e.fn.countAll<string>().as('queries'),
            sql<string>`count(*) filter (where state = 'Failed')`.as('failed'),
            sql<string>`count(*) filter (where state = 'Throttled')`.as('throttled'),
            sql<string>`coalesce(sum(run_ms), 0)`.as('total'),
            sql<string>`coalesce(avg(run_ms), 0)`.as('average'),
            sql<string>`coalesce(max(run_ms), 0)`.as('highest'),
            sql<string>`coalesce(max(peak_memory_bytes), 0)`.as('memory'),
          ])
          .groupBy([sql`1`, 'interface'])
          .orderBy('day', 'desc')
          .orderBy('interface')
          .execute();
        return rows.map((row) => ({
          date: row.day,
          interface: row.interface,
          queries: Number(row.queries),
          failed: Number(row.failed),
          throttled: Number(row.throttled),
          runSeconds: {
            total: Number(row.total) / 1_000,
            average: Math.round(Number(row.average)) / 1_000,
            highest: Number(row.highest) / 1_000,
          },
          peakMemoryBytes: Number(row.memory),
        }));
      }),

    /** Lets go of what is past its time, and of what is more than a tenant may keep. How many entries. */
    forget: (at: Date): Promise<number> =>
      state.system<HuntingDatabase, number>(async (db) => {
        const old = await db
          .deleteFrom('hunting_history')
          .where('time', '<', new Date(at.getTime() - KEPT_DAYS * DAY_MS))
          .executeTakeFirst();
        const many = await sql`delete from hunting_history as entry using (
            select tenant_id, (array_agg(id order by id desc))[${sql.lit(KEPT_ENTRIES)}] as oldest from hunting_history group by tenant_id
          ) as kept where entry.tenant_id = kept.tenant_id and entry.id < kept.oldest`.execute(db);
        return Number(old.numDeletedRows) + Number(many.numAffectedRows ?? 0);
      }),
  };
}

function seen(actorId: string | null, where: Expression<SqlBool> | null): Expression<SqlBool> {
  const own = actorId === null ? sql<boolean>`true` : sql<boolean>`actor_id = ${actorId}`;
  return where === null ? own : sql<boolean>`(${own}) and (${where})`;
}

function toEntry(row: Selectable<HuntingDatabase['hunting_history']>): HistoryEntry {
  return {
    id: row.id,
    time: nowIso7(row.time),
    interface: row.interface,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    actorName: row.actor_name,
    appId: row.app_id,
    query: row.query,
    state: row.state,
    reason: row.reason,
    resourceUsage: row.resource_usage,
    runSeconds: Number(row.run_ms) / 1_000,
    totalSeconds: Number(row.total_ms) / 1_000,
    resultRows: Number(row.result_rows),
    resultBytes: Number(row.result_bytes),
    rowsRead: Number(row.rows_read),
    peakMemoryBytes: Number(row.peak_memory_bytes),
    tables: [...row.tables],
  };
}
