/** The process table, filled on demand from /proc: who is this pid, and what did it run? */
import type { FileHasher, HashedFile } from './file-hasher.ts';
import { listPids, readProcess } from './proc-files.ts';
import { type ProcessRecord, ProcessTable } from './process-table.ts';
import type { ResolvedScope } from './scope.ts';

export class KnownProcesses {
  readonly table: ProcessTable;
  #hasher: FileHasher;
  #scope: ResolvedScope;
  /** True while every process in scope is told of by the kernel: then what the table does not know is not asked of /proc twice. */
  complete = false;

  constructor(toIso: (bootNs: number) => string, hasher: FileHasher, scope: ResolvedScope) {
    this.table = new ProcessTable(toIso);
    this.#hasher = hasher;
    this.#scope = scope;
  }

  /** Everything that runs now. Parents come first, so that children know them. */
  seedAll(): void {
    for (const pid of listPids().sort((a, b) => a - b)) this.#fromProc(pid, 0);
  }

  /** The process; asked of /proc when it is not known. With a start time, only the very one. */
  find(pid: number, start?: number): ProcessRecord | null {
    const known = this.table.find(pid, start);
    if (known !== null && (start !== undefined || this.complete || !known.ended)) return known;
    // The newest of the pid has ended: another may have it now, else the ended one is meant.
    const read = this.#fromProc(pid, 0);
    if (read === null) return known;
    return start === undefined ? read : this.table.find(pid, start);
  }

  #fromProc(pid: number, depth: number): ProcessRecord | null {
    const facts = readProcess(pid);
    if (facts === null) return null;
    let parent = facts.parentPid === 0 ? null : this.table.find(facts.parentPid);
    if (parent === null && facts.parentPid !== 0 && depth < 2)
      parent = this.#fromProc(facts.parentPid, depth + 1);
    return this.table.seed(
      { ...facts, cgroup: 0, inScope: this.#scope.contains(pid) === true },
      // A process younger than its child is another one with the parent's old pid.
      parent !== null && parent.start <= facts.start ? parent : null,
    );
  }

  /** The executable of a process that did not start under the sensor's eyes is hashed when somebody first asks. */
  fileOf(record: ProcessRecord): HashedFile | null {
    if (record.file === null && !record.ended && record.path.startsWith('/'))
      record.file = this.#hasher.running(record.pid);
    return record.file;
  }
}
