/**
 * The fallback where BPF cannot be had: /proc is read once a second. A process that lives shorter than that is likely missed; the health says so.
 */

import { readFileSync } from 'node:fs';
import type { KnownProcesses } from './known-processes.ts';
import { listPids, parseStat } from './proc-files.ts';
import { processCreatedRow } from './process-rows.ts';
import { NS_PER_TICK } from './process-table.ts';
import type { RowSink } from './row-sink.ts';
import type { RowContext } from './rows.ts';

export interface ProcPollDeps {
  processes: KnownProcesses;
  sink: RowSink;
  rows: RowContext;
  timestamp: (bootNs: number) => string;
  nowMs: () => number;
  quietPids: ReadonlySet<number>;
}

const EVERY_MS = 1000;

export class ProcPoll {
  #d: ProcPollDeps;
  #timer: NodeJS.Timeout | null = null;
  #seen = new Map<number, number>();
  readonly counts = { process: 0 };

  constructor(deps: ProcPollDeps) {
    this.#d = deps;
  }

  start(): void {
    this.#scan(false);
    this.#timer = setInterval(() => this.#scan(true), EVERY_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #scan(report: boolean): void {
    const now = new Map<number, number>();
    for (const pid of listPids()) {
      const start = startOf(pid);
      if (start === null) continue;
      now.set(pid, start);
      if (this.#seen.get(pid) === start || !report || this.#d.quietPids.has(pid)) continue;
      this.#report(pid);
    }
    const { table } = this.#d.processes;
    for (const [pid, start] of this.#seen)
      if (now.get(pid) !== start) table.exit(pid, start, this.#d.nowMs());
    this.#seen = now;
  }

  #report(pid: number): void {
    const { processes, sink, rows, timestamp } = this.#d;
    const record = processes.find(pid);
    if (record === null || !record.inScope || !record.path.startsWith('/')) return;
    this.counts.process++;
    if (!sink.allows('DeviceProcessEvents')) return;
    const file = processes.fileOf(record);
    const row = processCreatedRow(rows, timestamp(record.start), record, null, '');
    sink.send(row, file, record.parent === null ? null : processes.fileOf(record.parent));
  }
}

function startOf(pid: number): number | null {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return stat === null ? null : stat.startTicks * NS_PER_TICK;
  } catch {
    return null;
  }
}
