/** Counts calls by application in memory and writes them down together: nothing is written per call. */
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Apps } from './apps.ts';

const FLUSH_MS = 15_000;

export interface AppUsage {
  count(tenantId: string, clientId: string): void;
  start(): void;
  stop(): Promise<void>;
}

export function createAppUsage({
  apps,
  clock,
  log,
}: {
  apps: Pick<Apps, 'recordUsage'>;
  clock: Clock;
  log: Logger;
}): AppUsage {
  let counts = new Map<string, { tenantId: string; clientId: string; calls: number }>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    if (counts.size === 0) return;
    const written = counts;
    counts = new Map();
    try {
      await apps.recordUsage(clock.now().toISOString().slice(0, 10), [...written.values()]);
    } catch (error) {
      log.warn({ err: error, applications: written.size }, 'calls of applications could not be counted');
    }
  }

  return {
    count(tenantId, clientId) {
      const known = counts.get(clientId);
      if (known) known.calls += 1;
      else counts.set(clientId, { tenantId, clientId, calls: 1 });
    },
    start() {
      timer = setInterval(() => void flush(), FLUSH_MS).unref();
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
