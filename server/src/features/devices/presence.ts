/** Collects sightings in memory and writes them down together every few seconds, one statement a tenant. */
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { DevicesStore, Sighting } from './store.ts';

const FLUSH_MS = 5_000;
const PER_STATEMENT = 5_000;

export class Presence {
  #seen = new Map<string, Map<string, Sighting>>();
  #timer: NodeJS.Timeout | undefined;
  readonly #store: Pick<DevicesStore, 'recordSightings'>;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(store: Pick<DevicesStore, 'recordSightings'>, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  seen(tenantId: string, id: string, externalIp: string, way: 'channel' | 'data'): void {
    const devices = this.#seen.get(tenantId) ?? new Map<string, Sighting>();
    this.#seen.set(tenantId, devices);
    const at = this.#clock.now();
    const before = devices.get(id);
    devices.set(id, {
      id,
      externalIp,
      from: before?.from ?? at,
      at,
      channel: way === 'channel' ? at : (before?.channel ?? null),
      data: way === 'data' ? at : (before?.data ?? null),
    });
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** A failed write is dropped: the next sighting of each device says more. */
  async flush(): Promise<void> {
    const seen = this.#seen;
    this.#seen = new Map();
    for (const [tenantId, devices] of seen) {
      // Ordered by id, so that two servers never lock the same rows the other way round.
      const sightings = [...devices.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      for (let at = 0; at < sightings.length; at += PER_STATEMENT) {
        await this.#store
          .recordSightings(tenantId, sightings.slice(at, at + PER_STATEMENT))
          .catch((error: unknown) => this.#log.warn({ err: error }, 'sightings were not written'));
      }
    }
  }
}
