/**
 * Compares what was received with what a setting settled, by table and hour of receipt. The event store counts the one, the pump the other, each
 * range once: what differs is waiting, or wrong.
 */
import { ApiError, nowIso7 } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import type { Clock } from '../../telemetry/clock.ts';
import type { EventRows } from './event-rows.ts';
import type { StoredSetting } from './export-setting.ts';
import type { StreamingStore } from './store.ts';

const HOUR_MS = 3_600_000;
const USUAL_HOURS = 24;
const MOST_HOURS = 31 * 24;

const counts = {
  /** In the event store. */
  received: Type.Integer(),
  delivered: Type.Integer(),
  /** Kept back by filter or device groups. */
  leftOut: Type.Integer(),
  refused: Type.Integer(),
  dropped: Type.Integer(),
  /** `received` less all that was settled. 0: they agree. */
  difference: Type.Integer(),
} as const;

export const Reconciliation = Type.Object({
  exportId: Type.String(),
  from: Type.String(),
  to: Type.String(),
  /** No hour differs, and nothing was dropped. */
  agrees: Type.Boolean(),
  total: Type.Object(counts),
  hours: Type.Array(Type.Object({ eventType: Type.String(), hour: Type.String(), ...counts })),
});
export type Reconciliation = Static<typeof Reconciliation>;
type Hour = Reconciliation['hours'][number];

export type Reconcile = (
  tenantId: string,
  settingId: string,
  span: { readonly from?: string; readonly to?: string },
) => Promise<Reconciliation>;

export function reconciler(deps: {
  readonly store: Pick<StreamingStore, 'get' | 'hours'>;
  readonly rows: Pick<EventRows, 'hours'>;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
}): Reconcile {
  return async (tenantId, settingId, asked) => {
    const setting = await deps.store.get(tenantId, settingId);
    const { from, to } = spanOf(setting, asked, deps.clock.now());
    const hours = new Map<string, { -readonly [K in keyof Hour]: Hour[K] }>();
    const hourOf = (table: string, hour: string) => {
      const key = `${table} ${hour}`;
      const entry = hours.get(key) ?? {
        eventType: table,
        hour: `${hour}:00:00Z`,
        received: 0,
        delivered: 0,
        leftOut: 0,
        refused: 0,
        dropped: 0,
        difference: 0,
      };
      hours.set(key, entry);
      return entry;
    };
    // What is counted while it is read must not look as if it came from nowhere: settled first, received after.
    for (const row of await deps.store.hours(tenantId, settingId, from, to)) {
      const entry = hourOf(row.table_name, row.hour.toISOString().slice(0, 13));
      entry.delivered = Number(row.delivered);
      entry.leftOut = Number(row.left_out);
      entry.refused = Number(row.refused);
      entry.dropped = Number(row.dropped);
    }
    const began = new Date(Math.max(setting.createdAt.getTime(), from.getTime()));
    const span = { from: nowIso7(began), to: nowIso7(to) };
    for (const table of setting.tables)
      for (const { hour, rows } of await deps.rows.hours(tenantId, table, span, deps.stopping))
        hourOf(table, hour).received = rows;
    const listed = [...hours.values()].sort(
      (a, b) => a.hour.localeCompare(b.hour) || a.eventType.localeCompare(b.eventType),
    );
    const total = { received: 0, delivered: 0, leftOut: 0, refused: 0, dropped: 0, difference: 0 };
    for (const hour of listed) {
      hour.difference = hour.received - hour.delivered - hour.leftOut - hour.refused - hour.dropped;
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += hour[name];
    }
    return {
      exportId: settingId,
      from: nowIso7(from),
      to: nowIso7(to),
      agrees: total.dropped === 0 && listed.every(({ difference }) => difference === 0),
      total,
      hours: listed,
    };
  };
}

/** Whole hours: the counts are by hour. */
function spanOf(
  setting: StoredSetting,
  asked: { readonly from?: string; readonly to?: string },
  now: Date,
): { from: Date; to: Date } {
  const floor = (time: number) => new Date(Math.floor(time / HOUR_MS) * HOUR_MS);
  const to = asked.to === undefined ? now : new Date(asked.to);
  const end = new Date(Math.ceil(to.getTime() / HOUR_MS) * HOUR_MS);
  const usual = Math.max(setting.createdAt.getTime(), end.getTime() - USUAL_HOURS * HOUR_MS);
  const from = floor(asked.from === undefined ? usual : new Date(asked.from).getTime());
  const hours = (end.getTime() - from.getTime()) / HOUR_MS;
  if (!(hours > 0 && hours <= MOST_HOURS))
    throw new ApiError('InvalidInput', `'from' is before 'to', by at most ${MOST_HOURS} hours.`);
  return { from, to: end };
}
