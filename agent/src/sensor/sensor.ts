import type { SensorSourceHealth } from '@merlon/contract';
import type { FileHashes } from './file-hasher.ts';
import { LinuxSensor } from './linux-sensor.ts';
import type { SensorScope } from './scope.ts';

/**
 * A row of a hunting table as a sensor makes it: `Table` names the table, `Timestamp` is ISO 8601 UTC with seven fraction digits, the other
 * keys are columns of that table; absent means empty. `DeviceId`, `DeviceName` and `ReportId` are not the sensor's to give.
 */
export interface SensorRow {
  Table: string;
  Timestamp: string;
  [column: string]: unknown;
}

/** A source of hunting rows. Whatever the platform lacks, it starts, and says in its health what it cannot see. */
export interface Sensor {
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): SensorSourceHealth[];
  /** Hashes of a content by its `fileKey`, if it was executed under the sensor's eyes. */
  hashesOf(key: string): FileHashes | null;
  /** Sends a row that was made elsewhere, with the InitiatingProcess… columns of the process; without its start, of the newest of that pid. */
  report(row: SensorRow, by: { readonly pid: number; readonly start?: number }): void;
}

export interface SensorLog {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface SensorExclusions {
  /** Absolute path prefixes, a folder's with its trailing slash, whose file events are not reported. Added to the built-in ones. */
  paths?: readonly string[];
  /** Processes whose own network and file events are not reported. The agent's own is always among them. */
  pids?: readonly number[];
}

export interface SensorOptions {
  emit: (row: SensorRow) => void;
  /** Hears of the addresses that name servers give names. */
  resolved?: (address: string, name: string, ttlSeconds: number) => void;
  log: SensorLog;
  /** The agent's data folder: never reported on, used for the file self-test and to remember the boot clock. */
  dataDir: string;
  exclude?: SensorExclusions;
  /** What of the machine this sensor speaks for. Without it, `MERLON_SENSOR_SCOPE`, else the whole system. */
  scope?: SensorScope;
  /** Becomes DeviceInfo.ClientVersion. */
  agentVersion?: string;
  /** Rows a second and burst, per table; over it rows are suppressed and counted. Default 5000 and 100000. */
  rateLimit?: { perSecond: number; burst: number };
  /** Files over this many bytes are not hashed. Default 512 MiB. */
  hashLimitBytes?: number;
  /** Take no BPF, as if the kernel had none: for tests of the fallback. */
  withoutBpf?: boolean;
}

export function createLinuxSensor(options: SensorOptions): Sensor {
  return new LinuxSensor(options);
}
