/** All SQL of the detection feature. */
import type { StateStore } from '@merlon/state-store';
import type { ColumnType, Selectable, Transaction } from 'kysely';

type TenantId = ColumnType<string, string | undefined, never>;

interface DetectionDb {
  detection_rules: {
    tenant_id: TenantId;
    id: string;
    title: string;
    level: string;
    file: string | null;
    source: string;
    imported_by: string;
    imported_at: Date;
  };
  detection_rules_off: { tenant_id: TenantId; rule_id: string; switched_by: string; switched_at: Date };
}

export type StoredRule = Omit<Selectable<DetectionDb['detection_rules']>, 'tenant_id'>;
export type DetectionTransaction = Transaction<DetectionDb>;
type Alongside = (db: DetectionTransaction) => Promise<void>;

export class TooManyRulesError extends Error {
  override readonly name = 'TooManyRulesError';
}

export type DetectionStore = ReturnType<typeof detectionStore>;

export function detectionStore(state: StateStore) {
  return {
    /** The tenant's own rules, and the ids of rules of either kind that are switched off. */
    read(tenantId: string): Promise<{ own: StoredRule[]; off: string[] }> {
      return state.tenant<DetectionDb, { own: StoredRule[]; off: string[] }>(tenantId, async (db) => ({
        own: await db
          .selectFrom('detection_rules')
          .select(['id', 'title', 'level', 'file', 'source', 'imported_by', 'imported_at'])
          .orderBy('title')
          .orderBy('id')
          .execute(),
        off: (await db.selectFrom('detection_rules_off').select('rule_id').execute()).map(
          (row) => row.rule_id,
        ),
      }));
    },

    /** A rule of the same id is replaced. @throws TooManyRulesError */
    save(tenantId: string, rules: readonly StoredRule[], most: number, alongside: Alongside): Promise<void> {
      return state.tenant<DetectionDb, void>(tenantId, async (db) => {
        for (const rule of rules) {
          const { id, ...rest } = rule;
          await db
            .insertInto('detection_rules')
            .values({ id, ...rest })
            .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doUpdateSet(rest))
            .execute();
        }
        const { count } = await db
          .selectFrom('detection_rules')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) > most) throw new TooManyRulesError();
        await alongside(db);
      });
    },

    /** False: there was none. */
    remove(tenantId: string, id: string, alongside: Alongside): Promise<boolean> {
      return state.tenant<DetectionDb, boolean>(tenantId, async (db) => {
        const removed = await db
          .deleteFrom('detection_rules')
          .where('id', '=', id)
          .returning('id')
          .executeTakeFirst();
        if (!removed) return false;
        await db.deleteFrom('detection_rules_off').where('rule_id', '=', id).execute();
        await alongside(db);
        return true;
      });
    },

    switchRule(
      tenantId: string,
      id: string,
      enabled: boolean,
      by: string,
      at: Date,
      alongside: Alongside,
    ): Promise<void> {
      return state.tenant<DetectionDb, void>(tenantId, async (db) => {
        if (enabled) await db.deleteFrom('detection_rules_off').where('rule_id', '=', id).execute();
        else {
          await db
            .insertInto('detection_rules_off')
            .values({ rule_id: id, switched_by: by, switched_at: at })
            .onConflict((conflict) => conflict.columns(['tenant_id', 'rule_id']).doNothing())
            .execute();
        }
        await alongside(db);
      });
    },
  };
}
