/** Puts the Linux sensor together: each source on its own, so that one that fails takes nothing with it but its own events. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTicks, nowIso7, type SensorSourceHealth, UNIX_EPOCH_TICKS } from '@merlon/contract';
import { IdNames } from './accounts.ts';
import { AuditSource } from './audit-source.ts';
import { BootTime, calibrate, creationOffset, type RememberedOffset } from './boot-clock.ts';
import { bootMark } from './boot-mark.ts';
import { BpfSource } from './bpf-source.ts';
import { CgroupNames } from './cgroup-names.ts';
import { accountDomain } from './device-info.ts';
import { DeviceSource } from './device-source.ts';
import { DnsSource } from './dns-source.ts';
import { ExecOpens } from './exec-opens.ts';
import { FileHasher, type FileHashes } from './file-hasher.ts';
import { allQuietPaths, FileSource } from './file-source.ts';
import { KernelSource } from './kernel-source.ts';
import { KnownProcesses } from './known-processes.ts';
import { type LogonRow, LogonRows } from './logon-rows.ts';
import { NameCache } from './name-cache.ts';
import { Poller } from './poller.ts';
import { ProcPoll } from './proc-poll.ts';
import { RowSink } from './row-sink.ts';
import { type RowContext, setInitiatingProcess } from './rows.ts';
import { parseScope, type ResolvedScope, resolveScope } from './scope.ts';
import { canaryConnect, canaryExec, canaryFile, sees } from './self-test.ts';
import type { Sensor, SensorOptions, SensorRow } from './sensor.ts';
import { type Koffi, loadKoffi, type SystemCalls, systemCalls } from './system-calls.ts';

const DEFAULT_RATE = { perSecond: 5000, burst: 100_000 };
const DEFAULT_HASH_LIMIT = 512 * 1024 * 1024;
const HASH_DRAIN_MS = 2000;
const MINUTE_MS = 60_000;
const SWEEP_MS = 10_000;
const MAX_REASON = 500;
/** useradd tells of an account before it has written it down. */
const UNNAMED_MS = 1500;

/** What a source came to at start. */
interface Verdict {
  provider: string;
  state: SensorSourceHealth['state'];
  reason: string | null;
}

interface Native {
  koffi: Koffi;
  calls: SystemCalls;
  poller: Poller;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export class LinuxSensor implements Sensor {
  #o: SensorOptions;
  #scope: ResolvedScope = resolveScope({ kind: 'system' });
  #native: Native | null = null;
  #hasher: FileHasher;
  #sink: RowSink;
  #names = new NameCache();
  #accounts = new IdNames('/etc/passwd');
  #groups = new IdNames('/etc/group');
  /** Rows about accounts in the making, until their names can be looked up. */
  #unnamed = new Map<NodeJS.Timeout, () => void>();
  #rows: RowContext;
  #processes: KnownProcesses;
  #kernel: KernelSource | null = null;
  #bpf: BpfSource | null = null;
  #procPoll: ProcPoll | null = null;
  #files: FileSource | null = null;
  #execOpens: ExecOpens | null = null;
  #audit: AuditSource | null = null;
  #dns: DnsSource | null = null;
  #device: DeviceSource | null = null;
  #cgroups: CgroupNames | null = null;
  #timers: NodeJS.Timeout[] = [];
  #started: Promise<void> = Promise.resolve();
  #stopping = false;
  /** Of events, and of process creations. */
  #eventTime = new BootTime(0n);
  #creationTime = new BootTime(0n);
  #quietPids: Set<number>;
  #canaryPids = new Set<number>();
  #verdicts = new Map<string, Verdict>();
  #logonRows = 0;
  /** Kept past stop, when the maps are gone. */
  #lost = { process: 0, network: 0 };

  constructor(options: SensorOptions) {
    this.#o = options;
    this.#quietPids = new Set([process.pid, ...(options.exclude?.pids ?? [])]);
    this.#hasher = new FileHasher({
      limitBytes: options.hashLimitBytes ?? DEFAULT_HASH_LIMIT,
      drainOpened: () => this.#execOpens?.drain(),
      onWorkerError: (error) => options.log.error('the hashing thread failed', { error: message(error) }),
    });
    this.#sink = new RowSink({
      emit: options.emit,
      rateLimit: options.rateLimit ?? DEFAULT_RATE,
      nowMs: () => performance.now(),
    });
    this.#rows = {
      accountName: (uid) => this.#accounts.find(uid, performance.now()) ?? String(uid),
      accountDomain: accountDomain(),
      bootId: readBootId(),
    };
    this.#processes = this.#newProcesses();
  }

  #newProcesses(): KnownProcesses {
    return new KnownProcesses((ns) => this.#creationTime.iso(ns), this.#hasher, this.#scope);
  }

  start(): Promise<void> {
    this.#started = this.#begin();
    return this.#started;
  }

  async #begin(): Promise<void> {
    const { log, dataDir } = this.#o;
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    this.#scope = resolveScope(this.#o.scope ?? parseScope(process.env.MERLON_SENSOR_SCOPE ?? 'system'));
    this.#processes = this.#newProcesses();
    await this.#openNative();
    if (this.#stopping) return;
    this.#calibrate();
    this.#startExecOpens();
    this.#startKernel();
    this.#startFiles();
    this.#startAudit();
    this.#startDns();
    this.#native?.poller.start();
    await this.#selfTest();
    if (this.#stopping) return;
    this.#startDevice();
    this.#every(MINUTE_MS, () => this.#calibrateEvents());
    this.#every(SWEEP_MS, () => this.#processes.table.sweep(performance.now()));
    for (const { source, state, provider, reason } of this.health()) {
      const fields = { source, provider, ...(reason === undefined ? {} : { reason }) };
      if (state === 'Running') log.info('sensor source running', fields);
      else log.warn(`sensor source ${state.toLowerCase()}`, fields);
    }
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms));
  }

  async #openNative(): Promise<void> {
    try {
      const { koffi, libc } = await loadKoffi();
      const calls = systemCalls(koffi, libc);
      const onError = (error: unknown): void =>
        this.#o.log.error('a sensor source failed on an event', { error: message(error) });
      this.#native = { koffi, calls, poller: new Poller(calls, onError) };
      this.#cgroups = CgroupNames.open(calls);
    } catch (error) {
      this.#o.log.warn('native calls are not available', { error: message(error) });
    }
  }

  #calibrate(): void {
    const measured = this.#calibrateEvents();
    const path = join(this.#o.dataDir, 'boot-clock.json');
    const { bootId } = this.#rows;
    const offset = creationOffset(measured, bootId, readRemembered(path));
    this.#creationTime = new BootTime(offset);
    try {
      writeFileSync(path, JSON.stringify({ bootId, offsetTicks: String(offset) } satisfies RememberedOffset));
    } catch (error) {
      this.#o.log.warn('the boot clock is not remembered', { error: message(error) });
    }
  }

  #calibrateEvents(): bigint {
    const calls = this.#native?.calls;
    const offset =
      calls === undefined
        ? BigInt(Math.round(Date.now() - uptimeSeconds() * 1000)) * 10_000n
        : calibrate({ bootNs: calls.bootNs, realtimeNs: calls.realtimeNs });
    this.#eventTime = new BootTime(offset);
    return offset;
  }

  #timestamp(bootNs: number): string {
    return this.#eventTime.iso(bootNs);
  }

  /** Now, on the same clock as `performance.now()`, with its microseconds. */
  #wallClock(ms: number): string {
    return formatTicks(
      BigInt(Math.round((performance.timeOrigin + ms + this.#drift()) * 10_000)) + UNIX_EPOCH_TICKS,
    );
  }

  /** performance.now() does not follow the wall clock when it is set. */
  #drift(): number {
    const drift = Date.now() - (performance.timeOrigin + performance.now());
    return Math.abs(drift) < 2 ? 0 : drift;
  }

  #startKernel(): void {
    const native = this.#native;
    const common = {
      processes: this.#processes,
      sink: this.#sink,
      rows: this.#rows,
      timestamp: (ns: number) => this.#timestamp(ns),
      nowMs: () => performance.now(),
      quietPids: this.#quietPids,
    };
    const kernel = new KernelSource({
      ...common,
      hasher: this.#hasher,
      names: this.#names,
      errorName: (errno) => native?.calls.errorName(errno) ?? String(errno),
      containerOf: (cgroup) => this.#cgroups?.containerOf(cgroup) ?? '',
      drainNames: () => this.#dns?.drain(),
      canaryPids: this.#canaryPids,
      reportUnowned: this.#scope.number !== 1,
    });
    try {
      if (native === null) throw new Error('native calls are not available');
      if (this.#o.withoutBpf === true) throw new Error('turned off');
      const bpf = new BpfSource(native.koffi, native.calls, native.poller, this.#scope, process.pid, (r) =>
        kernel.take(r),
      );
      this.#bpf = bpf;
      this.#kernel = kernel;
      // Attached first, seeded second: what starts in between is in both, and the table takes it once.
      this.#processes.seedAll();
      kernel.seedListeners();
      this.#processes.complete = true;
      const partly = bpf.refused.length > 0 ? `the kernel refused ${bpf.refused.join(', ')}` : null;
      const state = partly === null ? 'Running' : 'Degraded';
      this.#verdicts.set('process', { provider: 'ebpf', state, reason: partly });
      this.#verdicts.set('network', { provider: 'ebpf', state, reason: partly });
    } catch (error) {
      const reason = `no BPF: ${message(error)}`;
      this.#processes.seedAll();
      this.#procPoll = new ProcPoll(common);
      this.#procPoll.start();
      this.#verdicts.set('process', {
        provider: 'proc',
        state: 'Degraded',
        reason: `${reason}; /proc is read each second, shorter processes are missed`,
      });
      this.#verdicts.set('network', { provider: 'none', state: 'Unavailable', reason });
    }
  }

  #startExecOpens(): void {
    this.#attempt('fileHash', 'fanotify', (native) => {
      const opens = new ExecOpens(native.calls, native.poller, this.#hasher);
      opens.open();
      this.#execOpens = opens;
    });
    const verdict = this.#verdicts.get('fileHash');
    if (verdict?.state === 'Unavailable')
      this.#verdicts.set('fileHash', {
        provider: 'path',
        state: 'Degraded',
        reason: `${verdict.reason}; a file deleted right after it ran has no hash`,
      });
  }

  #startFiles(): void {
    this.#attempt('file', 'fanotify', (native) => {
      const files = new FileSource({
        calls: native.calls,
        poller: native.poller,
        processes: this.#processes,
        scope: this.#scope,
        sink: this.#sink,
        rows: this.#rows,
        log: this.#o.log,
        nowMs: () => performance.now(),
        timestamp: (ms) => this.#wallClock(ms),
        drainProcesses: () => this.#bpf?.drain(),
        quietPids: this.#quietPids,
        quietPaths: allQuietPaths(this.#o.dataDir, this.#o.exclude?.paths ?? []),
        canaryPath: this.#canaryPath(),
        onMounts: () => this.#execOpens?.watchMounts(),
      });
      files.open();
      this.#files = files;
    });
  }

  #canaryPath(): string {
    return join(this.#o.dataDir, `self-test-${process.pid}`);
  }

  #startAudit(): void {
    const makeRows = new LogonRows({
      accountName: (uid) => this.#accounts.find(uid, performance.now()),
      groupName: (gid) => this.#groups.find(gid, performance.now()),
      accountDomain: this.#rows.accountDomain,
      isAdmin: (account) => (this.#accounts.idOf(account) === 0 ? true : null),
    });
    // Known before anything is deleted.
    this.#groups.find(0, performance.now());
    this.#attempt('logon', 'audit', (native) => {
      const audit = new AuditSource({
        calls: native.calls,
        poller: native.poller,
        canary: `merlon-self-test-${randomBytes(8).toString('hex')}`,
        mark: bootMark(join(this.#o.dataDir, 'audit-turned-on'), this.#rows.bootId),
        take: (record) => {
          const ticks = BigInt(record.timeMs) * 10_000n + UNIX_EPOCH_TICKS;
          const made = makeRows.rowOf(record, formatTicks(ticks));
          if (made !== null) this.#sendLogon(made);
        },
      });
      audit.open();
      this.#audit = audit;
    });
  }

  #sendLogon({ row, pid, unnamed }: LogonRow): void {
    // Who sent the record started before it did: its start is in the ring by now.
    this.#bpf?.drain();
    const by = this.#processes.find(pid);
    if (this.#scope.number !== 0 && by?.inScope !== true && this.#scope.contains(pid) !== true) return;
    this.#logonRows++;
    if (!this.#sink.allows(row.Table)) return;
    if (by !== null) setInitiatingProcess(row, this.#rows, by);
    else row.InitiatingProcessId = pid;
    const file = by === null ? null : this.#processes.fileOf(by);
    if (unnamed === null) {
      this.#sink.send(row, null, file);
      return;
    }
    const finish = (): void => {
      const names = unnamed.kind === 'user' ? this.#accounts : this.#groups;
      row.AccountName = names.find(unnamed.id, performance.now()) ?? String(unnamed.id);
      this.#sink.send(row, null, file);
    };
    const timer = setTimeout(() => {
      this.#unnamed.delete(timer);
      finish();
    }, UNNAMED_MS);
    this.#unnamed.set(timer, finish);
  }

  hashesOf(key: string): FileHashes | null {
    return this.#hasher.known(key);
  }

  report(row: SensorRow, { pid, start }: { readonly pid: number; readonly start?: number }): void {
    this.#bpf?.drain();
    if (!this.#sink.allows(row.Table)) return;
    const by = this.#processes.find(pid, start);
    if (by !== null) setInitiatingProcess(row, this.#rows, by);
    else row.InitiatingProcessId = pid;
    this.#sink.send(row, null, by === null ? null : this.#processes.fileOf(by));
  }

  #startDns(): void {
    this.#attempt('dns', 'packet', (native) => {
      const dns = new DnsSource({
        calls: native.calls,
        poller: native.poller,
        sink: this.#sink,
        names: this.#names,
        ...(this.#o.resolved === undefined ? {} : { resolved: this.#o.resolved }),
        nowMs: () => performance.now(),
        timestamp: (ms) => this.#wallClock(ms),
      });
      dns.open();
      this.#dns = dns;
    });
  }

  #attempt(source: string, provider: string, open: (native: Native) => void): void {
    try {
      if (this.#native === null) throw new Error('native calls are not available');
      open(this.#native);
      this.#verdicts.set(source, { provider, state: 'Running', reason: null });
    } catch (error) {
      this.#verdicts.set(source, { provider, state: 'Unavailable', reason: message(error) });
    }
  }

  #startDevice(): void {
    this.#device = new DeviceSource({
      native: this.#native,
      emit: (row) => this.#sink.send(row, null, null),
      timestamp: () => nowIso7(new Date()),
      own: () => ({
        users: this.#loggedOnUsers(),
        domain: this.#rows.accountDomain,
        agentVersion: this.#o.agentVersion,
        sensor: Object.fromEntries(
          this.health().map(({ source, provider, state, events, lost }) => [
            source,
            { provider, state, events, lost },
          ]),
        ),
      }),
    });
    this.#device.start();
  }

  /** Whoever has a login session with a process in it. */
  #loggedOnUsers(): string[] {
    const users = new Set<string>();
    for (const p of this.#processes.table.living())
      if (p.inScope && p.session !== null) users.add(this.#rows.accountName(p.uid));
    return [...users].sort();
  }

  /** Each test changes its source's verdict only when the source did not see what was done. */
  async #selfTest(): Promise<void> {
    const tests: Promise<void>[] = [];
    const kernel = this.#kernel;
    if (kernel !== null) {
      tests.push(
        this.#test(
          'process',
          () => canaryExec((pid) => this.#canaryPids.add(pid)),
          () => kernel.witnessed.exec,
        ),
        this.#test('network', canaryConnect, () => kernel.witnessed.connect),
      );
    }
    const files = this.#files;
    if (files !== null)
      tests.push(
        this.#test(
          'file',
          () => canaryFile(this.#canaryPath()),
          () => files.witnessed,
        ),
      );
    const audit = this.#audit;
    if (audit !== null)
      tests.push(
        this.#test(
          'logon',
          async () => audit.sendCanary(),
          () => audit.witnessed,
        ),
      );
    await Promise.all(tests);
    this.#bpf?.setWitness(0);
    this.#canaryPids.clear();
  }

  async #test(source: string, act: () => Promise<void>, seen: () => boolean): Promise<void> {
    let reason: string | null = null;
    let state: SensorSourceHealth['state'] = 'Degraded';
    try {
      await act();
      if (await sees(() => seen() || this.#stopping)) return;
      reason = 'the self-test was not seen';
    } catch (error) {
      // The test could not be made, which says nothing about the source.
      reason = `not tested: ${message(error)}`;
      state = 'Running';
    }
    const verdict = this.#verdicts.get(source);
    if (verdict !== undefined && verdict.state === 'Running')
      this.#verdicts.set(source, { ...verdict, state, reason });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    // A start under way ends at its next step: what it opened after us would never be closed. Its failure is its caller's to hear.
    await this.#started.catch(() => undefined);
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#procPoll?.stop();
    for (const [timer, finish] of this.#unnamed) {
      clearTimeout(timer);
      finish();
    }
    this.#unnamed.clear();
    this.#device?.stop();
    this.#dns?.close();
    this.#closeAudit();
    this.#files?.close();
    this.#execOpens?.close();
    if (this.#bpf !== null) {
      this.#lost = this.#bpf.lost();
      this.#bpf.close();
      this.#bpf = null;
    }
    await this.#native?.poller.stop();
    await this.#hasher.close(HASH_DRAIN_MS);
    this.#cgroups?.close();
    this.#cgroups = null;
    this.#native = null;
  }

  #closeAudit(): void {
    try {
      this.#audit?.close();
    } catch (error) {
      this.#o.log.warn('auditing stays on in the kernel', { error: message(error) });
    }
  }

  health(): SensorSourceHealth[] {
    const bpfLost = this.#bpf?.lost() ?? this.#lost;
    const suppressed = (table: string): number => this.#sink.suppressed(table);
    const files = this.#files;
    return [
      this.#sourceHealth(
        'process',
        this.#kernel?.counts.process ?? this.#procPoll?.counts.process ?? 0,
        bpfLost.process + (this.#bpf?.undecoded ?? 0),
        suppressed('DeviceProcessEvents'),
      ),
      this.#sourceHealth(
        'network',
        this.#kernel?.counts.network ?? 0,
        bpfLost.network,
        suppressed('DeviceNetworkEvents'),
      ),
      this.#sourceHealth(
        'file',
        files?.counts.events ?? 0,
        files?.counts.lost ?? 0,
        suppressed('DeviceFileEvents'),
        files === null
          ? []
          : [
              ...(files.reportsRenames ? [] : ['the kernel cannot tell old names of renamed files']),
              ...files.unwatched.map((what) => `not watched: ${what}`),
              ...(files.counts.unresolved > 0 ? [`folder unknown for ${files.counts.unresolved}`] : []),
              ...(files.counts.quiet > 0 ? [`${files.counts.quiet} left out by rule`] : []),
              ...(files.repeated > 0 ? [`${files.repeated} repeated modifications not told`] : []),
            ],
      ),
      this.#sourceHealth(
        'logon',
        this.#logonRows,
        this.#audit?.counts.lost ?? 0,
        suppressed('DeviceLogonEvents'),
        this.#audit?.turnedOn === true
          ? ['auditing was off in the kernel and is on while the sensor runs']
          : [],
      ),
      this.#sourceHealth(
        'dns',
        this.#dns?.counts.answers ?? 0,
        this.#dns?.counts.lost ?? 0,
        suppressed('DeviceEvents'),
      ),
      this.#sourceHealth(
        'fileHash',
        this.#hasher.counts.hashed,
        this.#execOpens?.counts.lost ?? 0,
        0,
        this.#sink.unhashed > 0 ? [`${this.#sink.unhashed} rows without hashes`] : [],
      ),
    ];
  }

  #sourceHealth(
    source: string,
    events: number,
    lost: number,
    suppressed: number,
    notes: string[] = [],
  ): SensorSourceHealth {
    const verdict = this.#verdicts.get(source) ?? {
      provider: 'none',
      state: 'Unavailable' as const,
      reason: 'not started',
    };
    const reason = [
      ...(verdict.reason === null ? [] : [verdict.reason]),
      ...(suppressed > 0 ? [`${suppressed} rows held back by the rate limit`] : []),
      ...notes,
    ].join('; ');
    return {
      source,
      provider: verdict.provider,
      state: verdict.state,
      events,
      lost: lost + suppressed,
      ...(reason === '' ? {} : { reason: reason.slice(0, MAX_REASON) }),
    };
  }
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function uptimeSeconds(): number {
  try {
    return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

function readRemembered(path: string): RememberedOffset | null {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof found !== 'object' || found === null || !('bootId' in found) || !('offsetTicks' in found))
      return null;
    const { bootId, offsetTicks } = found;
    return typeof bootId === 'string' && typeof offsetTicks === 'string' ? { bootId, offsetTicks } : null;
  } catch {
    return null;
  }
}
