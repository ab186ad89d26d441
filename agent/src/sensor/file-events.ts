import type { ProcessRecord } from './process-table.ts';

/**
 * Turns fanotify events into file changes. Pure: paths come in resolved.
 *
 * Writing a new file makes the kernel say "created" and, when the writer closes it, "written"; the two are told as one FileCreated when they come
 * within a second. A file written again and again by one process is told as modified once in ten seconds; the rest is counted.
 */

export type FileAction = 'FileCreated' | 'FileModified' | 'FileRenamed' | 'FileDeleted';

/** Who did it, as known at that moment. Pid 0: not visible from here. */
export interface FileActor {
  pid: number;
  process: ProcessRecord | null;
}

export interface FileChange {
  action: FileAction;
  /** Absolute; a bare name when its folder is gone and was not known. */
  path: string;
  previousPath: string | null;
  by: FileActor;
  atMs: number;
}

const HOLD_CREATED_MS = 1000;
const REPEAT_MS = 10_000;
const MAX_HELD = 4096;
const MAX_REPEATS = 16_384;

export class FileEvents {
  #emit: (change: FileChange) => void;
  #held = new Map<string, FileChange>();
  #modified = new Map<string, number>();
  /** Repeated modifications not told. */
  repeated = 0;

  constructor(emit: (change: FileChange) => void) {
    this.#emit = emit;
  }

  created(path: string, by: FileActor, atMs: number, closed: boolean): void {
    const change: FileChange = { action: 'FileCreated', path, previousPath: null, by, atMs };
    if (closed) {
      this.#note(path, by, atMs);
      this.#emit(change);
      return;
    }
    this.#held.set(path, change);
    if (this.#held.size > MAX_HELD) this.#release(this.#held.values().next().value);
  }

  written(path: string, by: FileActor, atMs: number): void {
    const held = this.#held.get(path);
    if (held !== undefined) {
      this.#release(held);
      this.#note(path, by, atMs);
      return;
    }
    const last = this.#modified.get(`${by.pid} ${path}`);
    if (last !== undefined && atMs - last < REPEAT_MS) {
      this.repeated++;
      return;
    }
    this.#note(path, by, atMs);
    this.#emit({ action: 'FileModified', path, previousPath: null, by, atMs });
  }

  renamed(from: string | null, to: string, by: FileActor, atMs: number): void {
    if (from !== null) this.#release(this.#held.get(from));
    this.#emit({ action: 'FileRenamed', path: to, previousPath: from, by, atMs });
  }

  deleted(path: string, by: FileActor, atMs: number): void {
    this.#release(this.#held.get(path));
    this.#emit({ action: 'FileDeleted', path, previousPath: null, by, atMs });
  }

  #note(path: string, by: FileActor, atMs: number): void {
    const key = `${by.pid} ${path}`;
    this.#modified.delete(key);
    this.#modified.set(key, atMs);
    if (this.#modified.size > MAX_REPEATS) {
      const [oldest] = this.#modified.keys();
      if (oldest !== undefined) this.#modified.delete(oldest);
    }
  }

  #release(change: FileChange | undefined): void {
    if (change === undefined) return;
    this.#held.delete(change.path);
    this.#emit(change);
  }

  /** Sends what was held long enough. @returns milliseconds until the next is due, null when none is held. */
  sweep(nowMs: number): number | null {
    for (const change of this.#held.values()) {
      const due = change.atMs + HOLD_CREATED_MS;
      if (due > nowMs) return due - nowMs;
      this.#release(change);
    }
    return null;
  }

  flush(): void {
    for (const change of [...this.#held.values()]) this.#release(change);
  }
}
