/**
 * Makes a damaged log open again, on order only. What can be read stays, each record at its position; what cannot becomes a gap that readers
 * pass, and the files as they were are kept in `damaged/`.
 */
import { link, mkdir, readFile, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Checkpoint, CheckpointFile } from './checkpoint.ts';
import { lockDirectory } from './directory-lock.ts';
import { CorruptLogError } from './errors.ts';
import type { Position } from './event-log.ts';
import { replaceFile, syncFolder, writeAllAt } from './files.ts';
import { encodeGap, type Frame, parseFrame } from './frame.ts';
import { listCheckpoints, readEnd } from './recover.ts';
import {
  encodeSegmentHeader,
  FIRST_POSITION,
  findFrame,
  type LogIdentity,
  listSegments,
  parseSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentFile,
} from './segment.ts';
import { listSnapshots, readSnapshot, writeSnapshot } from './snapshot.ts';
import { StreamTable } from './stream-table.ts';

export interface RepairReport {
  /** Records that are gone, each range with both ends. */
  readonly lost: readonly { readonly first: Position; readonly last: Position }[];
  /** Files kept aside in `damaged/`. */
  readonly setAside: readonly string[];
  /** Readers that begin at the oldest record again, because their checkpoint could not be read. */
  readonly resetReaders: readonly string[];
  /** Repeats of records older than the log itself may be taken for new: what was known of them could not be read. */
  readonly streamsForgotten: boolean;
  /** What told where the log ended could not be read: records may be gone from its end, unnamed. */
  readonly endUnknown: boolean;
}

/** Rejects with LogLockedError while the log is open, with CorruptLogError when no segment can tell which log it is of. */
export async function repairEventLog(dir: string): Promise<RepairReport> {
  const unlock = lockDirectory(dir);
  try {
    return await new Repair(dir).run();
  } finally {
    unlock();
  }
}

class Repair {
  readonly #dir: string;
  readonly #lost: { first: Position; last: Position }[] = [];
  readonly #setAside: string[] = [];

  constructor(dir: string) {
    this.#dir = dir;
  }

  async run(): Promise<RepairReport> {
    const segments = await listSegments(this.#dir);
    const identity = await this.#identity(segments);
    const oldest = segments[0]?.first ?? FIRST_POSITION;
    const { durable, resetReaders, endUnknown } = await this.#checkpoints(oldest);
    const { streams, position, forgotten } = await this.#streams(oldest);
    let next = oldest;
    for (const [i, segment] of segments.entries()) {
      const following = segments[i + 1]?.first;
      next = await this.#segment(segment, identity, following, Math.max(durable, position), streams);
    }
    if (forgotten) await writeSnapshot(this.#dir, next, streams);
    return {
      lost: this.#lost,
      setAside: this.#setAside,
      resetReaders,
      streamsForgotten: forgotten,
      endUnknown,
    };
  }

  /** What checkpoints and the last close prove to have been acknowledged. */
  async #checkpoints(
    oldest: Position,
  ): Promise<{ durable: Position; resetReaders: string[]; endUnknown: boolean }> {
    let durable = FIRST_POSITION;
    const resetReaders: string[] = [];
    for (const { reader, path } of await listCheckpoints(this.#dir)) {
      const current = await this.#orAside<Checkpoint | null>(null, async () => {
        const file = await CheckpointFile.open(path);
        await file.close();
        return file.current;
      });
      durable = Math.max(durable, current?.committed.position ?? 0, (current?.taken ?? 0) + 1);
      if (current && current.committed.position >= oldest) continue;
      resetReaders.push(reader);
      if (!current) continue;
      this.#lost.push({ first: current.committed.position, last: oldest - 1 });
      await this.#aside(path);
    }
    const end = await this.#orAside(null, () => readEnd(this.#dir));
    return { durable: Math.max(durable, end ?? 0), resetReaders, endUnknown: end === null };
  }

  /** `forgotten`: no snapshot tells what the deleted segments told. */
  async #streams(
    oldest: Position,
  ): Promise<{ streams: StreamTable; position: Position; forgotten: boolean }> {
    for (const snapshot of (await listSnapshots(this.#dir)).reverse()) {
      const streams = await this.#orAside(null, async () => {
        const read = new StreamTable();
        await readSnapshot(snapshot, read);
        return read;
      });
      if (streams) return { streams, position: snapshot.position, forgotten: snapshot.position < oldest };
    }
    return { streams: new StreamTable(), position: FIRST_POSITION, forgotten: oldest > FIRST_POSITION };
  }

  async #identity(segments: readonly SegmentFile[]): Promise<LogIdentity> {
    for (const { path, first } of segments) {
      const identity = parseSegmentHeader((await readFile(path)).subarray(0, SEGMENT_HEADER_BYTES), first);
      if (identity) return identity;
    }
    throw new CorruptLogError(
      segments[0]?.path ?? this.#dir,
      0,
      null,
      'no segment can tell which log it is of; nothing can be read',
    );
  }

  /** Leaves a segment that is whole, writes any other anew. Returns the position it reaches: that of the one following, if there is one. */
  async #segment(
    segment: SegmentFile,
    identity: LogIdentity,
    following: Position | undefined,
    durable: Position,
    streams: StreamTable,
  ): Promise<Position> {
    const until = following ?? Math.max(durable, segment.first);
    const bytes = await readFile(segment.path);
    const header = parseSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES), segment.first);
    const ours = header?.id === identity.id && header.salt === identity.salt;
    const pieces: Buffer[] = [];
    let next = segment.first;
    let whole = ours;
    const keep = (frame: Frame, at: number) => {
      if (frame.position > next) pieces.push(this.#gap(next, frame.position, identity));
      pieces.push(bytes.subarray(at, at + frame.size));
      next = frame.next;
      if (frame.kind === 'record') streams.replay(frame.stream, frame.epoch, frame.seq, frame.position);
    };
    for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; ) {
      const frame = parseFrame(bytes, at, identity.salt);
      if ((frame.kind === 'record' || frame.kind === 'gap') && frame.position === next && frame.next > next) {
        keep(frame, at);
        at += frame.size;
        continue;
      }
      whole = false;
      const limit = following ?? next + bytes.length;
      const found = findFrame(bytes, at, identity.salt, (position) => position >= next && position < limit);
      if (!found) break;
      keep(found.frame, found.offset);
      at = found.offset + found.frame.size;
    }
    if (next < until) {
      pieces.push(this.#gap(next, until, identity));
      next = until;
      whole = false;
    }
    if (whole) return next;
    await this.#keepCopy(segment.path);
    await replaceFile(segment.path, async (handle) => {
      await writeAllAt(handle, [encodeSegmentHeader(segment.first, identity), ...pieces], 0);
    });
    return next;
  }

  /** A file that cannot be read is set aside, and `otherwise` stands for it. */
  async #orAside<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof CorruptLogError)) throw error;
      await this.#aside(error.file);
      return otherwise;
    }
  }

  #gap(first: Position, next: Position, { salt }: LogIdentity): Buffer {
    this.#lost.push({ first, last: next - 1 });
    return encodeGap(first, next, salt);
  }

  /** The file has a second name in `damaged/` from now on, whatever becomes of the first. */
  async #keepCopy(path: string): Promise<void> {
    const folder = join(this.#dir, 'damaged');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const kept = join(folder, `${basename(path)}.${Date.now()}`);
    await link(path, kept);
    await syncFolder(folder);
    this.#setAside.push(kept);
  }

  async #aside(path: string): Promise<void> {
    await this.#keepCopy(path);
    await unlink(path);
  }
}
