/** All SQL of the YARA rules. */
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';

interface YaraRulesTable {
  tenant_id: ColumnType<string, string | undefined, never>;
  id: string;
  text: string;
  rules: string[];
  device_groups: number[];
  updated_at: Date;
  updated_by: string;
}
export interface YaraRulesDb {
  yara_rules: YaraRulesTable;
}
export type YaraRulesRow = Selectable<YaraRulesTable>;
export type YaraRulesTransaction = Transaction<YaraRulesDb>;
type Listed = Omit<YaraRulesRow, 'text' | 'tenant_id'> & { bytes: number };

export function yaraRulesStore(state: StateStore) {
  return {
    list: (tenantId: string): Promise<Listed[]> =>
      state.read<YaraRulesDb, Listed[]>(tenantId, (db) =>
        db
          .selectFrom('yara_rules')
          .select([
            'id',
            'rules',
            'device_groups',
            'updated_at',
            'updated_by',
            sql<number>`octet_length(text)`.as('bytes'),
          ])
          .orderBy('id')
          .execute(),
      ),

    find: (tenantId: string, id: string): Promise<YaraRulesRow | undefined> =>
      state.read<YaraRulesDb, YaraRulesRow | undefined>(tenantId, (db) =>
        db.selectFrom('yara_rules').selectAll().where('id', '=', id).executeTakeFirst(),
      ),

    /** @param fits decides, under a lock, on what there is of others. */
    put: (
      tenantId: string,
      row: Omit<YaraRulesRow, 'tenant_id'>,
      fits: (others: { count: number; bytes: number }) => void,
      alongside: (db: YaraRulesTransaction) => Promise<void>,
    ): Promise<YaraRulesRow> =>
      state.tenant<YaraRulesDb, YaraRulesRow>(tenantId, async (db) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`yara rules ${tenantId}`}, 0))`.execute(db);
        const others = await db
          .selectFrom('yara_rules')
          .select([
            sql<string>`count(*)`.as('count'),
            sql<string>`coalesce(sum(octet_length(text)), 0)`.as('bytes'),
          ])
          .where('id', '<>', row.id)
          .executeTakeFirstOrThrow();
        fits({ count: Number(others.count), bytes: Number(others.bytes) });
        const { id: _, ...changed } = row;
        const kept = await db
          .insertInto('yara_rules')
          .values(row)
          .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doUpdateSet(changed))
          .returningAll()
          .executeTakeFirstOrThrow();
        await alongside(db);
        return kept;
      }),

    remove: (
      tenantId: string,
      id: string,
      alongside: (db: YaraRulesTransaction) => Promise<void>,
    ): Promise<YaraRulesRow | undefined> =>
      state.tenant<YaraRulesDb, YaraRulesRow | undefined>(tenantId, async (db) => {
        const gone = await db.deleteFrom('yara_rules').where('id', '=', id).returningAll().executeTakeFirst();
        if (gone) await alongside(db);
        return gone;
      }),
  };
}
