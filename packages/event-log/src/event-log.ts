import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoint } from './checkpoint.ts';
import { LogFailedError, LogFullError } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import { encodeFrame, type LogRecord } from './frame.ts';
import { CheckpointedReader, type LogReader } from './log-reader.ts';
import { loadLog, removeSegment, type Segment, segmentPath, syncFolder, writeSnapshot } from './segments.ts';

export interface EventLogOptions {
  readonly dir: string;
  /** A segment is closed once it is this long. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes the log may hold before `append` answers {@link LogFullError}. Default 8 GiB. */
  readonly retainBytes?: number;
}

export interface ReaderStats {
  readonly name: string;
  readonly lagRecords: number;
  readonly lagBytes: number;
}

export interface EventLog {
  /**
   * Resolves once the record is on disk. `duplicate`: the log holds that sequence of the stream's epoch, or a later one, already; nothing
   * was written. Rejects with {@link LogFullError} rather than drop what a reader has not taken.
   */
  append(record: LogRecord): Promise<{ duplicate: boolean }>;
  /** A reader begins at the oldest record there is, the first time its name is used. Ask for each name once. */
  reader(name: string): LogReader;
  stats(): { bytes: number; records: number; next: number; readers: ReaderStats[] };
  close(): Promise<void>;
}

interface Waiting {
  readonly record: LogRecord;
  readonly resolve: (result: { duplicate: boolean }) => void;
  readonly reject: (error: Error) => void;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const RETAIN_BYTES = 8 * 1024 * 1024 * 1024;
/** Bytes that may wait for the disk; more would only grow memory. */
const MAX_WAITING_BYTES = 128 * 1024 * 1024;
const MAX_WRITE_BYTES = 8 * 1024 * 1024;
const READER_NAME = /^[a-z][a-z0-9-]{0,40}$/;

export async function openEventLog(options: EventLogOptions): Promise<EventLog> {
  const { dir } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(dir);
  try {
    return await openLocked(
      dir,
      options.segmentBytes ?? SEGMENT_BYTES,
      options.retainBytes ?? RETAIN_BYTES,
      unlock,
    );
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Cuts damage out of a closed log: everything from it to the end of its segment. Answers how many bytes went. */
export async function repairEventLog(dir: string): Promise<{ cutBytes: number }> {
  const unlock = lockFolder(dir);
  try {
    const { cutBytes } = await loadLog(dir, true);
    return { cutBytes };
  } finally {
    unlock();
  }
}

async function openLocked(
  dir: string,
  segmentBytes: number,
  retainBytes: number,
  unlock: () => void,
): Promise<EventLog> {
  const { segments, streams, snapshotFirst } = await loadLog(dir);
  if (segments.length === 0)
    segments.push({ first: 0, path: segmentPath(dir, 0, 'log'), bytes: 0, records: 0 });
  let active = segments.at(-1) as Segment;
  let file: FileHandle = await open(active.path, 'a', 0o600);
  await syncFolder(dir);

  const readers = new Map<string, CheckpointedReader>();
  const handedOut = new Set<string>();
  const pendingReaders = new Map<string, Promise<CheckpointedReader>>();

  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let closed = false;
  let failure: Error | null = null;
  let flushing: Promise<void> | null = null;
  let reclaiming: Promise<void> | null = null;
  let snapshots: Promise<void> = Promise.resolve();
  /** Snapshot of the newest segment start that is on disk; segments from there on are needed to know their streams. */
  let snapshotAt = snapshotFirst;
  const inFlight = new Map<string, Promise<unknown>>();
  let wake: (() => void)[] = [];

  const wakeAll = () => {
    const woken = wake;
    wake = [];
    for (const each of woken) each();
  };

  const view = {
    segments: () => segments,
    closed: () => closed,
    committed: () => {
      reclaiming ??= reclaim().finally(() => {
        reclaiming = null;
      });
    },
    waitForMore: (signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (closed || signal?.aborted) return resolve();
        const done = () => {
          signal?.removeEventListener('abort', done);
          resolve();
        };
        signal?.addEventListener('abort', done, { once: true });
        wake.push(done);
      }),
  };

  async function openReader(name: string): Promise<CheckpointedReader> {
    const checkpoint = await Checkpoint.open(join(dir, `reader-${name}.checkpoint`));
    if (!checkpoint.state) {
      const oldest = segments[0] as Segment;
      await checkpoint.write({ next: oldest.first, offset: 0, segment: oldest.first, taken: 0 });
      await checkpoint.sync();
      await syncFolder(dir);
    }
    return new CheckpointedReader(name, checkpoint, view);
  }
  for (const name of await readdir(dir)) {
    const match = /^reader-(.+)\.checkpoint$/.exec(name);
    if (match?.[1]) readers.set(match[1], await openReader(match[1]));
  }

  /** Deletes segments that every reader has left behind. */
  async function reclaim(): Promise<void> {
    if (readers.size === 0) return;
    const needed = Math.min(...[...readers.values()].map((reader) => reader.at.segment), active.first);
    if (!segments.some((segment) => segment.first < needed && segment.first < snapshotAt)) return;
    for (const reader of readers.values()) await reader.syncCheckpoint();
    while (segments.length > 1) {
      const oldest = segments[0] as Segment;
      if (oldest.first >= needed || oldest.first >= snapshotAt) return;
      segments.shift();
      await removeSegment(dir, oldest);
    }
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0 && !failure) {
      const batch: Waiting[] = [];
      const buffers: Buffer[] = [];
      let bytes = 0;
      for (const entry of waiting) {
        if (bytes >= MAX_WRITE_BYTES) break;
        const frame = encodeFrame(entry.record);
        buffers.push(...frame);
        for (const part of frame) bytes += part.length;
        batch.push(entry);
      }
      waiting = waiting.slice(batch.length);
      try {
        await writeAll(file, buffers);
        await file.datasync();
      } catch (error) {
        // After a failed sync nobody can say what is on disk; only reading it again can.
        failure = new LogFailedError('the event log could not be written', { cause: error });
        for (const entry of [...batch, ...waiting]) entry.reject(failure);
        waiting = [];
        return;
      }
      active.bytes += bytes;
      active.records += batch.length;
      for (const { record, resolve } of batch) {
        streams.add(record.stream, record.epoch, record.seq);
        waitingBytes -= record.payload.length;
        resolve({ duplicate: false });
      }
      if (active.bytes >= segmentBytes) await roll();
      wakeAll();
    }
  }

  async function roll(): Promise<void> {
    const first = active.first + active.records;
    const next: Segment = { first, path: segmentPath(dir, first, 'log'), bytes: 0, records: 0 };
    const opened = await open(next.path, 'a', 0o600);
    await syncFolder(dir);
    await file.close();
    file = opened;
    active = next;
    segments.push(next);
    const entries = streams.entries();
    snapshots = snapshots
      .then(() => writeSnapshot(dir, first, entries))
      .then(() => {
        snapshotAt = first;
        view.committed();
      })
      // Without it the older segment simply stays longer.
      .catch(() => {});
  }

  const totalBytes = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  function startFlush(): void {
    // Begun in a later turn, so that appends made together are written together.
    flushing ??= Promise.resolve()
      .then(flush)
      .finally(() => {
        flushing = null;
        if (waiting.length > 0 && !failure) startFlush();
      });
  }

  async function append(record: LogRecord): Promise<{ duplicate: boolean }> {
    // One record of a stream is on its way at a time, so that a repeat waits for the first to be durable and is then known.
    for (let before = inFlight.get(record.stream); before; before = inFlight.get(record.stream))
      await before.catch(() => {});
    if (closed) throw new LogFailedError('the event log is closed');
    if (failure) throw failure;
    if (streams.knows(record.stream, record.epoch, record.seq)) return { duplicate: true };
    if (waitingBytes + record.payload.length > MAX_WAITING_BYTES) {
      throw new LogFullError('too much waits to be written to the event log');
    }
    if (totalBytes() + waitingBytes + record.payload.length > retainBytes) {
      throw new LogFullError(`the event log holds ${totalBytes()} bytes that its readers have not taken`);
    }
    const written = new Promise<{ duplicate: boolean }>((resolve, reject) => {
      waiting.push({ record, resolve, reject });
      waitingBytes += record.payload.length;
    });
    inFlight.set(record.stream, written);
    startFlush();
    try {
      return await written;
    } finally {
      if (inFlight.get(record.stream) === written) inFlight.delete(record.stream);
    }
  }

  return {
    append,
    reader(name) {
      if (!READER_NAME.test(name)) throw new Error(`"${name}" is not a reader name`);
      if (handedOut.has(name)) throw new Error(`reader "${name}" is in use`);
      handedOut.add(name);
      const known = readers.get(name);
      if (known) return known;
      const opening = openReader(name).then((reader) => {
        readers.set(name, reader);
        return reader;
      });
      pendingReaders.set(name, opening);
      return { next: async (next) => (await opening).next(next) };
    },
    stats() {
      const end = active.first + active.records;
      return {
        bytes: totalBytes(),
        records: end - (segments[0]?.first ?? 0),
        next: end,
        readers: [...readers.values()].map((reader) => {
          const { next, offset, segment } = reader.at;
          const behind = segments.filter((s) => s.first >= segment).reduce((sum, s) => sum + s.bytes, 0);
          return { name: reader.name, lagRecords: end - next, lagBytes: Math.max(0, behind - offset) };
        }),
      };
    },
    async close() {
      closed = true;
      await flushing;
      wakeAll();
      await snapshots;
      await reclaiming;
      await Promise.allSettled(pendingReaders.values());
      for (const reader of readers.values()) await reader.close();
      await file.close();
      unlock();
    },
  };
}

async function writeAll(file: FileHandle, buffers: Buffer[]): Promise<void> {
  const MAX_PARTS = 512;
  for (let at = 0; at < buffers.length; at += MAX_PARTS) {
    const parts = buffers.slice(at, at + MAX_PARTS);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const { bytesWritten } = await file.writev(parts);
    if (bytesWritten === length) continue;
    // The rest of a short write, in one piece.
    await writeRest(file, Buffer.concat(parts).subarray(bytesWritten));
  }
}

async function writeRest(file: FileHandle, rest: Buffer): Promise<void> {
  for (let at = 0; at < rest.length; ) {
    const { bytesWritten } = await file.write(rest, at);
    at += bytesWritten;
  }
}
