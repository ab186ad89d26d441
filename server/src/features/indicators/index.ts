/** Indicators: values that people and programs want looked for on devices, and what to do about them. */
import type { Feature, Platform } from '../../feature.ts';
import type { DeviceContents } from '../device-content/index.ts';
import { indicatorRoutes } from './routes.ts';
import { type IndicatorRow, indicatorsStore } from './store.ts';
import type { WatchedIndicator } from './watch.ts';

export { indicatorsMigrations } from './migrations.ts';
export { IndicatorWatch, type WatchedIndicator } from './watch.ts';

/** Servers tell each other that the indicators of a tenant changed. */
export const INDICATORS_CHANNEL = 'indicators';

/** An indicator that is to be looked for in past events, from a moment on. */
export type HuntedIndicator = Pick<WatchedIndicator, 'id' | 'type' | 'value'> & { readonly from: Date };

export interface Indicators extends Feature {
  /** Another text when the active indicators are others. */
  stamp(tenantId: string): Promise<string>;
  /** The active ones, as they are looked for. */
  watched(tenantId: string): Promise<WatchedIndicator[]>;
  /** Tenants with indicators that were not looked for in past events yet. */
  huntingTenants(): Promise<string[]>;
  /** Hands over some of those; they were looked for once `look` resolves, and are handed over again when it rejects. @returns how many there were */
  hunt(
    tenantId: string,
    limit: number,
    look: (hunted: readonly HuntedIndicator[]) => Promise<void>,
  ): Promise<number>;
}

const SWEEP_MS = 60_000;
const PER_SWEEP = 5_000;

export function createIndicators(
  platform: Pick<Platform, 'config' | 'state' | 'clock' | 'log'>,
  content: Pick<DeviceContents, 'change' | 'changed'>,
): Indicators {
  const log = platform.log.child({ part: 'indicators' });
  const { clock, state } = platform;
  const store = indicatorsStore(state, platform.config.maxIndicators);
  let sweep: NodeJS.Timeout | undefined;

  return {
    name: 'indicators',
    routes: indicatorRoutes({
      store,
      clock,
      content: (db, change) => content.change(db, 'indicators', change),
      async changed(tenantId) {
        await content.changed(tenantId, 'indicators');
        await state.notify(INDICATORS_CHANNEL, tenantId);
      },
    }),
    stamp: (tenantId) => store.stamp(tenantId, clock.now()),
    async watched(tenantId) {
      return (await store.active(tenantId, clock.now())).map(watchedIndicator);
    },
    huntingTenants: () => store.huntingTenants(clock.now()),
    async hunt(tenantId, limit, look) {
      const rows = await store.beginHunt(tenantId, limit, clock.now());
      if (rows.length === 0) return 0;
      let done = false;
      try {
        await look(
          rows.flatMap(({ id, type, compared, hunt_from: from }) =>
            from === null ? [] : [{ id, type, value: compared, from }],
          ),
        );
        done = true;
      } finally {
        await store.endHunt(tenantId, rows, done);
      }
      return rows.length;
    },
    async start() {
      sweep = setInterval(() => {
        purge().catch((error: unknown) => log.warn({ err: error }, 'expired indicators were not removed'));
      }, SWEEP_MS);
      sweep.unref();
    },
    async stop() {
      clearInterval(sweep);
    },
  };

  async function purge(): Promise<void> {
    while ((await store.purge(clock.now(), PER_SWEEP)) >= PER_SWEEP);
  }
}

function watchedIndicator(row: IndicatorRow): WatchedIndicator {
  return {
    id: row.id,
    type: row.type,
    value: row.compared,
    action: row.action,
    title: row.title,
    description: row.description,
    severity: row.severity,
    recommendedActions: row.recommended_actions,
    groups: row.group_names,
    generateAlert: row.generate_alert,
    expiresAt: row.expires_at?.getTime() ?? null,
  };
}
