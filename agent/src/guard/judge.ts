/**
 * Answers the kernel's question whether a file may be executed (fanotify FAN_OPEN_EXEC_PERM). The asking process sleeps until the answer, so nothing here waits: files are read
 * by the other thread, and what takes longer than the limit is let run, counted, and judged all the same when it is read; then a hit is told as `late`.
 *
 * A file that may run gets an ignore mark: the kernel does not ask for it again until it is written to. A new policy takes all marks away.
 */
import { closeSync, fstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type FileIdentity, fileKey, identityOf } from '../sensor/file-identity.ts';
import { mountsToWatch, parseMounts } from '../sensor/file-rules.ts';
import type { HashAnswer } from '../sensor/hash-file.mjs';
import { POLL } from '../sensor/poller.ts';
import { parseStat } from '../sensor/proc-files.ts';
import type { SystemCalls } from '../sensor/system-calls.ts';
import { DigestList } from './digest-list.ts';
import { type FilePolicy, type FileVerdict, type Ground, judgeFile } from './file-policy.ts';
import {
  COUNTER,
  type ExecutionHit,
  type FromJudge,
  type FromReader,
  type ThreadSettings,
  type ToJudge,
  type ToReader,
} from './guard-protocol.ts';

const OPEN_EXEC_PERM = 0x40000;
const QUEUE_OVERFLOW = 0x4000;
const MARK_ADD_FILESYSTEM = 0x1 | 0x100;
const MARK_IGNORE = 0x1 | 0x20;
const MARK_UNIGNORE = 0x2 | 0x20;
/** Takes away the marks of single files, not those of file systems. */
const MARK_FLUSH = 0x80;
/** Since Linux 5.19: the mark does not keep the inode in memory. */
const EVICTABLE = 0x200;
const ANSWER = { allow: 1, deny: 2 } as const;
const METADATA_BYTES = 24;
/** Every event read is an open descriptor. */
const EVENTS_AT_ONCE = 64;
const MAX_READING = 512;
const MAX_REMEMBERED = 16_384;
/** Each hit is a row; a program that tries without end is denied all the same, but not told of each time. */
const MAX_HITS_PER_SECOND = 200;
const ENTRY = 8;

interface Asking {
  readonly fd: number;
  readonly pid: number;
}

/** A file that is being read. */
interface Reading {
  readonly key: string;
  readonly identity: FileIdentity;
  /** The descriptor it is read from: the first asking one's. */
  readonly fd: number;
  readonly path: string;
  readonly deadlineMs: number;
  asking: Asking[];
  /** Those who were let run before it was read. */
  readonly undecided: number[];
}

export interface JudgeSettings extends ThreadSettings {
  readonly agent: MessagePort;
}

export class Judge {
  readonly #calls: SystemCalls;
  readonly #s: JudgeSettings;
  readonly #counters: BigInt64Array;
  readonly #buffer = Buffer.alloc(METADATA_BYTES * EVENTS_AT_ONCE);
  readonly #answer = Buffer.alloc(8);
  readonly #known = new Map<string, HashAnswer>();
  readonly #reading = new Map<number, Reading>();
  readonly #readingByKey = new Map<string, Reading>();
  readonly #marked = new Set<string>();
  #policy: FilePolicy = { indicators: new Map(), restriction: null };
  #nextId = 1;
  #told = 0;
  #toldSecond = 0;

  constructor(calls: SystemCalls, settings: JudgeSettings) {
    this.#calls = calls;
    this.#s = settings;
    this.#counters = new BigInt64Array(settings.counters);
  }

  /** Until it is told to stop. The marks are gone, and whoever waits is let go, when this returns or throws. */
  run(): void {
    const { fanotifyFd, wakeFd, guarded } = this.#s;
    const mounts = guarded === 'all' ? openSync('/proc/self/mountinfo', 'r') : -1;
    const drain = Buffer.alloc(8);
    try {
      for (;;) {
        this.#add(COUNTER.beat);
        const fds = Buffer.alloc(3 * ENTRY);
        [
          [wakeFd, POLL.in],
          [fanotifyFd, POLL.in],
          [mounts, POLL.priority],
        ].forEach(([fd = -1, events = 0], i) => {
          fds.writeInt32LE(fd, i * ENTRY);
          fds.writeInt16LE(events, i * ENTRY + 4);
        });
        this.#calls.pollWaiting(fds, 3, this.#patience());
        const ready = (i: number) => fds.readInt16LE(i * ENTRY + 6) !== 0;
        if (ready(0)) {
          this.#calls.read(wakeFd, drain);
          if (this.#takeMessages() === 'stop') return;
        }
        if (ready(1)) this.#takeEvents();
        if (ready(2)) this.#mark();
        this.#giveUpOn(performance.now());
      }
    } finally {
      this.#add(COUNTER.closed);
      this.#calls.close(fanotifyFd);
      if (mounts >= 0) closeSync(mounts);
    }
  }

  #add(counter: number, n = 1): void {
    Atomics.add(this.#counters, counter, BigInt(n));
  }

  /** Milliseconds until the next one may not be kept waiting any longer; -1 when nobody waits. */
  #patience(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const reading of this.#reading.values())
      if (reading.asking.length > 0) first = Math.min(first, reading.deadlineMs);
    return first === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(first - performance.now()));
  }

  #takeMessages(): 'stop' | 'go on' {
    for (;;) {
      const received = receiveMessageOnPort(this.#s.port);
      if (received === undefined) break;
      const { id, answer } = received.message as FromReader;
      this.#read(id, answer);
    }
    for (;;) {
      const received = receiveMessageOnPort(this.#s.agent);
      if (received === undefined) return 'go on';
      const message = received.message as ToJudge;
      if (message.type === 'stop') return 'stop';
      this.#policy = {
        indicators: message.indicators,
        restriction: message.restriction === null ? null : new DigestList(message.restriction),
      };
      // What was let run under the old policy is asked for again.
      this.#calls.fanotifyMark(this.#s.fanotifyFd, MARK_FLUSH, 0, '/');
      this.#mark();
      this.#say({ type: 'inForce', version: message.version });
    }
  }

  #say(message: FromJudge): void {
    this.#s.agent.postMessage(message);
  }

  /** Marks file systems that are not marked yet. */
  #mark(): void {
    const { guarded, fanotifyFd } = this.#s;
    const mounts =
      guarded === 'all'
        ? mountsToWatch(parseMounts(readFileSync('/proc/self/mountinfo', 'utf8')))
        : guarded.map((path) => ({ path, device: path }));
    for (const { path, device } of mounts) {
      if (this.#marked.has(device)) continue;
      this.#marked.add(device);
      if (this.#calls.fanotifyMark(fanotifyFd, MARK_ADD_FILESYSTEM, OPEN_EXEC_PERM, path) === 0) {
        this.#add(COUNTER.marked);
        continue;
      }
      this.#say({ type: 'unmarked', path, reason: this.#calls.errorName(this.#calls.errno()) });
    }
  }

  #takeEvents(): void {
    for (;;) {
      const n = this.#calls.read(this.#s.fanotifyFd, this.#buffer);
      if (n < METADATA_BYTES) return;
      for (let at = 0; at + METADATA_BYTES <= n; at += this.#buffer.readUInt32LE(at)) {
        const fd = this.#buffer.readInt32LE(at + 16);
        if ((this.#buffer.readUInt32LE(at + 8) & QUEUE_OVERFLOW) !== 0) this.#add(COUNTER.undecided);
        else if (fd >= 0) this.#ask({ fd, pid: this.#buffer.readInt32LE(at + 20) });
      }
      this.#add(COUNTER.beat);
    }
  }

  #ask(asking: Asking): void {
    this.#add(COUNTER.waiting);
    this.#add(COUNTER.judged);
    try {
      if (asking.pid === this.#s.agentPid) {
        this.#letGo(asking, ANSWER.allow);
        return;
      }
      const identity = identityOf(fstatSync(asking.fd, { bigint: true }));
      const key = fileKey(identity);
      const known = this.#known.get(key);
      if (known !== undefined) {
        this.#decide(asking, key, identity, known, null);
        return;
      }
      const reading = this.#readingByKey.get(key);
      if (reading !== undefined) {
        reading.asking.push(asking);
        return;
      }
      if (this.#reading.size >= MAX_READING) throw new Error('too many files are being read');
      this.#startReading(asking, key, identity);
    } catch {
      this.#add(COUNTER.undecided);
      this.#letGo(asking, ANSWER.allow);
    }
  }

  #startReading(asking: Asking, key: string, identity: FileIdentity): void {
    const id = this.#nextId++;
    const reading: Reading = {
      key,
      identity,
      fd: asking.fd,
      path: pathOf(asking.fd),
      deadlineMs: performance.now() + this.#s.verdictLimitMs,
      asking: [asking],
      undecided: [],
    };
    this.#reading.set(id, reading);
    this.#readingByKey.set(key, reading);
    this.#s.port.postMessage({ id, fd: asking.fd } satisfies ToReader);
  }

  #read(id: number, answer: HashAnswer): void {
    const reading = this.#reading.get(id);
    if (reading === undefined) return;
    this.#reading.delete(id);
    this.#readingByKey.delete(reading.key);
    const { key, identity, path, fd } = reading;
    if ('missing' in answer) this.#add(COUNTER.undecided);
    // A file that changed under the reader, or whose reading failed, is read again when it is asked for again.
    else this.#remember(key, answer);
    const verdict = judgeFile(this.#policy, 'missing' in answer ? null : answer);
    if (verdict.kind !== 'allow')
      for (const pid of reading.undecided)
        this.#tell(verdict.kind === 'deny' ? 'late' : 'observed', verdict, pid, path, identity, answer);
    const first = reading.asking.find((asking) => asking.fd === fd);
    for (const asking of reading.asking) this.#decide(asking, key, identity, answer, path);
    // Let run before it was read; the descriptor was kept for the reader.
    if (first === undefined) closeSync(fd);
  }

  #remember(key: string, answer: HashAnswer): void {
    this.#known.set(key, answer);
    if (this.#known.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  #decide(
    asking: Asking,
    key: string,
    identity: FileIdentity,
    answer: HashAnswer,
    path: string | null,
  ): void {
    const hashes = 'missing' in answer ? null : answer;
    const verdict = judgeFile(this.#policy, hashes);
    if (verdict.kind === 'allow') {
      if (hashes !== null) this.#ignore(asking.fd, key);
      this.#letGo(asking, ANSWER.allow);
      return;
    }
    const denied = verdict.kind === 'deny' && !this.#isExcused(asking, verdict.ground);
    if (denied) this.#add(COUNTER.denied);
    if (denied || verdict.kind === 'observe') {
      const outcome = denied ? 'denied' : 'observed';
      this.#tell(outcome, verdict, asking.pid, path ?? pathOf(asking.fd), identity, answer);
    }
    this.#letGo(asking, denied ? ANSWER.deny : ANSWER.allow);
  }

  /** What the agent itself starts, such as a script of live response, may run on a restricted device. */
  #isExcused(asking: Asking, ground: Ground): boolean {
    return ground.kind === 'restriction' && isChildOf(asking.pid, this.#s.agentPid);
  }

  /** The kernel need not ask for this file again. Looked at once more after the mark, since what was written before it does not take it away. */
  #ignore(fd: number, key: string): void {
    const { fanotifyFd } = this.#s;
    if (this.#calls.fanotifyMarkFile(fanotifyFd, MARK_IGNORE | EVICTABLE, OPEN_EXEC_PERM, fd) !== 0)
      this.#calls.fanotifyMarkFile(fanotifyFd, MARK_IGNORE, OPEN_EXEC_PERM, fd);
    if (fileKey(identityOf(fstatSync(fd, { bigint: true }))) !== key)
      this.#calls.fanotifyMarkFile(fanotifyFd, MARK_UNIGNORE, OPEN_EXEC_PERM, fd);
  }

  #letGo({ fd }: Asking, answer: number): void {
    this.#respond(fd, answer);
    closeSync(fd);
  }

  #respond(fd: number, answer: number): void {
    this.#answer.writeInt32LE(fd, 0);
    this.#answer.writeUInt32LE(answer, 4);
    this.#calls.write(this.#s.fanotifyFd, this.#answer);
    this.#add(COUNTER.waiting, -1);
  }

  /** Lets run whoever waited too long. The file stays open until it is read. */
  #giveUpOn(nowMs: number): void {
    for (const reading of this.#reading.values()) {
      if (reading.deadlineMs > nowMs || reading.asking.length === 0) continue;
      for (const asking of reading.asking) {
        this.#add(COUNTER.undecided);
        reading.undecided.push(asking.pid);
        this.#respond(asking.fd, ANSWER.allow);
        if (asking.fd !== reading.fd) closeSync(asking.fd);
      }
      reading.asking = [];
    }
  }

  #tell(
    outcome: ExecutionHit['outcome'],
    verdict: Exclude<FileVerdict, { kind: 'allow' }>,
    pid: number,
    path: string,
    identity: FileIdentity,
    answer: HashAnswer,
  ): void {
    const atMs = Date.now();
    const second = Math.floor(atMs / 1000);
    if (second !== this.#toldSecond) {
      this.#toldSecond = second;
      this.#told = 0;
    }
    if (++this.#told > MAX_HITS_PER_SECOND) {
      this.#add(COUNTER.untold);
      return;
    }
    const { device, inode, size } = identity;
    const hashes = 'missing' in answer ? null : answer;
    this.#say({
      type: 'told',
      hit: { outcome, ground: verdict.ground, pid, path, device, inode, size, hashes, atMs },
    });
  }
}

function pathOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

function isChildOf(pid: number, parent: number): boolean {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.parentPid === parent;
  } catch {
    return false;
  }
}
