/**
 * The processes the sensor knows, living and lately ended, keyed by (pid, start time): a pid alone is reused. Pure: fed by kernel events and by
 * readings of /proc.
 *
 * A record is one *image* of a process. A fork makes a record that is still its parent's image; an exec replaces the record by one of the
 * new image with the same pid and start. Whoever was told about the old image keeps the old record, so a row always names what ran at the time.
 */
import type { HashedFile } from './file-hasher.ts';

export interface ProcessRecord {
  readonly pid: number;
  /** Nanoseconds since boot. */
  start: number;
  /** False while the start is only known to the clock tick of /proc (10 ms). */
  exact: boolean;
  creationTime: string;
  path: string;
  fileName: string;
  commandLine: string;
  uid: number;
  session: number | null;
  netns: number;
  cgroup: number;
  /** The executable, for its hashes; null until someone asks (processes found in /proc) or where it cannot be known. */
  file: HashedFile | null;
  fileSize: number | null;
  parentPid: number;
  parentFileName: string;
  parentCreationTime: string | null;
  /** Who forked it. Dropped at the end of the image, so that chains of dead ancestors do not pile up. */
  parent: ProcessRecord | null;
  /** False for a process outside the sensor's scope, known only as somebody's parent. */
  inScope: boolean;
  ended: boolean;
  /** An earlier process of the same pid, not yet forgotten. */
  older: ProcessRecord | null;
}

export type NewImage = Pick<
  ProcessRecord,
  'path' | 'commandLine' | 'uid' | 'session' | 'netns' | 'cgroup' | 'file' | 'fileSize'
>;

export interface ForkFacts {
  pid: number;
  start: number;
  parentPid: number;
  uid: number;
  session: number | null;
  netns: number;
  cgroup: number;
}

/** /proc counts in USER_HZ, 100 a second on every Linux. */
export const NS_PER_TICK = 10_000_000;
/** How long an ended process can still be asked about: events of other sources arrive late. */
export const REMEMBER_ENDED_MS = 30_000;
const MAX_ENDED = 65_536;

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path;
}

interface Ended {
  record: ProcessRecord;
  atMs: number;
}

export class ProcessTable {
  #byPid = new Map<number, ProcessRecord>();
  #ended: Ended[] = [];
  #endedFrom = 0;
  #toIso: (bootNs: number) => string;

  /** `toIso` turns a start time into the creation time of rows. */
  constructor(toIso: (bootNs: number) => string) {
    this.#toIso = toIso;
  }

  get size(): number {
    return this.#byPid.size;
  }

  /** The process of that pid; with a start time, only the very one, else the newest. */
  find(pid: number, start?: number): ProcessRecord | null {
    let record = this.#byPid.get(pid) ?? null;
    if (start === undefined) return record;
    while (record !== null && !this.#isSame(record, start)) record = record.older;
    return record;
  }

  #isSame(record: ProcessRecord, start: number): boolean {
    if (record.start === start) return true;
    if (record.exact || Math.floor(start / NS_PER_TICK) * NS_PER_TICK !== record.start) return false;
    record.start = start;
    record.exact = true;
    record.creationTime = this.#toIso(start);
    return true;
  }

  #place(record: ProcessRecord): ProcessRecord {
    const previous = this.#byPid.get(record.pid) ?? null;
    if (previous !== null) {
      if (this.#isSame(previous, record.start)) {
        record.older = previous.older;
        previous.older = null;
        previous.parent = null;
      } else {
        record.older = previous;
        // Its end was missed, or is still on the way: it cannot be running.
        if (!previous.ended) this.#remember(previous);
      }
    }
    this.#byPid.set(record.pid, record);
    return record;
  }

  fork(facts: ForkFacts, parent: ProcessRecord | null): ProcessRecord {
    const known = this.find(facts.pid, facts.start);
    if (known !== null) return known;
    return this.#place({
      pid: facts.pid,
      start: facts.start,
      exact: true,
      creationTime: this.#toIso(facts.start),
      path: parent?.path ?? '',
      fileName: parent?.fileName ?? '',
      commandLine: parent?.commandLine ?? '',
      uid: facts.uid,
      session: facts.session,
      netns: facts.netns,
      cgroup: facts.cgroup,
      file: parent?.file ?? null,
      fileSize: parent?.fileSize ?? null,
      parentPid: facts.parentPid,
      parentFileName: parent?.fileName ?? '',
      parentCreationTime: parent?.creationTime ?? null,
      parent,
      inScope: true,
      ended: false,
      older: null,
    });
  }

  /**
   * A new image. `current` is the process's record before it, null when its fork was not seen; then `parent` is who is its parent now.
   */
  exec(
    pid: number,
    start: number,
    image: NewImage,
    current: ProcessRecord | null,
    parent: { pid: number; record: ProcessRecord | null },
  ): ProcessRecord {
    const parentPid = current?.parentPid ?? parent.pid;
    const by = current?.parent ?? (parentPid === parent.pid ? parent.record : null);
    return this.#place({
      pid,
      start,
      exact: true,
      creationTime: current?.creationTime ?? this.#toIso(start),
      path: image.path,
      fileName: baseName(image.path),
      commandLine: image.commandLine,
      uid: image.uid,
      session: image.session,
      netns: image.netns,
      cgroup: image.cgroup,
      file: image.file,
      fileSize: image.fileSize,
      parentPid,
      parentFileName: by?.fileName ?? current?.parentFileName ?? '',
      parentCreationTime: by?.creationTime ?? current?.parentCreationTime ?? null,
      parent: by,
      inScope: true,
      ended: false,
      older: null,
    });
  }

  /** A process read from /proc. `start` is exact only to the tick. */
  seed(
    facts: ForkFacts & Pick<ProcessRecord, 'path' | 'commandLine' | 'inScope'>,
    parent: ProcessRecord | null,
  ): ProcessRecord {
    const known = this.#byPid.get(facts.pid);
    if (known !== undefined && Math.floor(known.start / NS_PER_TICK) * NS_PER_TICK === facts.start)
      return known;
    return this.#place({
      pid: facts.pid,
      start: facts.start,
      exact: false,
      creationTime: this.#toIso(facts.start),
      path: facts.path,
      fileName: baseName(facts.path),
      commandLine: facts.commandLine,
      uid: facts.uid,
      session: facts.session,
      netns: facts.netns,
      cgroup: facts.cgroup,
      file: null,
      fileSize: null,
      parentPid: facts.parentPid,
      parentFileName: parent?.fileName ?? '',
      parentCreationTime: parent?.creationTime ?? null,
      parent,
      inScope: facts.inScope,
      ended: false,
      older: null,
    });
  }

  exit(pid: number, start: number, nowMs: number): ProcessRecord | null {
    const record = this.find(pid, start);
    if (record === null || record.ended) return record;
    this.#remember(record, nowMs);
    return record;
  }

  #remember(record: ProcessRecord, atMs = 0): void {
    record.ended = true;
    record.parent = null;
    this.#ended.push({ record, atMs });
    while (this.#ended.length - this.#endedFrom > MAX_ENDED) this.#forgetFirst();
  }

  /** Forgets processes that ended long enough ago. */
  sweep(nowMs: number): void {
    for (;;) {
      const first = this.#ended[this.#endedFrom];
      if (first === undefined || first.atMs > nowMs - REMEMBER_ENDED_MS) break;
      this.#forgetFirst();
    }
  }

  #forgetFirst(): void {
    const first = this.#ended[this.#endedFrom++];
    if (this.#endedFrom > 1024 && this.#endedFrom * 2 > this.#ended.length) {
      this.#ended = this.#ended.slice(this.#endedFrom);
      this.#endedFrom = 0;
    }
    if (first === undefined) return;
    const { record } = first;
    let at = this.#byPid.get(record.pid) ?? null;
    if (at === record) {
      if (record.older === null) this.#byPid.delete(record.pid);
      else this.#byPid.set(record.pid, record.older);
      return;
    }
    while (at !== null && at.older !== record) at = at.older;
    if (at !== null) at.older = record.older;
  }

  /** Records of processes that have not ended. */
  *living(): Generator<ProcessRecord> {
    for (const record of this.#byPid.values()) if (!record.ended) yield record;
  }
}
