/**
 * What the three threads of the execution guard say to each other.
 *
 *   agent ──policy, stop──▶ judge ──told, inForce──▶ agent
 *                           judge ──read──▶ reader ──hashes──▶ judge
 *                                           reader ──stalled──▶ agent
 *
 * The judge answers the kernel and does nothing that can wait: every program that starts waits for it. It sleeps in `poll`, so who writes to it also wakes it. The reader
 * reads files, and watches the judge: the agent's own thread cannot, since it may itself be waiting for a program to start.
 */
import type { MessagePort } from 'node:worker_threads';
import type { FileHashes } from '../sensor/file-hasher.ts';
import type { HashAnswer } from '../sensor/hash-file.mjs';
import type { DigestTables } from './digest-list.ts';
import type { FilePolicy, Ground } from './file-policy.ts';

/** Which file systems are guarded: all that hold people's files, or those these paths lie on. */
export type Guarded = 'all' | readonly string[];

export interface ThreadSettings {
  readonly role: 'judge' | 'reader';
  /** Folder of the agent's unpacked assets; null where it is no single executable. */
  readonly assets: string | null;
  readonly fanotifyFd: number;
  /** Wakes the judge. */
  readonly wakeFd: number;
  /** {@link COUNTER} by {@link COUNTER}, each 64 bits. */
  readonly counters: SharedArrayBuffer;
  /** Between judge and reader. */
  readonly port: MessagePort;
  readonly guarded: Guarded;
  /** The agent's process: never judged, and what it starts may run under a restriction. */
  readonly agentPid: number;
  /** How long a program may be kept waiting while its file is read. */
  readonly verdictLimitMs: number;
}

export const COUNTER = {
  /** Grows as long as the judge is alive to its work. */
  beat: 0,
  /** Programs that wait for an answer. */
  waiting: 1,
  judged: 2,
  denied: 3,
  /** Let run unread: reading took too long, failed, or too many waited. */
  undecided: 4,
  /** Hits that were not told, since too many came at once. */
  untold: 5,
  /** File systems that are guarded. */
  marked: 6,
  /** Not 0 once the judge lets the descriptor go: its number may be another file's then. */
  closed: 7,
} as const;
export const COUNTERS = 8;

export type ToJudge =
  | {
      readonly type: 'policy';
      readonly version: number;
      readonly indicators: FilePolicy['indicators'];
      readonly restriction: DigestTables | null;
    }
  | { readonly type: 'stop' };

export interface ExecutionHit {
  readonly outcome: 'denied' | 'observed' | 'late';
  readonly ground: Ground;
  /** Who wanted to execute it. */
  readonly pid: number;
  readonly path: string;
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  readonly hashes: FileHashes | null;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

export type FromJudge =
  | { readonly type: 'inForce'; readonly version: number }
  | { readonly type: 'told'; readonly hit: ExecutionHit }
  | { readonly type: 'unmarked'; readonly path: string; readonly reason: string };

export interface ToReader {
  readonly id: number;
  readonly fd: number;
}
export interface FromReader {
  readonly id: number;
  readonly answer: HashAnswer;
}
export interface Stalled {
  readonly type: 'stalled';
}
