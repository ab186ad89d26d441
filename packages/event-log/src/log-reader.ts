/**
 * A named reader.
 *
 *   idle ──next(): bounds on disk──▶ taken ──commit(): on disk──▶ idle
 *                                      │ next(): the same range
 *                                      └──crash──▶ taken, with the same bounds
 */
import { type FileHandle, open } from 'node:fs/promises';
import { type Checkpoint, CheckpointFile, type Cursor } from './checkpoint.ts';
import { CorruptLogError, LogClosedError } from './errors.ts';
import type { LogRange, LogReader, LogRecord, Position } from './event-log.ts';
import { readAt } from './files.ts';
import { parseFrame } from './frame.ts';
import type { LogState } from './log-state.ts';
import { checkpointPath, type Segment } from './recover.ts';
import { readFrames, SEGMENT_HEADER_BYTES } from './segment.ts';
import type { TailRecord } from './tail.ts';

type NextOptions = Parameters<LogReader['next']>[0];
type Limits = { readonly through: Position } | { readonly maxRecords: number; readonly maxBytes: number };

const CHUNK_BYTES = 1024 * 1024;

export class SegmentReader implements LogReader {
  readonly name: string;
  readonly #state: LogState;
  readonly #onCommit: () => void;
  /** Null when the last try to make it failed. */
  #checkpoints: Promise<CheckpointFile> | null = null;
  #committed: Cursor;
  #out: LogRange | null = null;
  #open: { segment: Position; handle: FileHandle } | null = null;
  #asking = false;
  #closed = false;
  /** What is being done; closing waits for it. */
  #doing: Promise<void> = Promise.resolve();

  constructor(name: string, state: LogState, from: CheckpointFile | Cursor, onCommit: () => void) {
    this.name = name;
    this.#state = state;
    this.#onCommit = onCommit;
    if (from instanceof CheckpointFile) {
      this.#checkpoints = Promise.resolve(from);
      this.#committed = this.#located(from.current.committed);
    } else {
      this.#committed = from;
      // Whoever needs it hears of a failure, and tries again.
      this.#checkpointFile().catch(() => {});
    }
  }

  /** Resolves when it is on disk that there is this reader. */
  async registered(): Promise<void> {
    await this.#checkpointFile();
  }

  #checkpointFile(): Promise<CheckpointFile> {
    const path = checkpointPath(this.#state.dir, this.name);
    this.#checkpoints ??= CheckpointFile.create(path, { committed: this.#committed, taken: null }).catch(
      (error) => {
        this.#checkpoints = null;
        throw error;
      },
    );
    return this.#checkpoints;
  }

  get committed(): Cursor {
    return this.#committed;
  }

  async next(options: NextOptions): Promise<LogRange | null> {
    if (!(options.maxRecords >= 1 && options.maxBytes >= 1))
      throw new RangeError('maxRecords and maxBytes must be at least 1');
    if (this.#asking) throw new Error(`reader "${this.name}" is already waiting for its next range`);
    this.#asking = true;
    const taking = this.#take(options).finally(() => {
      this.#asking = false;
    });
    this.#doing = settled(this.#doing, taking);
    return taking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.announce();
    await this.#doing;
    await this.#open?.handle.close();
    this.#open = null;
    await this.#checkpoints?.then((file) => file.close()).catch(() => {});
  }

  async #take({ maxRecords, maxBytes, signal }: NextOptions): Promise<LogRange | null> {
    const state = this.#state;
    const gone = () => state.closed || this.#closed || signal?.aborted === true;
    if (gone()) return null;
    if (this.#out) return this.#out;
    const checkpoints = await this.#checkpointFile();
    const { taken } = checkpoints.current;
    while (!gone()) {
      const from = this.#committed;
      if (taken === null && from.position >= state.next) {
        await state.changed(signal);
        continue;
      }
      const read = await this.#read(from, taken === null ? { maxRecords, maxBytes } : { through: taken });
      if (gone()) return null;
      if (taken === null && read.records.length === 0) {
        // Nothing but what a repair gave up for lost.
        await checkpoints.write({ committed: read.end, taken: null });
        this.#committed = read.end;
        this.#onCommit();
        continue;
      }
      const last = read.end.position - 1;
      if (taken === null) await checkpoints.write({ committed: this.#committed, taken: last });
      this.#out = this.#range(checkpoints, last, read);
      return this.#out;
    }
    return null;
  }

  #range(
    checkpoints: CheckpointFile,
    last: Position,
    { records, end }: { records: LogRecord[]; end: Cursor },
  ): LogRange {
    let committing: Promise<void> | null = null;
    const commit = async () => {
      if (this.#state.closed || this.#closed) throw new LogClosedError();
      const done: Checkpoint = { committed: end, taken: null };
      await checkpoints.write(done);
      this.#committed = end;
      this.#out = null;
      this.#onCommit();
    };
    return {
      id: `${this.#state.identity.id}.${this.#committed.position}-${last}`,
      records,
      commit: () => {
        committing ??= commit().catch((error) => {
          committing = null;
          throw error;
        });
        this.#doing = settled(this.#doing, committing);
        return committing;
      },
    };
  }

  /** Reads from the cursor as far as the limits let it: at least one frame. */
  async #read(from: Cursor, limits: Limits): Promise<{ records: LogRecord[]; end: Cursor }> {
    const records: LogRecord[] = [];
    const maxRecords = 'through' in limits ? Number.POSITIVE_INFINITY : limits.maxRecords;
    const maxBytes = 'through' in limits ? Number.POSITIVE_INFINITY : limits.maxBytes;
    const stop = 'through' in limits ? limits.through + 1 : this.#state.next;
    const kept = this.#state.tail.from(from.position);
    if (kept) return this.#readTail(kept, { stop, maxRecords, maxBytes });
    let { position, segment, offset } = this.#located(from);
    let bytes = 0;
    let want = 0;
    while (position < stop && records.length < maxRecords && bytes < maxBytes) {
      const current = this.#segment(segment, position);
      if (offset >= current.bytes) {
        segment = this.#following(current, position).first;
        offset = SEGMENT_HEADER_BYTES;
        continue;
      }
      const handle = await this.#handleOf(current);
      const there = current.bytes - offset;
      const chunk = await readAt(
        handle,
        offset,
        Math.min(there, Math.max(want, Math.min(CHUNK_BYTES, maxBytes - bytes))),
      );
      want = 0;
      let at = 0;
      while (at < chunk.length && position < stop && records.length < maxRecords) {
        const frame = parseFrame(chunk, at, this.#state.identity.salt);
        if (frame.kind === 'short' && at + frame.need <= there) {
          if (bytes > 0 && bytes + frame.need > maxBytes)
            return { records, end: { position, segment, offset: offset + at } };
          want = frame.need;
          break;
        }
        if (frame.kind === 'short' || frame.kind === 'bad' || frame.position !== position) {
          if (position === from.position) {
            const found = await this.#locate(current, position, handle);
            if (found !== offset + at) {
              offset = found;
              at = 0;
              break;
            }
          }
          throw new CorruptLogError(current.path, offset + at, position, whyNot(frame));
        }
        if (bytes > 0 && bytes + frame.size > maxBytes)
          return { records, end: { position, segment, offset: offset + at } };
        if (frame.kind === 'record') {
          records.push({ position, stream: frame.stream, payload: frame.payload });
        }
        position = frame.next;
        bytes += frame.size;
        at += frame.size;
      }
      offset += at;
    }
    return { records, end: { position, segment, offset } };
  }

  #readTail(
    kept: (ahead: number) => TailRecord | undefined,
    { stop, maxRecords, maxBytes }: { stop: Position; maxRecords: number; maxBytes: number },
  ): { records: LogRecord[]; end: Cursor } {
    const records: LogRecord[] = [];
    let bytes = 0;
    let last: TailRecord | undefined;
    for (let record = kept(0); record && record.position < stop; record = kept(records.length)) {
      if (records.length >= maxRecords || (bytes > 0 && bytes + record.size > maxBytes)) break;
      const { position, stream, payload } = record;
      records.push({ position, stream, payload });
      bytes += record.size;
      last = record;
    }
    if (!last) throw new Error(`reader "${this.name}" was given an empty tail`);
    const { position, segment, offset, size } = last;
    return { records, end: { position: position + 1, segment, offset: offset + size } };
  }

  #segment(first: Position, position: Position): Segment {
    const segment = this.#state.segments.find((one) => one.first === first);
    if (segment) return segment;
    throw new CorruptLogError(
      this.#state.dir,
      0,
      position,
      `its segment is gone, and reader "${this.name}" has not read it`,
    );
  }

  #following(segment: Segment, position: Position): Segment {
    const following = this.#state.segments[this.#state.segments.indexOf(segment) + 1];
    if (following?.first === position) return following;
    throw new CorruptLogError(
      segment.path,
      segment.bytes,
      position,
      following ? `the next segment begins with record ${following.first}` : 'the segment ends before it',
    );
  }

  /** A repair may have moved what the checkpoint points at; what it points at may be deleted once it is read to the end. */
  async #locate(segment: Segment, position: Position, handle: FileHandle): Promise<number> {
    const { salt } = this.#state.identity;
    const reading = readFrames(handle, {
      from: SEGMENT_HEADER_BYTES,
      to: segment.bytes,
      expect: segment.first,
      salt,
    });
    let offset = SEGMENT_HEADER_BYTES;
    for (;;) {
      const step = await reading.next();
      if (step.done) {
        throw new CorruptLogError(
          segment.path,
          step.value?.offset ?? offset,
          position,
          step.value?.why ?? 'the segment ends before it',
        );
      }
      for (const frame of step.value.frames) {
        if (frame.position === position) return offset;
        offset += frame.size;
      }
    }
  }

  #located(cursor: Cursor): Cursor {
    const { segments } = this.#state;
    if (segments.some(({ first }) => first === cursor.segment)) return cursor;
    const holder = segments.findLast(({ first }) => first <= cursor.position);
    if (!holder)
      throw new CorruptLogError(
        this.#state.dir,
        0,
        cursor.position,
        `it is gone, and reader "${this.name}" has not read it`,
      );
    return { position: cursor.position, segment: holder.first, offset: SEGMENT_HEADER_BYTES };
  }

  async #handleOf({ first, path }: Segment): Promise<FileHandle> {
    if (this.#open?.segment === first) return this.#open.handle;
    await this.#open?.handle.close();
    this.#open = null;
    const handle = await open(path, 'r');
    this.#open = { segment: first, handle };
    return handle;
  }
}

const settled = (before: Promise<void>, also: Promise<unknown>): Promise<void> =>
  Promise.allSettled([before, also]).then(() => {});

function whyNot(frame: ReturnType<typeof parseFrame>): string {
  if (frame.kind === 'bad') return frame.why;
  if (frame.kind === 'short') return 'it is cut off';
  return `record ${frame.position} stands in its place`;
}
