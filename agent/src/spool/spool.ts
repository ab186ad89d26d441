/**
 * The durable spool between the sensor and the server.
 *
 *   add ──▶ memory (bounded) ──flush──▶ batch file (fsync, rename, fsync) ──sender──▶ 200: deleted
 *                │ full: row dropped, counted    │ full: rows dropped, counted   └──▶ refused: rejected/, counted
 *
 * - A row counts as taken once its batch file is durable; from then on it is sent until the server has it. When the disk bound is
 *   reached it is therefore the newest rows that are dropped: what was recorded cannot be pushed out by making noise.
 * - A batch file never changes. Its id is `<epoch>.<sequence>`; the epoch is drawn anew at every opening, so not even a restored snapshot of
 *   the disk can put other rows under an id that the server knows.
 * - While batches wait unsent, files are made less often and larger, so that an unreachable server does not mean a folder of tiny files.
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BATCH_LIMITS } from '@merlon/contract';
import { Type } from 'typebox';
import { AgentError } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import {
  makePrivateFolder,
  PARTIAL_SUFFIX,
  readJson,
  syncFolder,
  writeJsonDurably,
} from '../files/durable.ts';
import { Wake } from '../time/wake.ts';
import { type BatchFile, batchFile, parseBatchFileName } from './batch-file.ts';
import { ReportIds } from './report-ids.ts';

export const DEFAULT_SPOOL_BYTES = 512 * 1024 * 1024;

/** What a row looks like when it is handed in: `ReportId` is the spool's to give. */
export interface SpoolRow {
  Table: string;
  Timestamp: string;
  [column: string]: unknown;
}

export interface SpoolOptions {
  readonly dir: string;
  /** Whose rows these are. A folder of another device is not opened. */
  readonly deviceId: string;
  readonly log: AgentLog;
  /** Bound of the batch files on disk. Default 512 MiB. */
  readonly maxBytes?: number;
  /** Bound of the rows in memory. Default 32 MiB. */
  readonly maxMemoryBytes?: number;
  /** Longest time a row waits in memory while the server keeps up. Default 250. */
  readonly flushMs?: number;
}

export interface SpoolStats {
  /** Batch files that wait to be sent, and their bytes. */
  readonly batches: number;
  readonly bytes: number;
  /** Rows in memory. */
  readonly pendingRows: number;
  /** Since the spool was made. */
  readonly droppedRows: number;
  readonly rejectedRows: number;
}

const State = Type.Object({
  deviceId: Type.String(),
  droppedRows: Type.Integer({ minimum: 0 }),
  rejectedRows: Type.Integer({ minimum: 0 }),
});

/** Room for the ReportId that is put into every row: `"ReportId":9007199254740991,`. */
const REPORT_ID_BYTES = 28;
/** Uncompressed size at which a batch is closed: half of what the server takes, so that one is rarely split after compression. */
const PLAIN_BYTES = BATCH_LIMITS.plainBytes / 2;
/** What a file takes on disk at least. */
const BLOCK_BYTES = 4096;
const RETRY_WRITE_MS = 1000;
const SAVE_COUNTS_MS = 1000;
const REJECTED_KEPT = 32;

const compress = promisify(gzip);

export class Spool {
  readonly #dir: string;
  readonly #deviceId: string;
  readonly #log: AgentLog;
  readonly #maxBytes: number;
  readonly #maxMemoryBytes: number;
  readonly #flushMs: number;
  readonly #reportIds: ReportIds;
  readonly #epoch = randomBytes(8).toString('hex');
  #sequence = 0;

  #pending: string[] = [];
  #pendingBytes = 0;
  readonly #writerWake = new Wake();
  /** Rows handed in, and how many of them are settled: on disk or dropped. */
  #added = 0;
  #settled = 0;
  #flushes: { upTo: number; resolve: () => void }[] = [];

  readonly #queue: BatchFile[];
  #diskBytes: number;
  readonly #senderWake = new Wake();

  #droppedRows: number;
  #rejectedRows: number;
  #countsSaved: number;
  #saveTimer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #full = false;

  #closing = false;
  readonly #writer: Promise<void>;

  private constructor(
    options: SpoolOptions,
    recovered: { queue: BatchFile[]; reportIds: ReportIds; droppedRows: number; rejectedRows: number },
  ) {
    this.#dir = options.dir;
    this.#deviceId = options.deviceId;
    this.#log = options.log;
    this.#maxBytes = options.maxBytes ?? DEFAULT_SPOOL_BYTES;
    this.#maxMemoryBytes = options.maxMemoryBytes ?? 32 * 1024 * 1024;
    this.#flushMs = options.flushMs ?? 250;
    this.#reportIds = recovered.reportIds;
    this.#queue = recovered.queue;
    this.#diskBytes = recovered.queue.reduce((sum, { bytes }) => sum + onDisk(bytes), 0);
    this.#droppedRows = recovered.droppedRows;
    this.#rejectedRows = recovered.rejectedRows;
    this.#countsSaved = recovered.droppedRows + recovered.rejectedRows;
    this.#writer = this.#write();
  }

  /** Opens the folder, making it if need be, and puts right what a crash left. @throws AgentError when it is another device's. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { dir, deviceId, log } = options;
    await makePrivateFolder(join(dir, 'rejected'));
    const state = await readJson(join(dir, 'spool.json'), State);
    if (state && state.deviceId !== deviceId) {
      throw new AgentError(`${dir} holds the events of device ${state.deviceId}, not of ${deviceId}`);
    }
    const { queue, brokenRows } = await recover(dir, log);
    const recovered = {
      queue,
      reportIds: await ReportIds.open(join(dir, 'report-ids.json')),
      droppedRows: state?.droppedRows ?? 0,
      rejectedRows: (state?.rejectedRows ?? 0) + brokenRows,
    };
    await writeJsonDurably(join(dir, 'spool.json'), {
      deviceId,
      droppedRows: recovered.droppedRows,
      rejectedRows: recovered.rejectedRows,
    });
    return new Spool(options, recovered);
  }

  /** False: there was no room, or the row is longer than the server takes; it is dropped and counted. */
  add(row: SpoolRow): boolean {
    if (row.ReportId !== undefined) row = { ...row, ReportId: undefined };
    const line = JSON.stringify(row);
    const bytes = sizeOf(line);
    if (bytes > BATCH_LIMITS.rowBytes || this.#pendingBytes + bytes > this.#maxMemoryBytes || this.#closing) {
      this.#drop(1);
      return false;
    }
    this.#pending.push(line);
    this.#pendingBytes += bytes;
    this.#added += 1;
    if (this.#pending.length === 1 || this.#batchIsFull()) this.#writerWake.ring();
    return true;
  }

  /** Resolves once every row that {@link add} took before is on disk, or was dropped for want of room there. */
  flush(): Promise<void> {
    if (this.#settled >= this.#added) return Promise.resolve();
    return new Promise((resolve) => {
      this.#flushes.push({ upTo: this.#added, resolve });
      this.#writerWake.ring();
    });
  }

  /**
   * The oldest batch, waiting for one; null once the spool closes or the signal is given. The same one again until {@link delivered} or
   * {@link setAside}. For one sender.
   */
  async next(signal?: AbortSignal): Promise<BatchFile | null> {
    const leave = () => this.#senderWake.ring();
    signal?.addEventListener('abort', leave);
    try {
      while (!this.#closing && !signal?.aborted) {
        const oldest = this.#queue[0];
        if (oldest) return oldest;
        await this.#senderWake.wait();
      }
      return null;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** The bytes to send. */
  read(batch: BatchFile): Promise<Buffer> {
    return readFile(join(this.#dir, batch.name));
  }

  /** The server has it. Should the file survive a power cut now, it is sent again under the same id, and deduplicated. */
  async delivered(batch: BatchFile, rejectedRows: number): Promise<void> {
    await rm(join(this.#dir, batch.name), { force: true });
    this.#remove(batch);
    if (rejectedRows > 0) this.#reject(rejectedRows);
  }

  /** The server will never take it. The file is kept in `rejected/` for whoever looks into it, the newest 32 of them. */
  async setAside(batch: BatchFile): Promise<void> {
    await moveToRejected(this.#dir, batch.name).catch((error: unknown) => {
      this.#log.error('a refused batch could not be set aside', { batch: batch.id, error });
    });
    await rm(join(this.#dir, batch.name), { force: true });
    this.#remove(batch);
    this.#reject(batch.rows);
  }

  stats(): SpoolStats {
    return {
      batches: this.#queue.length,
      bytes: this.#queue.reduce((sum, { bytes }) => sum + bytes, 0),
      pendingRows: this.#pending.length,
      droppedRows: this.#droppedRows,
      rejectedRows: this.#rejectedRows,
    };
  }

  /** Writes what is in memory, once; rows that the disk does not take now are dropped and counted. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#writerWake.ring();
    this.#senderWake.ring();
    await this.#writer;
    clearTimeout(this.#saveTimer);
    await this.#saveCounts();
  }

  async #write(): Promise<void> {
    for (;;) {
      while (this.#pending.length === 0 && !this.#closing) await this.#writerWake.wait();
      if (this.#pending.length === 0) return;
      await this.#collect();
      const lines = this.#takePending();
      try {
        const settled = await this.#writeBatch(lines);
        this.#settle(settled);
        if (settled < lines.length) this.#putBack(lines.slice(settled));
      } catch (error) {
        if (this.#closing) {
          this.#log.error('the spool closes and cannot write its last rows', { rows: lines.length, error });
          this.#drop(lines.length);
          this.#settle(lines.length);
          continue;
        }
        this.#log.error('the spool cannot write, trying again', { rows: lines.length, error });
        this.#putBack(lines);
        await new Promise((resolve) => setTimeout(resolve, RETRY_WRITE_MS));
      }
    }
  }

  /** Lets rows gather until a batch is full, somebody wants them on disk, or the oldest has waited long enough. */
  async #collect(): Promise<void> {
    const until = performance.now() + flushIntervalMs(this.#queue.length, this.#flushMs);
    while (!this.#closing && this.#flushes.length === 0 && !this.#batchIsFull()) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return;
      await this.#writerWake.wait(leftMs);
    }
  }

  #batchIsFull(): boolean {
    return this.#pending.length >= BATCH_LIMITS.rows || this.#pendingBytes >= PLAIN_BYTES;
  }

  /** The oldest rows, as many as fit one batch. */
  #takePending(): string[] {
    let count = 0;
    let bytes = 0;
    for (const line of this.#pending) {
      if (count === BATCH_LIMITS.rows || bytes >= PLAIN_BYTES) break;
      bytes += sizeOf(line);
      count += 1;
    }
    this.#pendingBytes -= bytes;
    return this.#pending.splice(0, count);
  }

  #putBack(lines: readonly string[]): void {
    this.#pending = [...lines, ...this.#pending];
    for (const line of lines) this.#pendingBytes += sizeOf(line);
  }

  /** Settles the first rows, all of them unless they compress too badly for one batch. Returns how many. */
  async #writeBatch(lines: readonly string[]): Promise<number> {
    const firstId = await this.#reportIds.take(lines.length);
    const text = lines.map((line, i) => `{"ReportId":${firstId + i},${line.slice(1)}\n`).join('');
    const content = await compress(text, { level: 4 });
    if (content.byteLength > BATCH_LIMITS.compressedBytes) {
      // One row always fits, so halving ends.
      return this.#writeBatch(lines.slice(0, Math.ceil(lines.length / 2)));
    }
    if (this.#diskBytes + onDisk(content.byteLength) > this.#maxBytes) {
      this.#becomeFull();
      this.#drop(lines.length);
      return lines.length;
    }
    this.#full = false;
    this.#sequence += 1;
    const batch = batchFile(firstId, `${this.#epoch}.${this.#sequence}`, lines.length, content.byteLength);
    await this.#writeFile(batch, content);
    this.#diskBytes += onDisk(batch.bytes);
    this.#queue.push(batch);
    this.#senderWake.ring();
    return lines.length;
  }

  async #writeFile(batch: BatchFile, content: Uint8Array): Promise<void> {
    const path = join(this.#dir, batch.name);
    const partial = path + PARTIAL_SUFFIX;
    try {
      const file = await open(partial, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, path);
      await syncFolder(this.#dir);
    } catch (error) {
      // The rows will be written again under another id, so no trace of this attempt may be sent.
      await rm(partial, { force: true });
      await rm(path, { force: true });
      throw error;
    }
  }

  #becomeFull(): void {
    if (this.#full) return;
    this.#full = true;
    this.#log.error('the spool is full: new events are dropped until the server takes the old ones', {
      maxBytes: this.#maxBytes,
      batches: this.#queue.length,
    });
  }

  #settle(rows: number): void {
    this.#settled += rows;
    const done = this.#flushes.filter(({ upTo }) => upTo <= this.#settled);
    this.#flushes = this.#flushes.filter(({ upTo }) => upTo > this.#settled);
    for (const { resolve } of done) resolve();
  }

  #remove(batch: BatchFile): void {
    const at = this.#queue.indexOf(batch);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    this.#diskBytes -= onDisk(batch.bytes);
  }

  #drop(rows: number): void {
    this.#droppedRows += rows;
    this.#saveCountsSoon();
  }

  #reject(rows: number): void {
    this.#rejectedRows += rows;
    this.#saveCountsSoon();
  }

  #saveCountsSoon(): void {
    if (this.#closing) return;
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined;
      void this.#saveCounts();
    }, SAVE_COUNTS_MS);
  }

  #saveCounts(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const { droppedRows, rejectedRows } = this.stats();
      if (droppedRows + rejectedRows === this.#countsSaved) return;
      try {
        await writeJsonDurably(join(this.#dir, 'spool.json'), {
          deviceId: this.#deviceId,
          droppedRows,
          rejectedRows,
        });
        this.#countsSaved = droppedRows + rejectedRows;
      } catch (error) {
        this.#log.warn('the counts of dropped and rejected rows could not be saved', { error });
        this.#saveCountsSoon();
      }
    });
    return this.#saving;
  }
}

/** How long rows may gather: the longer, the more batches wait to be sent already, since nobody is about to see them. */
export function flushIntervalMs(waitingBatches: number, shortestMs: number): number {
  if (waitingBatches < 8) return shortestMs;
  return waitingBatches < 64 ? shortestMs * 4 : shortestMs * 20;
}

function sizeOf(line: string): number {
  return Buffer.byteLength(line) + REPORT_ID_BYTES;
}

function onDisk(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** What is in the folder: whole batches in order; half-written files go, broken ones are set aside. */
async function recover(dir: string, log: AgentLog): Promise<{ queue: BatchFile[]; brokenRows: number }> {
  const queue: BatchFile[] = [];
  let brokenRows = 0;
  for (const name of (await readdir(dir)).sort()) {
    if (name.endsWith(PARTIAL_SUFFIX)) {
      await rm(join(dir, name), { force: true });
      continue;
    }
    const batch = parseBatchFileName(name);
    if (!batch) continue;
    const { size } = await stat(join(dir, name));
    if (size === batch.bytes) {
      queue.push(batch);
      continue;
    }
    log.error('a batch on disk is damaged and set aside', {
      batch: batch.id,
      bytes: size,
      expected: batch.bytes,
    });
    brokenRows += batch.rows;
    await moveToRejected(dir, name);
  }
  await syncFolder(dir);
  return { queue, brokenRows };
}

async function moveToRejected(dir: string, name: string): Promise<void> {
  const rejected = join(dir, 'rejected');
  await rename(join(dir, name), join(rejected, name));
  const kept = (await readdir(rejected)).sort();
  for (const oldest of kept.slice(0, Math.max(0, kept.length - REJECTED_KEPT))) {
    await rm(join(rejected, oldest), { force: true });
  }
}
