/**
 * Holds executed files open until they are hashed. A dropped program is often gone milliseconds after it ran; the kernel's notice of its opening for
 * execution carries the file itself, name or no name. It is a notice only: nothing waits for us.
 *
 * A file that is hashed is given an ignore mark, which the kernel drops when the file is written to: the thousandth `ls` costs nothing.
 */
import { readFileSync } from 'node:fs';
import type { FileHasher } from './file-hasher.ts';
import { mountsToWatch, parseMounts } from './file-rules.ts';
import { POLL, type Poller } from './poller.ts';
import type { SystemCalls } from './system-calls.ts';

const INIT_FLAGS = 0x1 | 0x2; // CLOEXEC, NONBLOCK; the queue of 16384 is the kernel's
const EVENT_FLAGS = 0o2004000; // O_RDONLY | O_CLOEXEC | O_NONBLOCK
const OPEN_EXEC = 0x1000;
const OVERFLOW = 0x4000;
const MARK_ADD_FILESYSTEM = 0x1 | 0x100;
const MARK_IGNORE = 0x1 | 0x20;
/** Since Linux 5.19: the mark does not keep the inode in memory. */
const EVICTABLE = 0x200;
const METADATA_BYTES = 24;
/** Every event read is an open descriptor. */
const EVENTS_AT_ONCE = 256;

export class ExecOpens {
  #calls: SystemCalls;
  #poller: Poller;
  #hasher: FileHasher;
  #fd = -1;
  #watched = new Set<string>();
  #buffer = Buffer.alloc(METADATA_BYTES * EVENTS_AT_ONCE);
  readonly counts = { events: 0, lost: 0 };

  constructor(calls: SystemCalls, poller: Poller, hasher: FileHasher) {
    this.#calls = calls;
    this.#poller = poller;
    this.#hasher = hasher;
  }

  /** @throws with the reason. */
  open(): void {
    this.#fd = this.#calls.fanotifyInit(INIT_FLAGS, EVENT_FLAGS);
    if (this.#fd < 0) throw new Error(`fanotify_init: ${this.#calls.errorName(this.#calls.errno())}`);
    this.watchMounts();
    this.#poller.add(this.#fd, () => this.drain(), POLL.in);
  }

  /** Marks file systems that are not marked yet. */
  watchMounts(): void {
    if (this.#fd < 0) return;
    for (const mount of mountsToWatch(parseMounts(readFileSync('/proc/self/mountinfo', 'utf8')))) {
      if (this.#watched.has(mount.device)) continue;
      this.#watched.add(mount.device);
      this.#calls.fanotifyMark(this.#fd, MARK_ADD_FILESYSTEM, OPEN_EXEC, mount.path);
    }
  }

  drain(): void {
    if (this.#fd < 0) return;
    for (;;) {
      const n = this.#calls.read(this.#fd, this.#buffer);
      if (n < METADATA_BYTES) return;
      for (let at = 0; at + METADATA_BYTES <= n; at += this.#buffer.readUInt32LE(at)) this.#take(at);
    }
  }

  #take(at: number): void {
    if ((this.#buffer.readUInt32LE(at + 8) & OVERFLOW) !== 0) {
      this.counts.lost++;
      return;
    }
    const fd = this.#buffer.readInt32LE(at + 16);
    if (fd < 0) return;
    this.counts.events++;
    // Before the hashing: a write that comes in between then clears the mark, and the next execution is told of.
    if (this.#calls.fanotifyMarkFile(this.#fd, MARK_IGNORE | EVICTABLE, OPEN_EXEC, fd) !== 0)
      this.#calls.fanotifyMarkFile(this.#fd, MARK_IGNORE, OPEN_EXEC, fd);
    this.#hasher.opened(fd);
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#poller.remove(this.#fd);
    this.drain();
    this.#calls.close(this.#fd);
    this.#fd = -1;
  }
}
