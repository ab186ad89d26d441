/**
 * Stops what runs a file, and puts the file away; puts it back on order. A file is copied before it is removed, and the copy is on disk first, so that at no moment it is
 * nowhere; whoever is interrupted does it again and finds what was done.
 *
 *   in its place ──copied──▶ kept, and in its place ──removed──▶ quarantined ──restored──▶ in its place
 */
import { createHash, randomBytes } from 'node:crypto';
import { type BigIntStats, constants, createReadStream, lstatSync } from 'node:fs';
import { type FileHandle, link, lstat, open, readlink, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nowIso7 } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { AgentError, codeOf, messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { ExecutionError, type ExecutionOrder } from '../channel/order-desk.ts';
import { readJson, writeJsonDurably } from '../files/durable.ts';
import { Serial } from '../time/serial.ts';
import type { ImageHashes } from './image-hashes.ts';
import { ATTRIBUTE, type NativeCalls, nativeCalls } from './native-calls.ts';
import {
  type FileId,
  haltProcesses,
  killProcesses,
  type RunningImage,
  runningImages,
} from './program-processes.ts';
import {
  DEFAULT_BOUNDS,
  type FoundFile,
  type SearchBounds,
  type SearchReport,
  type SoughtHash,
  searchFile,
} from './quarantine-search.ts';
import { type QuarantineEntry, QuarantineStore } from './quarantine-store.ts';
import type { SeenFiles } from './seen-files.ts';

const DEFAULT_MAX_BYTES = 1024 ** 3;
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const PERMISSIONS = 0o7777;
const MAX_RESTORED = 1_000;

/** SHA-256 of files that were restored by order: no indicator takes them away by itself again, only an order does. */
const Restored = Type.Array(Type.String());

export interface QuarantineOptions {
  readonly home: string;
  readonly log: AgentLog;
  readonly now: () => Date;
  readonly hashes: ImageHashes;
  readonly seen: Pick<SeenFiles, 'pathsOf'>;
  readonly maxBytes?: number;
  readonly bounds?: SearchBounds;
}

/** What became of one name, or of one file without any. */
interface Removed {
  readonly path: string | null;
  readonly entry: QuarantineEntry;
}

export class Quarantine {
  readonly #o: QuarantineOptions;
  readonly #oneAtATime = new Serial();
  readonly #restoredFile: string;
  #parts: Promise<{ calls: NativeCalls; store: QuarantineStore }> | null = null;

  constructor(options: QuarantineOptions) {
    this.#o = options;
    this.#restoredFile = join(options.home, 'restored-files.json');
  }

  /** The executor of StopAndQuarantineFile. */
  quarantine(order: ExecutionOrder<'StopAndQuarantineFile'>): Promise<Record<string, unknown>> {
    return this.#oneAtATime.run(() => this.#quarantine(order));
  }

  /**
   * What runs the file, and where it was met, without a search of the disk. Null: there is none any more, or it was restored by order and is spared for that.
   * @param met.putAway false: it is only stopped
   */
  remediate(
    file: SoughtHash,
    met: {
      readonly cause: string;
      readonly path: string | null;
      readonly putAway: boolean;
      readonly sparesRestored: boolean;
    },
  ): Promise<Record<string, unknown> | null> {
    const { cause, path, putAway, sparesRestored } = met;
    return this.#oneAtATime.run(async () => {
      const images = runningImages();
      const report = await searchFile({
        file,
        images: path === null ? images : images.filter(sameSizeAs(path)),
        hashes: this.#o.hashes,
        hints: path === null ? [] : [path],
        bounds: { ...this.#bounds(), roots: [] },
        signal: new AbortController().signal,
        progress: () => undefined,
        leaveOut: this.#o.home,
      });
      if (report.files.length === 0) return null;
      if (sparesRestored && (await this.#isRestored(report.files))) return null;
      return this.#carryOut({ file, cause, putAway, report, earlier: [] });
    });
  }

  /** The executor of RestoreQuarantinedFile. */
  restore({
    params,
  }: Pick<ExecutionOrder<'RestoreQuarantinedFile'>, 'params'>): Promise<Record<string, unknown>> {
    return this.#oneAtATime.run(async () => {
      const { store } = await this.#open();
      const entries = (await store.list()).filter((entry) => isOf(entry, params.file));
      if (entries.length === 0) throw new AgentError('no file of this hash is in quarantine here');
      const restored: Record<string, unknown>[] = [];
      for (const entry of entries) {
        try {
          restored.push(await this.#restore(entry));
        } catch (error) {
          throw new ExecutionError(`${entry.paths[0] ?? ''}: ${messageOf(error)}`, { restored }, error);
        }
      }
      return { restored };
    });
  }

  async list(): Promise<QuarantineEntry[]> {
    return (await this.#open()).store.list();
  }

  #bounds(): SearchBounds {
    return this.#o.bounds ?? DEFAULT_BOUNDS;
  }

  #open(): Promise<{ calls: NativeCalls; store: QuarantineStore }> {
    this.#parts ??= nativeCalls().then((calls) => ({
      calls,
      store: new QuarantineStore({
        home: this.#o.home,
        calls,
        maxBytes: this.#o.maxBytes ?? DEFAULT_MAX_BYTES,
      }),
    }));
    return this.#parts;
  }

  async #quarantine(order: ExecutionOrder<'StopAndQuarantineFile'>): Promise<Record<string, unknown>> {
    const { orderId, signal } = order;
    const { file } = order.params;
    const { store } = await this.#open();
    // An earlier run of this order may have come as far as this.
    const earlier = (await store.list()).filter((entry) => entry.cause === orderId && isOf(entry, file));
    const report = await searchFile({
      file,
      images: runningImages(),
      hashes: this.#o.hashes,
      hints: [...earlier.flatMap(({ paths }) => paths), ...this.#o.seen.pathsOf(file.value)],
      bounds: this.#bounds(),
      signal,
      progress: (details) => order.progress(details),
      leaveOut: this.#o.home,
    });
    if (report.files.length === 0 && earlier.length === 0) {
      throw new ExecutionError('no file of this hash was found', { looked: report.looked });
    }
    return this.#carryOut({ file, cause: orderId, putAway: true, report, earlier });
  }

  async #carryOut(wanted: {
    readonly file: SoughtHash;
    readonly cause: string;
    readonly putAway: boolean;
    readonly report: SearchReport;
    readonly earlier: readonly QuarantineEntry[];
  }): Promise<Record<string, unknown>> {
    const { file, cause, putAway, earlier } = wanted;
    const { files, looked } = wanted.report;
    const { calls } = await this.#open();
    const running = pidsOf(files);
    refuseVitalPrograms(running);
    const before = { running, paths: files.flatMap(({ paths }) => paths) };
    const halted = await haltProcesses(calls, files);
    const removed: Removed[] = [];
    const failures: string[] = [];
    for (const one of putAway ? files : []) {
      try {
        removed.push(...(await this.#putAway(one, { file, cause })));
      } catch (error) {
        failures.push(`${one.paths[0] ?? one.running ?? ''}: ${reasonOf(error)}`);
      }
    }
    // Stopped for good, whether or not the file could be put away.
    let killed = new Set<number>();
    try {
      killed = await killProcesses(calls, files);
    } catch (error) {
      failures.push(messageOf(error));
    }
    const evidence = {
      before,
      after: { running: pidsOf(files), paths: await stillThere(files) },
      killed: [...new Set([...halted, ...killed])],
      moved: [...earlier.map((entry) => ({ path: entry.paths[0] ?? null, entry })), ...removed].map(told),
      looked,
    };
    if (failures.length > 0) throw new ExecutionError(failures.join('; '), evidence);
    this.#o.log.warn('a file was stopped', { file: file.value, cause, putAway, killed: evidence.killed });
    return evidence;
  }

  /** Every name of the file. Its bytes are kept once. */
  async #putAway(found: FoundFile, { file, cause }: { file: SoughtHash; cause: string }): Promise<Removed[]> {
    const { calls, store } = await this.#open();
    const way = found.paths[0] ?? found.running;
    if (way === null || way === undefined) throw new AgentError('it vanished');
    const handle = await open(way, found.paths.length > 0 ? OPEN_FILE : constants.O_RDONLY);
    try {
      const stat = await handle.stat({ bigint: true });
      if (!isSame(stat, found) || !stat.isFile()) throw new AgentError('another file has its name by now');
      const attributes = calls.attributes(handle.fd);
      const entry = await store.keep(handle, {
        paths: found.paths.length > 0 ? found.paths : [await readlink(way)],
        deleted: found.paths.length === 0,
        mode: Number(stat.mode) & PERMISSIONS,
        uid: Number(stat.uid),
        gid: Number(stat.gid),
        atimeNs: String(stat.atimeNs),
        mtimeNs: String(stat.mtimeNs),
        attributes,
        extendedAttributes: Object.fromEntries(
          [...calls.extendedAttributes(handle.fd)].map(([name, value]) => [name, value.toString('base64')]),
        ),
        device: String(stat.dev),
        inode: String(stat.ino),
        linksLeft: Number(stat.nlink),
        quarantinedAt: nowIso7(this.#o.now()),
        cause,
      });
      try {
        if (!isOf(entry, file)) throw new AgentError('it was changed after it was found');
        const guarded = ATTRIBUTE.immutable | ATTRIBUTE.appendOnly;
        if (attributes !== null && (attributes & guarded) !== 0)
          calls.setAttributes(handle.fd, attributes & ~guarded);
        for (const path of found.paths) await removeName(path, found);
      } catch (error) {
        // Nothing was taken away of which only the copy is left: then the copy stays.
        if ((await stillThere([found])).length === found.paths.length) await store.remove(entry);
        throw error;
      }
      const { nlink } = await handle.stat({ bigint: true });
      const linksLeft = found.paths.length === 0 ? 0 : Number(nlink);
      // Names outside of where was looked: they may stay, but run no more.
      if (linksLeft > 0) await handle.chmod(0);
      const moved = { ...entry, moved: true, linksLeft };
      await store.write(moved);
      await store.seal(moved, true);
      return found.paths.length === 0
        ? [{ path: null, entry: moved }]
        : found.paths.map((path) => ({ path, entry: moved }));
    } finally {
      await handle.close();
    }
  }

  async #restore(entry: QuarantineEntry): Promise<Record<string, unknown>> {
    const { store } = await this.#open();
    const restored: string[] = [];
    const [first = ''] = entry.paths;
    if (!entry.deleted) {
      if ((await contentAt(first)) !== entry.sha256) await this.#writeBack(entry, first);
      restored.push(first);
      for (const other of entry.paths.slice(1)) {
        if ((await contentAt(other)) !== entry.sha256) await link(first, other).catch(refuseToOverwrite);
        restored.push(other);
      }
      await this.#rememberRestored(entry.sha256);
    }
    await store.remove(entry);
    const at = entry.deleted ? null : await lstat(first);
    return {
      id: entry.id,
      paths: restored,
      sha256: entry.sha256,
      size: entry.size,
      ...(at === null
        ? { note: 'it had no name when it was put away, so there is nowhere to put it back to' }
        : { mode: at.mode & PERMISSIONS, uid: at.uid, gid: at.gid }),
    };
  }

  /** Under another name first, whole and with all that belongs to it; then under its own, if nothing has that. */
  async #writeBack(entry: QuarantineEntry, path: string): Promise<void> {
    const { calls, store } = await this.#open();
    const folder = await open(dirname(path), OPEN_FOLDER);
    try {
      const at = (name: string) => `/proc/self/fd/${folder.fd}/${name}`;
      if (await exists(at(basename(path))))
        throw new AgentError('another file has its name by now: it is not overwritten');
      const partial = at(`.merlon-restore-${randomBytes(6).toString('hex')}`);
      const file = await open(partial, 'wx', 0o600);
      try {
        await store.unpack(entry, file);
        await this.#dress(file, entry, calls);
        await file.sync();
        await link(partial, at(basename(path))).catch(refuseToOverwrite);
        if (entry.attributes !== null && entry.attributes !== 0) {
          await rm(partial);
          calls.setAttributes(file.fd, entry.attributes);
        }
      } finally {
        await file.close();
        await rm(partial, { force: true });
      }
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Owner first: a change of owner takes the set-user-id bit and capabilities away. */
  async #dress(file: FileHandle, entry: QuarantineEntry, calls: NativeCalls): Promise<void> {
    await file.chown(entry.uid, entry.gid);
    await file.chmod(entry.mode);
    for (const [name, value] of Object.entries(entry.extendedAttributes))
      calls.setExtendedAttribute(file.fd, name, Buffer.from(value, 'base64'));
    await file.utimes(Number(entry.atimeNs) / 1e9, Number(entry.mtimeNs) / 1e9);
  }

  async #isRestored(files: readonly FoundFile[]): Promise<boolean> {
    const restored = new Set(await this.#restored());
    if (restored.size === 0) return false;
    for (const file of files) {
      const sha256 = await contentAt(file.paths[0] ?? file.running ?? '');
      if (sha256 === null || !restored.has(sha256)) return false;
    }
    return true;
  }

  async #restored(): Promise<Static<typeof Restored>> {
    return (await readJson(this.#restoredFile, Restored)) ?? [];
  }

  async #rememberRestored(sha256: string): Promise<void> {
    const known = await this.#restored();
    await writeJsonDurably(
      this.#restoredFile,
      [...known.filter((one) => one !== sha256), sha256].slice(-MAX_RESTORED),
    );
  }
}

function isOf(entry: QuarantineEntry, { algorithm, value }: SoughtHash): boolean {
  return { Sha1: entry.sha1, Sha256: entry.sha256, Md5: entry.md5 }[algorithm] === value;
}

function isSame(stat: BigIntStats, { device, inode }: FileId): boolean {
  return stat.dev === device && stat.ino === inode;
}

function pidsOf(files: readonly FileId[]): number[] {
  return runningImages()
    .filter((image) => files.some((file) => file.device === image.device && file.inode === image.inode))
    .flatMap(({ pids }) => [...pids]);
}

/** The machine does not live without its first process, nor answer without the agent. */
function refuseVitalPrograms(running: readonly number[]): void {
  if (running.includes(process.pid)) throw new AgentError('this is the program of the agent itself');
  if (running.includes(1)) throw new AgentError('this is the program of the first process of the machine');
}

function sameSizeAs(path: string): (image: RunningImage) => boolean {
  const size = lstatSync(path, { throwIfNoEntry: false })?.size;
  return (image) => size === undefined || image.size === size;
}

function told({ path, entry }: Removed): Record<string, unknown> {
  const { id, sha1, sha256, size, linksLeft } = entry;
  return { path, id, sha1, sha256, size, linksLeft };
}

async function stillThere(files: readonly FoundFile[]): Promise<string[]> {
  const there: string[] = [];
  for (const file of files)
    for (const path of file.paths) {
      const stat = await lstat(path, { bigint: true }).catch(() => null);
      if (stat !== null && isSame(stat, file)) there.push(path);
    }
  return there;
}

/**
 * Takes a name away, if it is still that of the file: under a name of our own it is looked at once more, so that what was put there meanwhile is not lost. The folder is held open,
 * so that it cannot become a link to another.
 */
async function removeName(path: string, file: FileId): Promise<void> {
  const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const at = (name: string) => `/proc/self/fd/${folder.fd}/${name}`;
    const own = at(`.merlon-quarantine-${randomBytes(6).toString('hex')}`);
    const original = at(basename(path));
    if (!isSame(await lstat(original, { bigint: true }), file))
      throw new AgentError('another file has its name by now');
    await rename(original, own);
    if (!isSame(await lstat(own, { bigint: true }), file)) {
      await link(own, original);
      await rm(own);
      throw new AgentError('another file came to its name while it was taken away');
    }
    await rm(own);
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

/** SHA-256 of the regular file of that name; null when there is none. */
async function contentAt(path: string): Promise<string | null> {
  const stat = await lstat(path).catch(() => null);
  if (stat === null || !(stat.isFile() || path.startsWith('/proc/'))) return null;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function refuseToOverwrite(error: unknown): never {
  if (codeOf(error) === 'EEXIST')
    throw new AgentError('another file has its name by now: it is not overwritten');
  throw error;
}

const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'its file system is mounted read-only',
  EPERM: 'the system does not permit it (is its folder immutable?)',
  EACCES: 'the system does not permit it',
  ENOENT: 'it vanished',
  ENOSPC: 'the disk is full',
  EBUSY: 'it is in use as a mount',
  ELOOP: 'it became a symbolic link',
};

function reasonOf(error: unknown): string {
  return REASONS[codeOf(error)] ?? messageOf(error);
}
