/**
 * Takes in what devices say of themselves, and writes it down for many at once: the health of those that are connected every few seconds, what one says
 * when it connects within moments, since its orders wait for it. After a restart of the server all of a fleet connects again.
 */
import type { DeviceDescription, DeviceHealth } from '@merlon/contract';
import type { Logger } from '../../telemetry/log.ts';

export interface DeviceReport {
  readonly id: string;
  readonly health: DeviceHealth;
  /** Without process events the device is blind, whatever else works. */
  readonly sensorData: boolean;
  /** Null: it said so at its connection, and nothing of it changed. */
  readonly device: DeviceDescription | null;
}

export interface ReportsStore {
  recordReports(tenantId: string, reports: readonly DeviceReport[]): Promise<void>;
}

/** What waits to be written together. */
interface Batch {
  readonly reports: Map<string, DeviceReport>;
  readonly written: Promise<void>;
  write(): void;
}

const HEALTH_EVERY_MS = 5_000;
const HELLO_AFTER_MS = 10;
const PER_STATEMENT = 1_000;

export class Reports {
  readonly #store: ReportsStore;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Batch>();
  #healths = new Map<string, Map<string, DeviceReport>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: ReportsStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), HEALTH_EVERY_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled([...this.#waiting.values()].map(({ written }) => written));
    await this.flush();
  }

  /** Written with the others of the next seconds. A report that could not be is dropped: the next one says more. */
  health(tenantId: string, id: string, health: DeviceHealth): void {
    const devices = this.#healths.get(tenantId) ?? new Map<string, DeviceReport>();
    this.#healths.set(tenantId, devices);
    devices.set(id, { id, health, sensorData: hasSensorData(health), device: null });
  }

  /** Resolves when it is written, with what others say at the same moment. */
  hello(tenantId: string, id: string, health: DeviceHealth, device: DeviceDescription): Promise<void> {
    this.#healths.get(tenantId)?.delete(id);
    const batch = this.#batchOf(tenantId);
    batch.reports.set(id, { id, health, sensorData: hasSensorData(health), device });
    if (batch.reports.size >= PER_STATEMENT) batch.write();
    return batch.written;
  }

  async flush(): Promise<void> {
    const healths = this.#healths;
    this.#healths = new Map();
    for (const [tenantId, devices] of healths) {
      const reports = [...devices.values()];
      for (let at = 0; at < reports.length; at += PER_STATEMENT)
        await this.#write(tenantId, reports.slice(at, at + PER_STATEMENT)).catch((error: unknown) =>
          this.#log.warn({ err: error }, 'reports of devices were not written'),
        );
    }
  }

  #batchOf(tenantId: string): Batch {
    const open = this.#waiting.get(tenantId);
    if (open) return open;
    const reports = new Map<string, DeviceReport>();
    let write = () => {};
    const closed = new Promise<void>((resolve) => {
      write = () => {
        if (this.#waiting.get(tenantId) === batch) this.#waiting.delete(tenantId);
        resolve();
      };
    });
    const written = closed.then(() => this.#write(tenantId, [...reports.values()]));
    const batch: Batch = { reports, written, write };
    this.#waiting.set(tenantId, batch);
    setTimeout(write, HELLO_AFTER_MS);
    return batch;
  }

  /** Ordered by id, so that two servers never lock the same rows the other way round. */
  #write(tenantId: string, reports: readonly DeviceReport[]): Promise<void> {
    return this.#store.recordReports(
      tenantId,
      reports.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    );
  }
}

function hasSensorData(health: DeviceHealth): boolean {
  return health.sensors.some((sensor) => sensor.source === 'process' && sensor.state !== 'Unavailable');
}
