/**
 * The file source: one fanotify group that notifies, and never decides, with a mark on each file system. An event names a directory by handle,
 * a name in it, and a process.
 */
import { closeSync, lstatSync, openSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { type DirectoryEntry, decodeFanotify, FAN, type FanotifyEvent } from './fanotify-records.ts';
import { type FileChange, FileEvents } from './file-events.ts';
import { isQuiet, mountsToWatch, parseMounts, QUIET_PATHS } from './file-rules.ts';
import type { KnownProcesses } from './known-processes.ts';
import { POLL, type Poller } from './poller.ts';
import { baseName } from './process-table.ts';
import type { RowSink } from './row-sink.ts';
import { additionalFields, type RowContext, setInitiatingProcess } from './rows.ts';
import type { ResolvedScope } from './scope.ts';
import type { SensorLog, SensorRow } from './sensor.ts';
import type { SystemCalls } from './system-calls.ts';

export interface FileSourceDeps {
  calls: SystemCalls;
  poller: Poller;
  processes: KnownProcesses;
  scope: ResolvedScope;
  sink: RowSink;
  rows: RowContext;
  log: SensorLog;
  nowMs: () => number;
  timestamp: (ms: number) => string;
  /** Brings the process table up to the moment before file events are attributed. */
  drainProcesses: () => void;
  quietPids: ReadonlySet<number>;
  quietPaths: readonly string[];
  /** File of the self-test. */
  canaryPath: string;
  onMounts: () => void;
}

const INIT_FLAGS = 0x1 | 0x2 | 0x10 | 0xc00; // CLOEXEC, NONBLOCK, UNLIMITED_QUEUE, REPORT_DFID_NAME
/** REPORT_FID, REPORT_TARGET_FID, since Linux 5.17: the handle of a new folder comes with its making, so that its path outlives it. */
const TARGET_FLAGS = 0x200 | 0x1000;
const MARK_ADD_FILESYSTEM = 0x1 | 0x100;
const BASE_MASK = FAN.create | FAN.delete | FAN.closeWrite | FAN.onDirectory;
const READ_BYTES = 256 * 1024;
/**
 * The kernel's queue is ours to bound: it holds whatever we have not read. When more than this waits, events are read and counted as lost instead
 * of being looked into, which is many times faster.
 */
const BACKLOG_BYTES = 16 * 1024 * 1024;
const MAX_FOLDERS = 8192;
const EINVAL = 22;

export class FileSource {
  #d: FileSourceDeps;
  #fd = -1;
  #mountsFd = -1;
  #buffer = Buffer.allocUnsafe(READ_BYTES);
  /** An open folder of each watched file system, by its id. */
  #roots = new Map<string, number>();
  #watchedDevices = new Set<string>();
  #folders = new Map<string, string>();
  #inScope = new Map<number, { yes: boolean; untilMs: number }>();
  #events: FileEvents;
  #timer: NodeJS.Timeout | null = null;
  #renames = true;
  readonly counts = { events: 0, lost: 0, quiet: 0, unresolved: 0 };
  readonly unwatched: string[] = [];
  witnessed = false;

  constructor(deps: FileSourceDeps) {
    this.#d = deps;
    this.#events = new FileEvents((change) => this.#report(change));
  }

  get repeated(): number {
    return this.#events.repeated;
  }

  get reportsRenames(): boolean {
    return this.#renames;
  }

  /** @throws with the reason when file events cannot be had at all. */
  open(): void {
    const { calls, poller } = this.#d;
    this.#fd = calls.fanotifyInit(INIT_FLAGS | TARGET_FLAGS, 0);
    if (this.#fd < 0 && calls.errno() === EINVAL) this.#fd = calls.fanotifyInit(INIT_FLAGS, 0);
    if (this.#fd < 0) throw new Error(`fanotify_init: ${calls.errorName(calls.errno())}`);
    this.#watchMounts();
    if (this.#roots.size === 0) {
      const reason = this.unwatched.join(', ') || 'no file system to watch';
      this.close();
      throw new Error(reason);
    }
    poller.add(this.#fd, () => this.#read());
    this.#mountsFd = openSync('/proc/self/mountinfo', 'r');
    poller.add(
      this.#mountsFd,
      () => {
        this.#watchMounts();
        this.#d.onMounts();
      },
      POLL.priority | POLL.error,
    );
  }

  #watchMounts(): void {
    const mounts = mountsToWatch(parseMounts(readFileSync('/proc/self/mountinfo', 'utf8')));
    const present = new Set(mounts.map((mount) => mount.device));
    // A device number comes back for another file system once the first is gone.
    for (const device of this.#watchedDevices) if (!present.has(device)) this.#watchedDevices.delete(device);
    for (const mount of mounts) {
      if (this.#watchedDevices.has(mount.device)) continue;
      this.#watchedDevices.add(mount.device);
      const refusal = this.#watch(mount.path);
      if (refusal !== null) {
        this.unwatched.push(`${mount.path} (${mount.type}): ${refusal}`);
        this.#d.log.warn('file system not watched', { path: mount.path, type: mount.type, reason: refusal });
      }
    }
  }

  #watch(path: string): string | null {
    const { calls } = this.#d;
    const fsid = calls.fileSystemId(path);
    if (fsid === null) return calls.errorName(calls.errno());
    let marked = this.#mark(path);
    if (marked !== 0 && calls.errno() === EINVAL && this.#renames) {
      // Before Linux 5.17 a rename cannot be told as one event.
      this.#renames = false;
      marked = this.#mark(path);
    }
    if (marked !== 0) return calls.errorName(calls.errno());
    try {
      const previous = this.#roots.get(fsid);
      if (previous !== undefined) closeSync(previous);
      this.#roots.set(fsid, openSync(path, 'r'));
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #mark(path: string): number {
    const moves = this.#renames ? FAN.rename : FAN.movedFrom | FAN.movedTo;
    return this.#d.calls.fanotifyMark(this.#fd, MARK_ADD_FILESYSTEM, BASE_MASK | moves, path);
  }

  #read(): void {
    const { calls, nowMs } = this.#d;
    const at = nowMs();
    for (;;) {
      const discard = calls.bytesWaiting(this.#fd) > BACKLOG_BYTES;
      const n = calls.read(this.#fd, this.#buffer);
      if (n <= 0) break;
      // After the read: whoever did what was just read is in the ring by now.
      this.#d.drainProcesses();
      const damaged = decodeFanotify(this.#buffer, n, (event) => {
        if (discard) this.counts.lost++;
        else this.#take(event, at);
      });
      if (damaged > 0) this.counts.lost += damaged;
    }
    this.#schedule();
  }

  /** Held creations are sent when due, by a timer that exists only then. */
  #schedule(): void {
    if (this.#timer !== null) return;
    const due = this.#events.sweep(this.#d.nowMs());
    if (due === null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#schedule();
    }, due);
  }

  #take(event: FanotifyEvent, at: number): void {
    if ((event.mask & FAN.overflow) !== 0) {
      this.counts.lost++;
      return;
    }
    if ((event.mask & FAN.onDirectory) !== 0) {
      this.#learnFolder(event);
      return;
    }
    const own = this.#d.quietPids.has(event.pid);
    if (own && this.witnessed) return;
    if (!own && !this.#pidInScope(event.pid, at)) return;
    const path = this.#pathOf(event.entry);
    if (own) {
      if (path === this.#d.canaryPath) this.witnessed = true;
      return;
    }
    this.counts.events++;
    if (path === null) {
      this.counts.lost++;
      return;
    }
    const previous = this.#pathOf(event.oldEntry);
    if (isQuiet(path, this.#d.quietPaths) && (previous === null || isQuiet(previous, this.#d.quietPaths))) {
      this.counts.quiet++;
      return;
    }
    this.#apply(event, path, previous, at);
  }

  /** One event may say several things at once; they are told in the order in which they can have happened. */
  #apply(event: FanotifyEvent, path: string, previous: string | null, at: number): void {
    const { mask } = event;
    const by = { pid: event.pid, process: this.#d.processes.find(event.pid) };
    if ((mask & FAN.create) !== 0) this.#events.created(path, by, at, (mask & FAN.closeWrite) !== 0);
    else if ((mask & FAN.closeWrite) !== 0) this.#events.written(path, by, at);
    if ((mask & (FAN.rename | FAN.movedTo)) !== 0) this.#events.renamed(previous, path, by, at);
    if ((mask & FAN.delete) !== 0) this.#events.deleted(path, by, at);
  }

  #pidInScope(pid: number, at: number): boolean {
    const { scope, processes } = this.#d;
    if (scope.number === 0) return true;
    const known = processes.table.find(pid);
    if (known !== null && !known.ended) return known.inScope;
    const cached = this.#inScope.get(pid);
    if (cached !== undefined && cached.untilMs > at) return cached.yes;
    const yes = scope.contains(pid) ?? known?.inScope ?? false;
    if (this.#inScope.size > MAX_FOLDERS) this.#inScope.clear();
    this.#inScope.set(pid, { yes, untilMs: at + 1000 });
    return yes;
  }

  /** The bare name when the folder cannot be found any more. */
  #pathOf(entry: DirectoryEntry | null): string | null {
    if (entry === null) return null;
    const key = folderKey(entry.fsid, entry.handle);
    let folder = this.#folders.get(key);
    if (folder === undefined) {
      const found = this.#resolve(entry);
      if (found === null) {
        this.counts.unresolved++;
        return entry.name;
      }
      folder = found;
      this.#remember(key, folder);
    }
    return join(folder, entry.name);
  }

  #resolve(entry: DirectoryEntry): string | null {
    const root = this.#roots.get(entry.fsid);
    if (root === undefined) return null;
    const fd = this.#d.calls.openByHandle(root, entry.handle);
    // The folder is gone: removed together with what was in it.
    if (fd < 0) return null;
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return null;
    } finally {
      this.#d.calls.close(fd);
    }
  }

  #remember(key: string, folder: string): void {
    if (this.#folders.size >= MAX_FOLDERS) this.#folders.clear();
    this.#folders.set(key, folder);
  }

  /** Folders are not reported, but a new one's path is learnt before it is gone, and a renamed one changes the paths of all below it. */
  #learnFolder(event: FanotifyEvent): void {
    const moved = (event.mask & (FAN.rename | FAN.movedFrom)) !== 0;
    if (!moved && (event.mask & FAN.create) === 0) return;
    const path = this.#pathOf(event.entry);
    const known = path?.startsWith('/') === true ? path : null;
    if (moved)
      this.#moveBelow(this.#pathOf(event.oldEntry ?? event.entry), event.oldEntry === null ? null : known);
    if (known !== null && event.entry !== null && event.target !== null)
      this.#remember(folderKey(event.entry.fsid, event.target), known);
  }

  #moveBelow(from: string | null, to: string | null): void {
    for (const [key, folder] of this.#folders) {
      if (from?.startsWith('/') && folder !== from && !folder.startsWith(`${from}/`)) continue;
      if (from === null || to === null || !from.startsWith('/')) this.#folders.delete(key);
      else this.#folders.set(key, to + folder.slice(from.length));
    }
  }

  #report(change: FileChange): void {
    const { sink, rows, processes, timestamp } = this.#d;
    let stat: Stats | null = null;
    if (change.action !== 'FileDeleted' && change.path.startsWith('/')) {
      try {
        stat = lstatSync(change.path);
      } catch {
        // gone again, or in another mount namespace
      }
      // Sockets, pipes and devices are not files.
      if (stat !== null && !stat.isFile() && !stat.isSymbolicLink()) {
        this.counts.quiet++;
        return;
      }
    }
    if (!sink.allows('DeviceFileEvents')) return;
    const row: SensorRow = {
      Table: 'DeviceFileEvents',
      Timestamp: timestamp(change.atMs),
      ActionType: change.action,
      FileName: baseName(change.path),
    };
    const folderKnown = change.path.startsWith('/');
    if (folderKnown) row.FolderPath = change.path;
    if (change.previousPath !== null) {
      row.PreviousFileName = baseName(change.previousPath);
      row.PreviousFolderPath = change.previousPath;
    }
    if (stat?.isFile()) row.FileSize = stat.size;
    const extra = additionalFields({
      FolderUnknown: folderKnown ? undefined : true,
      Executable: stat?.isFile() && (stat.mode & 0o111) !== 0 ? true : undefined,
      SymbolicLink: stat?.isSymbolicLink() ? true : undefined,
      Mode: stat === null ? undefined : (stat.mode & 0o7777).toString(8).padStart(4, '0'),
      OwnerAccountName: stat === null ? undefined : rows.accountName(stat.uid),
    });
    if (extra !== undefined) row.AdditionalFields = extra;
    const by = change.by.process;
    if (by !== null) setInitiatingProcess(row, rows, by);
    else if (change.by.pid !== 0) row.InitiatingProcessId = change.by.pid;
    sink.send(row, null, by === null ? null : processes.fileOf(by));
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#fd >= 0) {
      this.#d.poller.remove(this.#fd);
      this.#read();
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.#d.calls.close(this.#fd);
      this.#fd = -1;
    }
    this.#events.flush();
    if (this.#mountsFd >= 0) {
      this.#d.poller.remove(this.#mountsFd);
      closeSync(this.#mountsFd);
      this.#mountsFd = -1;
    }
    for (const fd of this.#roots.values()) closeSync(fd);
    this.#roots.clear();
  }
}

function folderKey(fsid: string, handle: Buffer): string {
  return fsid + handle.toString('latin1');
}

export function allQuietPaths(dataDir: string, extra: readonly string[]): string[] {
  return [`${dataDir.replace(/\/+$/, '')}/`, ...QUIET_PATHS, ...extra];
}
