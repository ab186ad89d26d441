/**
 * Which process started which, on every device, as told by the process rows seen. It lets an alert show several generations where a row names
 * only two. Bounded: a device keeps its latest processes and those that still start others; of all devices the quiet ones are forgotten first.
 */

export interface ProcessRecord {
  readonly processId: number;
  /** As in the row; with the id it names the process. */
  readonly creationTime: string | null;
  readonly fileName: string | null;
  /** Whole path of the image. */
  readonly path: string | null;
  readonly commandLine: string | null;
  readonly sha1: string | null;
  readonly sha256: string | null;
  readonly accountName: string | null;
  readonly accountDomain: string | null;
  readonly accountSid: string | null;
  readonly parent: ParentReference | null;
}

interface ParentReference {
  readonly processId: number;
  readonly creationTime: string | null;
  readonly fileName: string | null;
}

export interface LineageLimits {
  readonly perDevice: number;
  readonly total: number;
}

const DEFAULT_LIMITS: LineageLimits = { perDevice: 8_192, total: 150_000 };

type ProcessReference = Pick<ProcessRecord, 'processId' | 'creationTime'>;

/** The processes of a device in order of use, oldest first. */
interface DeviceProcesses {
  readonly byKey: Map<string, ProcessRecord>;
  /**
   * Stands before the oldest. What it gives is forgotten at once and what is used again moves to the end, so it never has to start over:
   * a new iterator would walk each time over the places of all that was forgotten.
   */
  readonly oldest: IterableIterator<string>;
}

export class Lineage {
  readonly #limits: LineageLimits;
  /** In order of use, oldest first. */
  readonly #devices = new Map<string, DeviceProcesses>();
  #newest: { readonly deviceId: string; readonly processes: DeviceProcesses } | null = null;
  #size = 0;

  constructor(limits: LineageLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** `started` is told in full; `by`, who started it, as far as the row says; null when nothing more is to be said of it. */
  add(deviceId: string, started: ProcessRecord, by: ProcessRecord | null): void {
    const processes = this.#touch(deviceId);
    // A row of the parent's own says more than that of its child: it stays, and moves to the young end.
    if (by) this.#put(processes, by, false);
    this.#put(processes, started, true);
    if (this.#size > this.#limits.total) this.#forgetOldest();
  }

  /** The process is still at work. False: it is not known. */
  use(deviceId: string, process: ProcessReference): boolean {
    const key = keyOf(process);
    const byKey = this.#devices.get(deviceId)?.byKey;
    const known = key === null ? undefined : byKey?.get(key);
    if (key === null || byKey === undefined || known === undefined) return false;
    byKey.delete(key);
    byKey.set(key, known);
    return true;
  }

  find(deviceId: string, process: ProcessReference): ProcessRecord | null {
    const key = keyOf(process);
    return key === null ? null : (this.#devices.get(deviceId)?.byKey.get(key) ?? null);
  }

  /** The processes that led to `process`, nearest first, as far as they are known; the last may be known by its name alone. */
  ancestors(deviceId: string, process: ProcessRecord, most: number): ProcessRecord[] {
    const found: ProcessRecord[] = [];
    const seen = new Set([keyOf(process)]);
    let { parent } = process;
    while (parent !== null && found.length < most) {
      const key = keyOf(parent);
      if (key !== null && seen.has(key)) break;
      seen.add(key);
      const known: ProcessRecord = this.find(deviceId, parent) ?? nameOnly(parent);
      found.push(known);
      parent = known.parent;
    }
    return found;
  }

  #touch(deviceId: string): DeviceProcesses {
    // Rows of a device come together.
    if (this.#newest?.deviceId === deviceId) return this.#newest.processes;
    const processes = this.#devices.get(deviceId) ?? newDevice();
    this.#devices.delete(deviceId);
    this.#devices.set(deviceId, processes);
    this.#newest = { deviceId, processes };
    return processes;
  }

  #put(processes: DeviceProcesses, process: ProcessRecord, replace: boolean): void {
    const key = keyOf(process);
    // Ids are used again: without a time it would be taken for another process.
    if (key === null) return;
    const { byKey } = processes;
    const known = byKey.get(key);
    if (known) byKey.delete(key);
    else this.#size += 1;
    byKey.set(key, known && !replace ? known : process);
    if (byKey.size > this.#limits.perDevice) this.#forgetOldestOf(processes);
  }

  #forgetOldestOf({ byKey, oldest }: DeviceProcesses): void {
    const { value } = oldest.next();
    if (value !== undefined && byKey.delete(value)) this.#size -= 1;
  }

  /** Some more than it must, so that it need not look for the quietest device each time. */
  #forgetOldest(): void {
    const most = this.#limits.total;
    let left = this.#size - most + Math.floor(most / 100);
    for (const [deviceId, processes] of this.#devices) {
      for (; left > 0 && processes.byKey.size > 0; left--) this.#forgetOldestOf(processes);
      if (processes.byKey.size > 0) return;
      this.#devices.delete(deviceId);
      if (this.#newest?.deviceId === deviceId) this.#newest = null;
    }
  }
}

function newDevice(): DeviceProcesses {
  const byKey = new Map<string, ProcessRecord>();
  return { byKey, oldest: byKey.keys() };
}

function keyOf({ processId, creationTime }: ProcessReference): string | null {
  return creationTime === null ? null : `${processId} ${creationTime}`;
}

function nameOnly(parent: ParentReference): ProcessRecord {
  return {
    ...parent,
    path: null,
    commandLine: null,
    sha1: null,
    sha256: null,
    accountName: null,
    accountDomain: null,
    accountSid: null,
    parent: null,
  };
}
