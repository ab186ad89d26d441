/**
 * Finds the names of a file by its content. First what runs, then the places it is said to be at, then a bounded walk of the folders in which programs that nobody packaged
 * lie. What was not looked at is told.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, constants, type Dirent, lstatSync, statSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileHash } from '@merlon/contract';
import { codeOf } from '../agent-error.ts';
import type { ImageHashes } from './image-hashes.ts';
import { type FileId, type RunningImage, runs } from './program-processes.ts';

/** What is sought: by what orders name files by, or indicators do. */
export type SoughtHash = FileHash | { readonly algorithm: 'Md5'; readonly value: string };

export interface SearchBounds {
  readonly roots: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly ms: number;
  /** Larger files are left out. */
  readonly fileBytes: number;
}

export const DEFAULT_BOUNDS: SearchBounds = {
  roots: [
    '/tmp',
    '/var/tmp',
    '/dev/shm',
    '/run',
    '/root',
    '/home',
    '/opt',
    '/srv',
    '/usr/local',
    '/var/www',
    '/var/spool',
    '/var/lib',
    '/usr/bin',
    '/usr/sbin',
    '/usr/lib',
  ],
  files: 1_000_000,
  bytes: 16 * 1024 ** 3,
  ms: 60_000,
  fileBytes: 512 * 1024 * 1024,
};

export interface FoundFile extends FileId {
  /** Empty: it only runs, and has no name that can be reached. */
  readonly paths: string[];
  readonly size: number;
  /** How many names it has; 0 when it was deleted. */
  readonly names: number;
  /** A way to its bytes that needs no name: the link of a process that runs it. */
  readonly running: string | null;
}

export interface SearchReport {
  readonly files: readonly FoundFile[];
  readonly looked: {
    readonly processes: number;
    readonly hints: number;
    readonly roots: readonly string[];
    readonly filesSeen: number;
    readonly filesRead: number;
    readonly bytesRead: number;
    /** Null: all of the roots were looked through. */
    readonly cut: 'files' | 'bytes' | 'time' | null;
    readonly unreadable: number;
    readonly tooLarge: number;
  };
}

export interface SearchRequest {
  readonly file: SoughtHash;
  readonly images: readonly RunningImage[];
  readonly hashes: ImageHashes;
  /** Paths at which it may be. */
  readonly hints: readonly string[];
  readonly bounds: SearchBounds;
  readonly signal: AbortSignal;
  progress(details: Record<string, unknown>): void;
  /** Not looked into: the agent's own folder. */
  readonly leaveOut: string;
}

const READ_REGULAR = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK = 1024 * 1024;
const PROGRESS_EVERY_FILES = 20_000;

type Counts = { -readonly [K in keyof SearchReport['looked']]: SearchReport['looked'][K] };

export async function searchFile(request: SearchRequest): Promise<SearchReport> {
  return new Search(request).run();
}

class Search {
  readonly #r: SearchRequest;
  readonly #found = new Map<string, FoundFile & { paths: string[] }>();
  /** Files by device and inode that were read and are others. */
  readonly #others = new Set<string>();
  readonly #counts: Counts;
  readonly #until: number;

  constructor(request: SearchRequest) {
    this.#r = request;
    this.#until = performance.now() + request.bounds.ms;
    this.#counts = {
      processes: request.images.length,
      hints: request.hints.length,
      roots: [],
      filesSeen: 0,
      filesRead: 0,
      bytesRead: 0,
      cut: null,
      unreadable: 0,
      tooLarge: 0,
    };
  }

  async run(): Promise<SearchReport> {
    for (const image of this.#r.images) await this.#lookAtImage(image);
    for (const path of this.#r.hints) {
      if (this.#isFound() || this.#isOver()) break;
      await this.#lookAt(path, null);
    }
    // Who runs, or lies where it was seen, is dealt with at once; only for what is not found, or has other names, is the disk walked through.
    if (!this.#isFound()) await this.#walk();
    return { files: [...this.#found.values()], looked: { ...this.#counts } };
  }

  #isFound(): boolean {
    const found = [...this.#found.values()];
    return found.length > 0 && found.every(({ names, paths }) => paths.length >= names);
  }

  async #walk(): Promise<void> {
    this.#counts.roots = this.#r.bounds.roots;
    // All that have the bytes have the size: then few need be read.
    const [found] = this.#found.values();
    const folders = [...this.#r.bounds.roots];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      if (this.#isOver()) return;
      for (const below of await this.#lookThrough(folder, found?.size ?? null)) folders.push(below);
    }
  }

  #isOver(): boolean {
    this.#r.signal.throwIfAborted();
    const { files, bytes } = this.#r.bounds;
    if (this.#counts.filesSeen >= files) this.#counts.cut = 'files';
    else if (this.#counts.bytesRead >= bytes) this.#counts.cut = 'bytes';
    else if (performance.now() > this.#until) this.#counts.cut = 'time';
    return this.#counts.cut !== null;
  }

  async #lookAtImage(image: RunningImage): Promise<void> {
    this.#r.signal.throwIfAborted();
    const hashes = await this.#r.hashes.of(image);
    if (hashes === null) {
      this.#counts.unreadable++;
      return;
    }
    const { algorithm, value } = this.#r.file;
    const hash = { Sha1: hashes.sha1, Sha256: hashes.sha256, Md5: hashes.md5 }[algorithm];
    const key = `${image.device}:${image.inode}`;
    if (hash !== value) {
      this.#others.add(key);
      return;
    }
    const pid = image.pids.find((one) => runs(one, image));
    const running = pid === undefined ? null : `/proc/${pid}/exe`;
    const names = running === null ? undefined : statSync(running, { throwIfNoEntry: false })?.nlink;
    const { device, inode, size } = image;
    const found = { device, inode, size, running, names: names ?? 1, paths: [] as string[] };
    this.#found.set(key, found);
    if (image.path === null) return;
    // Its name as the process sees it, which may live among other mounts.
    for (const path of [image.path, `/proc/${pid ?? 0}/root${image.path}`])
      if (this.#addName(found, path)) return;
  }

  #addName(found: FoundFile & { paths: string[] }, path: string): boolean {
    try {
      const { dev, ino } = lstatSync(path, { bigint: true });
      if (dev !== found.device || ino !== found.inode) return false;
    } catch {
      return false;
    }
    if (!found.paths.includes(path)) found.paths.push(path);
    return true;
  }

  /** @returns the folders in it. A link is never followed, nor another file system entered from here that is no folder of programs. */
  async #lookThrough(folder: string, size: number | null): Promise<string[]> {
    if (folder === this.#r.leaveOut) return [];
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#counts.unreadable++;
      return [];
    }
    const below: string[] = [];
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) below.push(path);
      if (!entry.isFile()) continue;
      this.#counts.filesSeen++;
      if (this.#counts.filesSeen % PROGRESS_EVERY_FILES === 0)
        this.#r.progress({ filesSeen: this.#counts.filesSeen, found: this.#found.size });
      if (this.#isOver()) return [];
      await this.#lookAt(path, size);
    }
    return below;
  }

  async #lookAt(path: string, size: number | null): Promise<void> {
    let stat: BigIntStats;
    try {
      stat = lstatSync(path, { bigint: true });
    } catch {
      return;
    }
    if (!stat.isFile() || (size !== null && Number(stat.size) !== size) || stat.size === 0n) return;
    const key = `${stat.dev}:${stat.ino}`;
    if (this.#others.has(key)) return;
    const known = this.#found.get(key);
    if (known !== undefined) {
      this.#addName(known, path);
      return;
    }
    if (Number(stat.size) > this.#r.bounds.fileBytes) {
      this.#counts.tooLarge++;
      return;
    }
    const hash = await this.#hash(path, READ_REGULAR);
    if (hash !== this.#r.file.value) return;
    this.#found.set(key, {
      device: stat.dev,
      inode: stat.ino,
      size: Number(stat.size),
      running: null,
      names: Number(stat.nlink),
      paths: [path],
    });
  }

  async #hash(path: string, flags: number): Promise<string | null> {
    try {
      const file = await open(path, flags);
      try {
        const hash = createHash(this.#r.file.algorithm.toLowerCase());
        const chunk = Buffer.allocUnsafe(CHUNK);
        for (;;) {
          const { bytesRead } = await file.read(chunk, 0, CHUNK);
          if (bytesRead === 0) break;
          hash.update(chunk.subarray(0, bytesRead));
          this.#counts.bytesRead += bytesRead;
        }
        this.#counts.filesRead++;
        return hash.digest('hex');
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) === '') throw error;
      this.#counts.unreadable++;
      return null;
    }
  }
}
