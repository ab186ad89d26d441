/** The BPF source: takes the kernel's records in order, keeps the process table by them, and makes process and network rows. */
import {
  type ExecRecord,
  type ForkRecord,
  type SensorRecord,
  type TcpRecord,
  UNSET_ID,
} from './bpf-records.ts';
import type { FileHasher } from './file-hasher.ts';
import type { KnownProcesses } from './known-processes.ts';
import { Listeners } from './listeners.ts';
import type { NameCache } from './name-cache.ts';
import { meaningOf, networkRow } from './network-rows.ts';
import { addressOf, listenersSeenBy, socketInodesOf } from './proc-files.ts';
import { processCreatedRow } from './process-rows.ts';
import type { ProcessRecord } from './process-table.ts';
import type { RowSink } from './row-sink.ts';
import { type RowContext, setInitiatingProcess } from './rows.ts';
import type { SensorRow } from './sensor.ts';

export interface KernelSourceDeps {
  processes: KnownProcesses;
  hasher: FileHasher;
  sink: RowSink;
  names: NameCache;
  rows: RowContext;
  timestamp: (bootNs: number) => string;
  nowMs: () => number;
  errorName: (errno: number) => string;
  containerOf: (cgroup: number) => string;
  /** Takes in the DNS answers that have arrived. */
  drainNames: () => void;
  /** Own processes, whose connections are not telemetry. */
  quietPids: ReadonlySet<number>;
  /** Self-test processes: no row at all. */
  canaryPids: ReadonlySet<number>;
  /** A connection accepted by nobody known: reported when the scope is the system, else it is some other host's. */
  reportUnowned: boolean;
}

export interface KernelCounts {
  process: number;
  network: number;
}

export class KernelSource {
  #deps: KernelSourceDeps;
  #listeners = new Listeners();
  readonly counts: KernelCounts = { process: 0, network: 0 };
  /** What of the self-test was seen. */
  readonly witnessed = { exec: false, connect: false };

  constructor(deps: KernelSourceDeps) {
    this.#deps = deps;
  }

  /** Who listens already: found once, in /proc. */
  seedListeners(): void {
    const owners = new Map<number, ProcessRecord>();
    const namespaces = new Map<number, number>();
    for (const record of this.#deps.processes.table.living()) {
      if (!record.inScope || !record.path.startsWith('/')) continue;
      for (const inode of socketInodesOf(record.pid)) if (!owners.has(inode)) owners.set(inode, record);
      if (record.netns !== 0 && !namespaces.has(record.netns)) namespaces.set(record.netns, record.pid);
    }
    for (const [netns, pid] of namespaces) {
      for (const socket of listenersSeenBy(pid)) {
        const owner = owners.get(socket.inode);
        if (owner !== undefined) this.#listeners.add(netns, addressOf(socket), socket.port, owner);
      }
    }
  }

  take(record: SensorRecord): void {
    switch (record.kind) {
      case 'fork':
        this.#fork(record);
        return;
      case 'exec':
        this.#exec(record);
        return;
      case 'exit':
        this.#deps.processes.table.exit(record.pid, record.start, this.#deps.nowMs());
        return;
      case 'tcp':
        this.#tcp(record);
        return;
    }
  }

  #parentOf(r: ForkRecord | ExecRecord): ProcessRecord | null {
    return r.parentPid === 0 ? null : this.#deps.processes.find(r.parentPid, r.parentStart);
  }

  #fork(r: ForkRecord): void {
    this.#deps.processes.table.fork(
      { ...r, session: r.session === UNSET_ID ? null : r.session },
      this.#parentOf(r),
    );
  }

  #exec(r: ExecRecord): void {
    const { processes, hasher, sink, rows, timestamp, canaryPids } = this.#deps;
    const current = processes.table.find(r.pid, r.start);
    const file = hasher.executed(r.file, r.pid, r.path);
    const record = processes.table.exec(
      r.pid,
      r.start,
      {
        path: r.path,
        commandLine: r.commandLine,
        uid: r.uid,
        session: r.session === UNSET_ID ? null : r.session,
        netns: r.netns,
        cgroup: r.cgroup,
        file,
        fileSize: r.file.size,
      },
      current,
      { pid: r.parentPid, record: current?.parent ?? this.#parentOf(r) },
    );
    if (canaryPids.has(r.pid)) {
      this.witnessed.exec = true;
      return;
    }
    this.counts.process++;
    if (!sink.allows('DeviceProcessEvents')) return;
    const container = this.#deps.containerOf(r.cgroup);
    const row = processCreatedRow(rows, timestamp(r.time), record, r, container);
    sink.send(row, file, record.parent === null ? null : processes.fileOf(record.parent));
  }

  #tcp(t: TcpRecord): void {
    const { processes, sink, timestamp, quietPids, errorName, reportUnowned } = this.#deps;
    const meaning = meaningOf(t);
    if (meaning === null) return;
    if (meaning === 'ListenerClosed') {
      this.#listeners.remove(t.netns, t.localIp, t.localPort);
      return;
    }
    const owner =
      meaning === 'InboundConnectionAccepted'
        ? this.#listeners.ownerOf(t.netns, t.localIp, t.localPort)
        : processes.find(t.ownerPid, t.ownerStart);
    if (meaning === 'ListeningConnectionCreated' && owner !== null)
      this.#listeners.add(t.netns, t.localIp, t.localPort, owner);
    if (meaning === 'ConnectionSuccess' && quietPids.has(t.ownerPid)) this.witnessed.connect = true;
    if (owner === null && meaning === 'InboundConnectionAccepted' && !reportUnowned) return;
    if (quietPids.has(owner?.pid ?? t.ownerPid)) return;
    this.counts.network++;
    if (!sink.allows('DeviceNetworkEvents')) return;
    const row = networkRow(timestamp(t.time), meaning, t, this.#nameOf(t.remoteIp), errorName);
    this.#attribute(row, t, owner);
    sink.send(row, null, owner === null ? null : processes.fileOf(owner));
  }

  /** A program connects within a millisecond of the answer: that may still be waiting to be read. */
  #nameOf(ip: string): string | null {
    const { names, nowMs, drainNames } = this.#deps;
    const known = names.nameOf(ip, nowMs());
    if (known !== null) return known;
    drainNames();
    return names.nameOf(ip, nowMs());
  }

  #attribute(row: SensorRow, t: TcpRecord, owner: ProcessRecord | null): void {
    if (owner !== null) {
      setInitiatingProcess(row, this.#deps.rows, owner);
      return;
    }
    if (t.ownerPid === 0) return;
    row.InitiatingProcessId = t.ownerPid;
    row.InitiatingProcessFileName = t.ownerComm;
    row.InitiatingProcessCreationTime = this.#deps.timestamp(t.ownerStart);
    row.InitiatingProcessAccountName = this.#deps.rows.accountName(t.ownerUid);
    row.InitiatingProcessAccountDomain = this.#deps.rows.accountDomain;
  }
}
