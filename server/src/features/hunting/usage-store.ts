/** All SQL of quotas. In the state store, so that they hold across restarts and between servers. */
import type { StateStore } from '@merlon/state-store';
import { sql } from 'kysely';
import type { HuntingDatabase, HuntingTransaction } from './database.ts';
import {
  exhausted,
  type Limit,
  type Meter,
  quotaError,
  type Usage,
  windowEnd,
  windowStart,
  windowsOf,
} from './quota.ts';

/** Windows that ended this long ago are forgotten. */
const KEPT_MS = 2 * 86_400_000;
/** Meters known to be full, so that whoever calls on in spite of it costs no transaction. */
const REMEMBERED = 10_000;

export type UsageStore = ReturnType<typeof usageStore>;

export function usageStore(state: StateStore) {
  const inTenant = <T>(tenantId: string, work: (db: HuntingTransaction) => Promise<T>) =>
    state.tenant<HuntingDatabase, T>(tenantId, work);

  const full = new Map<string, { readonly limit: Limit; readonly until: number }>();
  const keyOf = (tenantId: string, { name, subject }: Meter) => `${tenantId} ${name} ${subject}`;

  async function add(
    db: HuntingTransaction,
    meter: Meter,
    windows: readonly number[],
    at: Date,
    more: { calls: number; runMs: number },
  ): Promise<Usage[]> {
    const rows = await db
      .insertInto('hunting_usage')
      .values(
        windows.map((windowMs) => ({
          meter: meter.name,
          subject: meter.subject,
          window_ms: windowMs,
          starts_at: windowStart(at, windowMs),
          calls: more.calls,
          run_ms: more.runMs,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'meter', 'subject', 'window_ms', 'starts_at']).doUpdateSet({
          calls: sql`hunting_usage.calls + excluded.calls`,
          run_ms: sql`hunting_usage.run_ms + excluded.run_ms`,
        }),
      )
      .returning(['window_ms', 'calls', 'run_ms'])
      .execute();
    return rows.map((row) => ({ windowMs: row.window_ms, calls: row.calls, runMs: Number(row.run_ms) }));
  }

  return {
    /**
     * Counts one call, if there is room for it. A call that is refused is not counted.
     * @throws ApiError TooManyRequests
     */
    async admit(tenantId: string, meter: Meter, limits: readonly Limit[], at: Date): Promise<void> {
      const key = keyOf(tenantId, meter);
      const known = full.get(key);
      if (known !== undefined && known.until > at.getTime()) throw quotaError(known.limit, at);
      full.delete(key);
      await inTenant(tenantId, async (db) => {
        const now = await add(db, meter, windowsOf(limits), at, { calls: 1, runMs: 0 });
        const limit = exhausted(
          limits,
          now.map((usage) => ({ ...usage, calls: usage.calls - 1 })),
        );
        if (limit === null) return;
        if (full.size >= REMEMBERED) full.clear();
        full.set(key, { limit, until: windowEnd(at, limit.windowMs).getTime() });
        throw quotaError(limit, at);
      });
    },

    /** Puts down what a query took, in the windows of the moment it ended. */
    charge: (
      db: HuntingTransaction,
      meter: Meter,
      limits: readonly Limit[],
      at: Date,
      runMs: number,
    ): Promise<unknown> => add(db, meter, windowsOf(limits), at, { calls: 0, runMs: Math.ceil(runMs) }),

    read: (tenantId: string, meter: Meter, limits: readonly Limit[], at: Date): Promise<Usage[]> =>
      inTenant(tenantId, async (db) => {
        const rows = await db
          .selectFrom('hunting_usage')
          .select(['window_ms', 'calls', 'run_ms'])
          .where('meter', '=', meter.name)
          .where('subject', '=', meter.subject)
          .where((e) =>
            e.or(
              windowsOf(limits).map((windowMs) =>
                e.and([e('window_ms', '=', windowMs), e('starts_at', '=', windowStart(at, windowMs))]),
              ),
            ),
          )
          .execute();
        return rows.map((row) => ({ windowMs: row.window_ms, calls: row.calls, runMs: Number(row.run_ms) }));
      }),

    forget: (at: Date): Promise<void> =>
      state.system<HuntingDatabase, void>(async (db) => {
        await db
          .deleteFrom('hunting_usage')
          .where('starts_at', '<', new Date(at.getTime() - KEPT_MS))
          .execute();
      }),
  };
}
