/**
 * One file of the log: a header, then frames. Named after the position of its first record.
 *
 *     0 "MRLNSEG1"   8 u64 first   16 8 bytes log id   24 u32 salt   28 u32 crc   32 frames
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CorruptLogError } from './errors.ts';
import type { Position } from './event-log.ts';
import { readAt, syncFolder, writeAllAt } from './files.ts';
import { type Frame, HEADER_BYTES, parseFrame, peekFrame, readUInt53, writeUInt53 } from './frame.ts';

export const SEGMENT_HEADER_BYTES = 32;
export const FIRST_POSITION: Position = 1;
const MAGIC = 'MRLNSEG1';
const NAME = /^(\d{16})\.seg$/;
const CHUNK_BYTES = 1024 * 1024;

/** Of one log, in every segment's header. */
export interface LogIdentity {
  /** 16 hex digits. */
  readonly id: string;
  /** Begins every checksum. Not told to anyone. */
  readonly salt: number;
}

export interface SegmentFile {
  readonly first: Position;
  readonly path: string;
}

export const newIdentity = (): LogIdentity => ({
  id: randomBytes(8).toString('hex'),
  salt: randomBytes(4).readUInt32LE(),
});

export const segmentPath = (dir: string, first: Position): string =>
  join(dir, `${String(first).padStart(16, '0')}.seg`);

/** In the order of the log. */
export async function listSegments(dir: string): Promise<SegmentFile[]> {
  const found: SegmentFile[] = [];
  for (const name of await readdir(dir)) {
    const digits = NAME.exec(name)?.[1];
    if (digits) found.push({ first: Number(digits), path: join(dir, name) });
  }
  return found.sort((a, b) => a.first - b.first);
}

export function encodeSegmentHeader(first: Position, { id, salt }: LogIdentity): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  writeUInt53(header, first, 8);
  header.write(id, 16, 'hex');
  header.writeUInt32LE(salt, 24);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  return header;
}

/** Null when the bytes are not the whole header of this segment. */
export function parseSegmentHeader(header: Buffer, first: Position): LogIdentity | null {
  if (header.length < SEGMENT_HEADER_BYTES || header.toString('latin1', 0, 8) !== MAGIC) return null;
  if (header.readUInt32LE(28) !== crc32(header.subarray(0, 28)) || readUInt53(header, 8) !== first)
    return null;
  return { id: header.toString('hex', 16, 24), salt: header.readUInt32LE(24) };
}

/** The file exists, header and name on disk, before any record goes into it. */
export async function createSegment(
  dir: string,
  first: Position,
  identity: LogIdentity,
): Promise<FileHandle> {
  const handle = await open(segmentPath(dir, first), 'w+', 0o600);
  try {
    await writeAllAt(handle, [encodeSegmentHeader(first, identity)], 0);
    await handle.sync();
    await syncFolder(dir);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where frames stop being readable, and why. */
export interface FrameBreak {
  readonly offset: number;
  readonly why: string;
}

/**
 * Reads frames from `from` up to `to`, a chunk at a time. Ends at the first that cannot be read, or whose position is not the one that must
 * follow, and returns where and why; null when all were good.
 */
export async function* readFrames(
  handle: FileHandle,
  range: {
    readonly from: number;
    readonly to: number;
    readonly expect: Position;
    readonly salt: number;
    readonly chunkBytes?: number;
  },
): AsyncGenerator<{ frames: Frame[]; offset: number }, FrameBreak | null> {
  let { from: offset, expect } = range;
  let want = range.chunkBytes ?? CHUNK_BYTES;
  while (offset < range.to) {
    const chunk = await readAt(handle, offset, Math.min(want, range.to - offset));
    want = range.chunkBytes ?? CHUNK_BYTES;
    const frames: Frame[] = [];
    let at = 0;
    let broken: string | null = null;
    while (at < chunk.length) {
      const parsed = parseFrame(chunk, at, range.salt);
      if (parsed.kind === 'short') {
        if (offset + at + parsed.need > range.to) broken = 'it is cut off';
        else want = Math.max(want, parsed.need);
        break;
      }
      if (parsed.kind === 'bad') {
        broken = parsed.why;
        break;
      }
      if (parsed.position !== expect || parsed.next <= parsed.position) {
        broken = `record ${parsed.position} stands where record ${expect} belongs`;
        break;
      }
      frames.push(parsed);
      expect = parsed.next;
      at += parsed.size;
    }
    if (frames.length > 0) yield { frames, offset };
    if (broken !== null) return { offset: offset + at, why: broken };
    if (chunk.length === 0) return { offset, why: 'the file ends before it' };
    offset += at;
  }
  return null;
}

/** The identity that the segment's header tells; an error when the header is not whole. */
export async function readIdentity(segment: SegmentFile, handle: FileHandle): Promise<LogIdentity> {
  const identity = parseSegmentHeader(await readAt(handle, 0, SEGMENT_HEADER_BYTES), segment.first);
  if (!identity)
    throw new CorruptLogError(segment.path, 0, segment.first, "the segment's header cannot be read");
  return identity;
}

/**
 * Looks from the byte `at` on for a whole frame in bytes that are not frames in order. `plausible` is asked before the checksum, which would
 * take too long if it were computed for every byte.
 */
export function findFrame(
  buffer: Buffer,
  at: number,
  salt: number,
  plausible: (position: Position, durable: Position) => boolean,
): { frame: Frame; offset: number } | null {
  for (let offset = at; offset + HEADER_BYTES <= buffer.length; offset++) {
    const { position, durable } = peekFrame(buffer, offset);
    if (!plausible(position, durable)) continue;
    const parsed = parseFrame(buffer, offset, salt);
    if (parsed.kind === 'record' || parsed.kind === 'gap') return { frame: parsed, offset };
  }
  return null;
}
