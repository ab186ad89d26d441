/**
 * Hashes of executed files, computed once per content: (device, inode, size, mtime, ctime). The file is opened the moment it is seen, so one that
 * is deleted right after is still hashed; the reading is done by a worker, which is let go when there is nothing to do.
 *
 * unknown -> queued -> settled (hashes, or the reason there are none)
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { findAsset } from '../asset-places.ts';
import { type FileIdentity, fileKey, identityOf } from './file-identity.ts';

export interface FileHashes {
  sha1: string;
  sha256: string;
  md5: string;
}

/**
 * Why a file has no hashes: `vanished` gone before it could be opened; `replaced` another file has its name; `changed` while it was read;
 * `tooLarge`; `busy` too many files at once; `worker` the hashing thread failed; else the system's error code.
 */
export type HashMissing = string;

export interface HashedFile {
  readonly key: string;
  hashes: FileHashes | null;
  missing: HashMissing | null;
  /** When it was found missing, on the steady clock. */
  missingAtMs: number;
  /** Called once, when hashes or the reason are there; null from then on. */
  waiting: (() => void)[] | null;
}

export interface FileHasherOptions {
  limitBytes: number;
  /** Files open and waiting. */
  maxQueued?: number;
  maxRemembered?: number;
  onWorkerError: (error: unknown) => void;
  /** Hands over, by `opened`, the files that were opened for execution so far. */
  drainOpened?: () => void;
}

const RETRY_MS = 1000;
const MAX_OPENED = 1024;
const WORKER_IDLE_MS = 30_000;
/** A regular file in st_mode. */
const S_IFMT = 0o170000n;
const S_IFREG = 0o100000n;
const READ_NONBLOCKING = 0o4000; // O_RDONLY | O_NONBLOCK: a FIFO put in the file's place must not hold us up

function contentKey(f: FileIdentity): string {
  return `${f.device}:${f.inode}:${f.size}:${f.mtimeSec}.${f.mtimeNsec}`;
}

interface Answer {
  id: number;
  sha1?: string;
  sha256?: string;
  md5?: string;
  missing?: string;
}

export class FileHasher {
  #options: Required<FileHasherOptions>;
  #known = new Map<string, HashedFile>();
  /** Files opened at their execution, lately, by content without ctime. */
  #opened = new Map<string, HashedFile>();
  #inFlight = new Map<number, HashedFile>();
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | null = null;
  #nextId = 1;
  #closed = false;
  #drained: (() => void) | null = null;
  /** Files hashed, and files that could not be. */
  readonly counts = { hashed: 0, missing: 0 };

  constructor(options: FileHasherOptions) {
    this.#options = { maxQueued: 1024, maxRemembered: 8192, drainOpened: () => {}, ...options };
  }

  /** The executed file; asks for its hashes unless they are known. */
  executed(identity: FileIdentity, pid: number, path: string): HashedFile {
    const key = fileKey(identity);
    const known = this.#recall(key);
    if (known !== null) return known;
    // Deleting a file changes its ctime: one opened at its execution may bear a later one.
    this.#options.drainOpened();
    const opened = this.#recall(key) ?? this.#opened.get(contentKey(identity)) ?? null;
    if (opened !== null && opened.missing === null) return opened;
    const file = this.#remember(key);
    if (identity.size > this.#options.limitBytes) this.#settle(file, { missing: 'tooLarge' });
    else this.#open(file, identity, pid, path);
    return file;
  }

  /** What is known of a content by its `fileKey`. */
  known(key: string): FileHashes | null {
    return this.#known.get(key)?.hashes ?? null;
  }

  /** The executable of a process that runs now. */
  running(pid: number): HashedFile | null {
    try {
      return this.opened(openSync(`/proc/${pid}/exe`, READ_NONBLOCKING));
    } catch {
      return null;
    }
  }

  /** A file by an open descriptor, which is now the hasher's to close. */
  opened(fd: number): HashedFile {
    const identity = identityOf(fstatSync(fd, { bigint: true }));
    const key = fileKey(identity);
    let file = this.#recall(key);
    if (file !== null) {
      closeSync(fd);
    } else {
      file = this.#remember(key);
      if (identity.size > this.#options.limitBytes || this.#inFlight.size >= this.#options.maxQueued) {
        closeSync(fd);
        this.#settle(file, { missing: identity.size > this.#options.limitBytes ? 'tooLarge' : 'busy' });
      } else {
        this.#queue(file, fd);
      }
    }
    this.#opened.delete(contentKey(identity));
    this.#opened.set(contentKey(identity), file);
    if (this.#opened.size > MAX_OPENED) {
      const [oldest] = this.#opened.keys();
      if (oldest !== undefined) this.#opened.delete(oldest);
    }
    return file;
  }

  /** What is known. A failure that may not repeat is tried again, but not for every one of a thousand executions. */
  #recall(key: string): HashedFile | null {
    const known = this.#known.get(key);
    if (known === undefined) return null;
    if (
      known.missing !== null &&
      known.missing !== 'tooLarge' &&
      performance.now() - known.missingAtMs > RETRY_MS
    )
      return null;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }

  #remember(key: string): HashedFile {
    const file: HashedFile = { key, hashes: null, missing: null, missingAtMs: 0, waiting: [] };
    this.#known.set(key, file);
    if (this.#known.size > this.#options.maxRemembered) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return file;
  }

  /**
   * Opens the file by the process, whose image it is, then by its path: most processes are gone by now. The path may lead to another file in
   * our mount namespace, or to one put there since, so the inode is compared.
   */
  #open(file: HashedFile, identity: FileIdentity, pid: number, path: string): void {
    if (this.#closed || this.#inFlight.size >= this.#options.maxQueued) {
      this.#settle(file, { missing: 'busy' });
      return;
    }
    let missing: HashMissing = 'vanished';
    for (const way of [`/proc/${pid}/exe`, path]) {
      let fd: number;
      try {
        fd = openSync(way, READ_NONBLOCKING);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
        if (way === path && missing !== 'replaced')
          missing = code === 'ENOENT' || code === 'ESRCH' ? 'vanished' : code;
        continue;
      }
      const s = fstatSync(fd, { bigint: true });
      const sameContent =
        (s.mode & S_IFMT) === S_IFREG &&
        Number(s.size) === identity.size &&
        s.mtimeNs === BigInt(identity.mtimeSec) * 1_000_000_000n + BigInt(identity.mtimeNsec);
      // A stacked file system (overlay) shows other inode numbers to stat; the process's own link needs no such check.
      if (sameContent && (way !== path || Number(s.ino) === identity.inode)) {
        this.#queue(file, fd);
        return;
      }
      closeSync(fd);
      missing = 'replaced';
    }
    this.#settle(file, { missing });
  }

  #queue(file: HashedFile, fd: number): void {
    const id = this.#nextId++;
    this.#inFlight.set(id, file);
    this.#running().postMessage({ id, fd });
  }

  #running(): Worker {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if (this.#worker !== null) return this.#worker;
    const program = findAsset('hash-worker.js');
    if (program === null) throw new Error('hash-worker.js is not beside the agent');
    const worker = new Worker(program, {
      // Descriptors are opened by one thread and closed by the other.
      trackUnmanagedFds: false,
    });
    worker.unref();
    worker.on('message', (answer: Answer) => {
      const file = this.#inFlight.get(answer.id);
      this.#inFlight.delete(answer.id);
      if (file !== undefined) this.#settle(file, answer);
      if (this.#inFlight.size === 0) this.#becomeIdle();
    });
    worker.on('error', (error) => {
      this.#options.onWorkerError(error);
      this.#worker = null;
      const lost = [...this.#inFlight.values()];
      this.#inFlight.clear();
      for (const file of lost) this.#settle(file, { missing: 'worker' });
      this.#drained?.();
    });
    this.#worker = worker;
    return worker;
  }

  #becomeIdle(): void {
    this.#drained?.();
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      void this.#worker?.terminate();
      this.#worker = null;
    }, WORKER_IDLE_MS);
    this.#idle.unref();
  }

  #settle(file: HashedFile, answer: Omit<Answer, 'id'>): void {
    const { sha1, sha256, md5 } = answer;
    if (sha1 !== undefined && sha256 !== undefined && md5 !== undefined) {
      file.hashes = { sha1, sha256, md5 };
      this.counts.hashed++;
    } else {
      file.missing = answer.missing ?? 'unknown';
      file.missingAtMs = performance.now();
      this.counts.missing++;
    }
    const waiting = file.waiting ?? [];
    file.waiting = null;
    for (const go of waiting) go();
  }

  /** Lets what is queued finish, at most `withinMs`; then ends the worker, and what is left has no hashes. */
  async close(withinMs: number): Promise<void> {
    this.#closed = true;
    if (this.#inFlight.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        new Promise<void>((done) => {
          this.#drained = done;
        }),
        new Promise<void>((done) => {
          timer = setTimeout(done, withinMs);
        }),
      ]);
      clearTimeout(timer);
    }
    if (this.#idle !== null) clearTimeout(this.#idle);
    await this.#worker?.terminate();
    this.#worker = null;
    const left = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const file of left) this.#settle(file, { missing: 'busy' });
  }
}
