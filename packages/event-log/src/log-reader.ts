/**
 * A named reader. One range is out at a time:
 *
 *   idle ──next(): intent on disk──▶ taken ──commit()──▶ idle
 *                                      └──crash──▶ taken, same bounds, at the next start
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Checkpoint } from './checkpoint.ts';
import { CorruptLogError } from './errors.ts';
import { type LogRecord, readFrame } from './frame.ts';
import type { Segment } from './segments.ts';

export interface RangeRecord extends LogRecord {
  /** Ordinal in the log: grows by one a record, for ever. */
  readonly position: number;
}

export interface LogRange {
  /** `<first>-<last>`: the same after a crash, so it can name what was done with the range. */
  readonly id: string;
  readonly records: readonly RangeRecord[];
  commit(): Promise<void>;
}

export interface NextOptions {
  readonly maxRecords: number;
  /** At least one record is given, however long. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface LogReader {
  /** Waits for records. Null once the log is closed or the signal aborts. Call it again only after `commit()`. */
  next(options: NextOptions): Promise<LogRange | null>;
}

/** What a reader needs of the log: its segments, and word of new records. */
export interface LogView {
  segments(): readonly Segment[];
  /** Resolves when more may be there, the log closes or the signal aborts. */
  waitForMore(signal?: AbortSignal): Promise<void>;
  closed(): boolean;
  committed(): void;
}

export class CheckpointedReader implements LogReader {
  readonly name: string;
  readonly #checkpoint: Checkpoint;
  readonly #log: LogView;
  #file: { first: number; handle: FileHandle } | null = null;
  #out = false;

  constructor(name: string, checkpoint: Checkpoint, log: LogView) {
    this.name = name;
    this.#checkpoint = checkpoint;
    this.#log = log;
  }

  /** First record not committed, and the byte of its segment where it begins. */
  get at(): { next: number; offset: number; segment: number } {
    const state = this.#checkpoint.state;
    return { next: state?.next ?? 0, offset: state?.offset ?? 0, segment: state?.segment ?? 0 };
  }

  syncCheckpoint(): Promise<void> {
    return this.#checkpoint.sync();
  }

  async close(): Promise<void> {
    await this.#file?.handle.close();
    this.#file = null;
    await this.#checkpoint.sync().catch(() => {});
    await this.#checkpoint.close();
  }

  async next({ maxRecords, maxBytes, signal }: NextOptions): Promise<LogRange | null> {
    if (this.#out) throw new Error(`reader ${this.name} has a range out that is not committed`);
    for (;;) {
      if (this.#log.closed() || signal?.aborted) return null;
      const range = await this.#take(maxRecords, maxBytes);
      if (range) return range;
      await this.#log.waitForMore(signal);
    }
  }

  async #take(maxRecords: number, maxBytes: number): Promise<LogRange | null> {
    const state = this.#checkpoint.state;
    if (!state) throw new Error(`reader ${this.name} has no checkpoint`);
    const segments = this.#log.segments();
    let { next, offset } = state;
    let index = segments.findIndex((s) => s.first === state.segment);
    let segment = segments[index];
    if (!segment) {
      throw new CorruptLogError(
        this.name,
        state.segment,
        `the segment that reader "${this.name}" stands in is gone`,
      );
    }
    // A segment read to its end is left only when a later one exists: until then it may still grow.
    while (next - segment.first >= segment.records) {
      const following = segments[index + 1];
      if (!following) return null;
      index += 1;
      segment = following;
      next = segment.first;
      offset = 0;
    }
    const wanted =
      state.taken > 0 ? state.taken : Math.min(maxRecords, segment.first + segment.records - next);
    const byteLimit = state.taken > 0 ? Number.POSITIVE_INFINITY : maxBytes;
    const { records, end } = await this.#read(segment, next, offset, wanted, byteLimit);
    const last = next + records.length - 1;
    if (state.taken === 0) {
      await this.#checkpoint.write({ next, offset, segment: segment.first, taken: records.length });
      await this.#checkpoint.sync();
    }
    this.#out = true;
    const { first } = segment;
    return {
      id: `${next}-${last}`,
      records,
      commit: async () => {
        if (!this.#out) throw new Error(`reader ${this.name} committed a range twice`);
        // Not synced: if this word is lost, the range comes again with the same bounds.
        await this.#checkpoint.write({ next: last + 1, offset: end, segment: first, taken: 0 });
        this.#out = false;
        this.#log.committed();
      },
    };
  }

  async #read(segment: Segment, next: number, offset: number, maxRecords: number, maxBytes: number) {
    const handle = await this.#open(segment);
    const available = segment.bytes - offset;
    let bytes = await readAt(
      handle,
      offset,
      Math.min(available, Math.max(64 * 1024, Math.min(maxBytes, available))),
    );
    const records: RangeRecord[] = [];
    let at = 0;
    while (
      records.length < maxRecords &&
      (records.length === 0 || at < maxBytes) &&
      offset + at < segment.bytes
    ) {
      const frame = readFrame(bytes, at);
      if (frame.kind === 'bad') throw new CorruptLogError(segment.path, offset + at, frame.problem);
      if (frame.kind === 'short') {
        if (at + frame.needed > available)
          throw new CorruptLogError(segment.path, offset + at, 'a record is cut short');
        if (records.length > 0 && at + frame.needed > maxBytes) break;
        bytes = Buffer.concat([
          bytes,
          await readAt(handle, offset + bytes.length, at + frame.needed - bytes.length),
        ]);
        continue;
      }
      if (records.length > 0 && frame.end > maxBytes) break;
      records.push({ ...frame.record, position: next + records.length });
      at = frame.end;
    }
    return { records, end: offset + at };
  }

  async #open(segment: Segment): Promise<FileHandle> {
    if (this.#file?.first === segment.first) return this.#file.handle;
    await this.#file?.handle.close();
    this.#file = { first: segment.first, handle: await open(segment.path, 'r') };
    return this.#file.handle;
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
