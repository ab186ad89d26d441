/** Drops event-store partitions past their time, now and every hour. */
import type { EventStore } from '@merlon/event-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';

const EVERY_MS = 3_600_000;

export function startRetention(deps: {
  events: Pick<EventStore, 'dropExpired'>;
  clock: Clock;
  log: Logger;
}): { stop(): void } {
  const sweep = async () => {
    try {
      const dropped = await deps.events.dropExpired(deps.clock.now());
      if (dropped.length > 0)
        deps.log.info({ partitions: dropped.length }, 'expired partitions were dropped');
    } catch (error) {
      deps.log.warn({ err: error }, 'dropping expired partitions failed; it is tried again in an hour');
    }
  };
  const timer = setInterval(() => void sweep(), EVERY_MS);
  timer.unref();
  void sweep();
  return { stop: () => clearInterval(timer) };
}
