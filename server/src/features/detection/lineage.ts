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

export class Lineage {
  readonly #limits: LineageLimits;
  /** Device -> its processes; both in order of use, oldest first. */
  readonly #devices = new Map<string, Map<string, ProcessRecord>>();
  #size = 0;

  constructor(limits: LineageLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** `started` is told in full; `by`, who started it, as far as the row says. */
  add(deviceId: string, started: ProcessRecord, by: ProcessRecord | null): void {
    const processes = this.#touch(deviceId);
    // A row of the parent's own says more than that of its child: it stays, and moves to the young end.
    if (by) this.#put(processes, by, false);
    this.#put(processes, started, true);
    while (this.#size > this.#limits.total) this.#forgetOldest();
  }

  find(deviceId: string, process: Pick<ProcessRecord, 'processId' | 'creationTime'>): ProcessRecord | null {
    const key = keyOf(process);
    return key === null ? null : (this.#devices.get(deviceId)?.get(key) ?? null);
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

  #touch(deviceId: string): Map<string, ProcessRecord> {
    const processes = this.#devices.get(deviceId) ?? new Map<string, ProcessRecord>();
    this.#devices.delete(deviceId);
    this.#devices.set(deviceId, processes);
    return processes;
  }

  #put(processes: Map<string, ProcessRecord>, process: ProcessRecord, replace: boolean): void {
    const key = keyOf(process);
    // Ids are used again: without a time it would be taken for another process.
    if (key === null) return;
    const known = processes.get(key);
    if (known) processes.delete(key);
    else this.#size += 1;
    processes.set(key, known && !replace ? known : process);
    if (processes.size > this.#limits.perDevice) {
      const [oldest] = processes.keys();
      if (oldest !== undefined && processes.delete(oldest)) this.#size -= 1;
    }
  }

  #forgetOldest(): void {
    for (const [deviceId, processes] of this.#devices) {
      const [oldest] = processes.keys();
      if (oldest !== undefined && processes.delete(oldest)) this.#size -= 1;
      if (processes.size === 0) this.#devices.delete(deviceId);
      return;
    }
  }
}

function keyOf({
  processId,
  creationTime,
}: Pick<ProcessRecord, 'processId' | 'creationTime'>): string | null {
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
