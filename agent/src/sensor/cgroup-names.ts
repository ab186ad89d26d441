/** Path of a cgroup by its id: the id is its file handle. So the name is known even when the process that bore it is gone. */
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { containerIdOf } from './proc-files.ts';
import { findCgroup2 } from './scope.ts';
import type { SystemCalls } from './system-calls.ts';

const FILEID_KERNFS = 0xfe;
const MAX_NAMES = 4096;
/** Ids up to the root's say nothing: 0 is "not told". */
const ROOT_ID = 1;

export class CgroupNames {
  #calls: SystemCalls;
  #root: number;
  #containers = new Map<number, string>();

  private constructor(calls: SystemCalls, root: number) {
    this.#calls = calls;
    this.#root = root;
  }

  /** Null where no unified hierarchy is mounted. */
  static open(calls: SystemCalls): CgroupNames | null {
    const path = findCgroup2(readFileSync('/proc/self/mountinfo', 'utf8'));
    return path === null ? null : new CgroupNames(calls, openSync(path, 'r'));
  }

  /** Id of the container the cgroup belongs to; empty for none, or when the cgroup is gone. */
  containerOf(id: number): string {
    if (id <= ROOT_ID) return '';
    let container = this.#containers.get(id);
    if (container === undefined) {
      const path = this.#pathOf(id);
      if (path === null) return '';
      container = containerIdOf(path) ?? '';
      if (this.#containers.size >= MAX_NAMES) this.#containers.clear();
      this.#containers.set(id, container);
    }
    return container;
  }

  #pathOf(id: number): string | null {
    const handle = Buffer.alloc(16);
    handle.writeUInt32LE(8, 0);
    handle.writeInt32LE(FILEID_KERNFS, 4);
    handle.writeBigUInt64LE(BigInt(id), 8);
    const fd = this.#calls.openByHandle(this.#root, handle);
    if (fd < 0) return null;
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return null;
    } finally {
      this.#calls.close(fd);
    }
  }

  close(): void {
    closeSync(this.#root);
  }
}
