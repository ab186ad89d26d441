/** Gives the detector the indicators of each tenant, and again when they change. */
import type { StateStore } from '@merlon/state-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { INDICATORS_CHANNEL, type Indicators } from '../indicators/index.ts';
import type { DetectorThread } from './detector-thread.ts';

export interface Watchlist {
  /** Resolves once the detector has the tenant's indicators as they are now. */
  ready(tenantId: string): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Word of a change may be missed. */
const REFRESH_MS = 30_000;
/** Indicators of all tenants together that the detector holds; those of the tenant heard of longest ago go first. */
const CAPACITY = 500_000;

export function createWatchlist(deps: {
  indicators: Pick<Indicators, 'stamp' | 'watched'>;
  detector: Pick<DetectorThread, 'setIndicators'>;
  state: Pick<StateStore, 'listen'>;
  clock: Clock;
  log: Logger;
}): Watchlist {
  /** In order of use. */
  const given = new Map<string, { stamp: string; readonly count: number; at: number }>();
  let held = 0;
  let stopListening: () => Promise<void> = async () => {};

  const forget = (tenantId: string) => {
    held -= given.get(tenantId)?.count ?? 0;
    given.delete(tenantId);
  };

  return {
    async ready(tenantId) {
      const now = deps.clock.now().getTime();
      const entry = given.get(tenantId);
      if (entry && now - entry.at < REFRESH_MS) return;
      // Before they are read: what changes meanwhile is read again.
      const stamp = await deps.indicators.stamp(tenantId);
      if (entry?.stamp === stamp) {
        entry.at = now;
        return;
      }
      const watched = await deps.indicators.watched(tenantId);
      deps.detector.setIndicators(tenantId, watched);
      forget(tenantId);
      given.set(tenantId, { stamp, count: watched.length, at: now });
      held += watched.length;
      for (const oldest of given.keys()) {
        if (held <= CAPACITY || oldest === tenantId) break;
        deps.log.warn(
          { tenantId: oldest },
          'more indicators are in use than are held; they are read again and again',
        );
        deps.detector.setIndicators(oldest, []);
        forget(oldest);
      }
    },
    async start() {
      stopListening = await deps.state.listen(INDICATORS_CHANNEL, (tenantId) => {
        const entry = given.get(tenantId);
        if (entry) entry.at = Number.NEGATIVE_INFINITY;
      });
    },
    stop: () => stopListening(),
  };
}
