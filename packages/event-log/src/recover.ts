/**
 * Reads a log back as its last process left it.
 *
 * A write that a crash interrupted may have left any part of itself at the end of the last segment. It was acknowledged to nobody, so it is cut
 * off. Everything before it was acknowledged; if that cannot be read, opening fails by name. What tells them apart is what is known to have been
 * durable: positions that a later frame, a snapshot, a reader's checkpoint or an orderly close speaks of.
 */
import { type FileHandle, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CheckpointFile } from './checkpoint.ts';
import { CorruptLogError } from './errors.ts';
import type { Position } from './event-log.ts';
import { readAt, replaceFile, syncFolder, writeAllAt } from './files.ts';
import { MAX_FRAME_BYTES } from './frame.ts';
import {
  createSegment,
  FIRST_POSITION,
  type FrameBreak,
  findFrame,
  type LogIdentity,
  listSegments,
  newIdentity,
  readFrames,
  readIdentity,
  SEGMENT_HEADER_BYTES,
  type SegmentFile,
} from './segment.ts';
import { listSnapshots, readSnapshot } from './snapshot.ts';
import { StreamTable } from './stream-table.ts';

/** One group of records, written and synced at once, is at most this and one frame long. */
export const MAX_GROUP_BYTES = 8 * 1024 * 1024;
const END_FILE = 'end.json';
const CHECKPOINT = /^reader-(.+)\.checkpoint$/;

export interface Segment extends SegmentFile {
  /** Readable: on disk and whole. */
  bytes: number;
}

export interface RecoveredLog {
  readonly identity: LogIdentity;
  /** At least one; the last is open for writing. */
  readonly segments: Segment[];
  readonly active: FileHandle;
  /** Position of the next record. */
  readonly next: Position;
  readonly streams: StreamTable;
  readonly snapshot: { readonly position: Position; readonly bytes: number };
  readonly readers: Map<string, CheckpointFile>;
  /** Bytes of the segments from the snapshot on. */
  readonly bytesSinceSnapshot: number;
  readonly tornBytes: number;
}

export const checkpointPath = (dir: string, reader: string): string =>
  join(dir, `reader-${reader}.checkpoint`);

export async function recover(dir: string): Promise<RecoveredLog> {
  await removeUnfinished(dir);
  const readers = await openCheckpoints(dir);
  let active: FileHandle | null = null;
  try {
    const files = await listSegments(dir);
    const snapshots = await listSnapshots(dir);
    const durable = Math.max(
      FIRST_POSITION,
      await readEnd(dir),
      files.at(-1)?.first ?? 0,
      snapshots.at(-1)?.position ?? 0,
      ...[...readers.values()].map(({ current }) =>
        Math.max(current.committed.position, (current.taken ?? 0) + 1),
      ),
    );
    await removeUnbornSegment(files);
    const oldest = files[0];
    if (!oldest) {
      if (durable > FIRST_POSITION) {
        throw new CorruptLogError(dir, 0, durable - 1, 'records were acknowledged, but there is no segment');
      }
      return await begin(dir, readers);
    }

    for (const [name, { current }] of readers) {
      if (current.committed.position >= oldest.first) continue;
      throw new CorruptLogError(
        dir,
        0,
        current.committed.position,
        `it is gone, and reader "${name}" has not read it`,
      );
    }

    const streams = new StreamTable();
    const snapshot = { position: 0, bytes: 0 };
    const newest = snapshots.at(-1);
    if (newest) {
      snapshot.bytes = await readSnapshot(newest, streams);
      snapshot.position = newest.position;
    }
    const from = files.findLastIndex(({ first }) => first <= Math.max(snapshot.position, FIRST_POSITION));
    if (from < 0) {
      throw new CorruptLogError(
        oldest.path,
        0,
        oldest.first - 1,
        'what came before is gone, and no snapshot of the streams covers it',
      );
    }

    const identity = await identityOf(oldest);
    const segments: Segment[] = [];
    for (const file of files.slice(0, from)) segments.push({ ...file, bytes: await sizeOf(file) });
    let next = files[from]?.first ?? FIRST_POSITION;
    let tornBytes = 0;
    let bytesSinceSnapshot = 0;
    for (const [i, file] of files.entries()) {
      if (i < from) continue;
      const last = i === files.length - 1;
      const handle = await open(file.path, last ? 'r+' : 'r');
      if (last) active = handle;
      try {
        if (file.first !== next) {
          throw new CorruptLogError(
            file.path,
            0,
            next,
            `it begins with record ${file.first}, and what comes before ends with ${next - 1}`,
          );
        }
        const replayed = await replay(file, handle, identity, streams);
        next = replayed.next;
        if (last) tornBytes = await endOfLog(file, handle, identity, replayed, durable);
        else if (replayed.broken)
          throw new CorruptLogError(file.path, replayed.broken.offset, next, replayed.broken.why);
        segments.push({ ...file, bytes: replayed.end });
        bytesSinceSnapshot += replayed.end;
      } finally {
        if (!last) await handle.close();
      }
    }
    if (!active) throw new CorruptLogError(oldest.path, 0, next, 'no segment could be opened');
    return { identity, segments, active, next, streams, snapshot, readers, bytesSinceSnapshot, tornBytes };
  } catch (error) {
    await active?.close();
    for (const reader of readers.values()) await reader.close();
    throw error;
  }
}

/** Says that everything before `next` was on disk when the log was closed. True for ever, so nobody needs to remove it. */
export function writeEnd(dir: string, next: Position): Promise<void> {
  const text = JSON.stringify({ next, check: crc32(String(next)) });
  return replaceFile(join(dir, END_FILE), (handle) => writeAllAt(handle, [Buffer.from(text)], 0));
}

export async function readEnd(dir: string): Promise<Position> {
  const path = join(dir, END_FILE);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return FIRST_POSITION;
  try {
    const { next, check } = JSON.parse(text) as { next?: unknown; check?: unknown };
    if (typeof next === 'number' && Number.isSafeInteger(next) && check === crc32(String(next))) return next;
  } catch {
    // Named below, like any other content that is not ours.
  }
  throw new CorruptLogError(path, 0, null, 'it does not say where the log ended');
}

async function begin(dir: string, readers: Map<string, CheckpointFile>): Promise<RecoveredLog> {
  const identity = newIdentity();
  const active = await createSegment(dir, FIRST_POSITION, identity);
  const [file] = await listSegments(dir);
  if (!file) throw new CorruptLogError(dir, 0, FIRST_POSITION, 'the first segment was made and is gone');
  return {
    identity,
    segments: [{ ...file, bytes: SEGMENT_HEADER_BYTES }],
    active,
    next: FIRST_POSITION,
    streams: new StreamTable(),
    snapshot: { position: 0, bytes: 0 },
    readers,
    bytesSinceSnapshot: 0,
    tornBytes: 0,
  };
}

async function removeUnfinished(dir: string): Promise<void> {
  for (const name of await readdir(dir)) if (name.endsWith('.tmp')) await unlink(join(dir, name));
}

/** A crash while a segment was made: nothing was ever written to it. */
async function removeUnbornSegment(files: SegmentFile[]): Promise<void> {
  const last = files.at(-1);
  if (!last || (await sizeOf(last)) > SEGMENT_HEADER_BYTES) return;
  const handle = await open(last.path, 'r');
  try {
    await readIdentity(last, handle);
    return;
  } catch (error) {
    if (!(error instanceof CorruptLogError)) throw error;
  } finally {
    await handle.close();
  }
  await unlink(last.path);
  files.pop();
}

export async function listCheckpoints(dir: string): Promise<{ reader: string; path: string }[]> {
  return (await readdir(dir)).sort().flatMap((name) => {
    const reader = CHECKPOINT.exec(name)?.[1];
    return reader ? [{ reader, path: join(dir, name) }] : [];
  });
}

async function openCheckpoints(dir: string): Promise<Map<string, CheckpointFile>> {
  const readers = new Map<string, CheckpointFile>();
  try {
    for (const { reader, path } of await listCheckpoints(dir))
      readers.set(reader, await CheckpointFile.open(path));
    return readers;
  } catch (error) {
    for (const reader of readers.values()) await reader.close();
    throw error;
  }
}

interface Replayed {
  readonly next: Position;
  /** Byte after the last whole frame. */
  readonly end: number;
  readonly size: number;
  readonly broken: FrameBreak | null;
}

async function replay(
  file: SegmentFile,
  handle: FileHandle,
  identity: LogIdentity,
  streams: StreamTable,
): Promise<Replayed> {
  const own = await readIdentity(file, handle);
  if (own.id !== identity.id || own.salt !== identity.salt) {
    throw new CorruptLogError(file.path, 0, file.first, 'the segment is of another log');
  }
  const { size } = await handle.stat();
  const reading = readFrames(handle, {
    from: SEGMENT_HEADER_BYTES,
    to: size,
    expect: file.first,
    salt: identity.salt,
  });
  let next = file.first;
  let end = SEGMENT_HEADER_BYTES;
  for (;;) {
    const step = await reading.next();
    if (step.done) return { next, end, size, broken: step.value };
    for (const frame of step.value.frames) {
      if (frame.kind === 'record') streams.replay(frame.stream, frame.epoch, frame.seq, frame.position);
      next = frame.next;
      end += frame.size;
    }
  }
}

/** Cuts off a torn end. What stays is synced, so that it may be read and built upon. Returns the bytes cut. */
async function endOfLog(
  file: SegmentFile,
  handle: FileHandle,
  { salt }: LogIdentity,
  { next, end, size, broken }: Replayed,
  durable: Position,
): Promise<number> {
  const damaged = (why: string) => new CorruptLogError(file.path, end, next, why);
  if (next < durable)
    throw damaged(
      `${broken?.why ?? 'the log ends before it'}; it was acknowledged, with all up to record ${durable - 1}`,
    );
  if (broken) {
    if (size - end > MAX_GROUP_BYTES + MAX_FRAME_BYTES) {
      throw damaged(`${broken.why}; what follows is more than one interrupted write`);
    }
    const tail = await readAt(handle, end, size - end);
    const later = findFrame(
      tail,
      1,
      salt,
      (position, known) => known > next && known <= position && position - next < tail.length,
    );
    if (later)
      throw damaged(`${broken.why}; record ${later.frame.position} behind it tells that it was acknowledged`);
    await handle.truncate(end);
  }
  await handle.sync();
  await syncFolder(join(file.path, '..'));
  return size - end;
}

async function identityOf(segment: SegmentFile): Promise<LogIdentity> {
  const handle = await open(segment.path, 'r');
  try {
    return await readIdentity(segment, handle);
  } finally {
    await handle.close();
  }
}

async function sizeOf({ path }: SegmentFile): Promise<number> {
  const handle = await open(path, 'r');
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}
