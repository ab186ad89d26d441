/**
 * The bytes of one record in a segment. Little endian:
 *
 *     0 u32 length    bytes after the first 8
 *     4 u32 crc       CRC-32 of payload, length, header and names, begun with the log's own salt
 *     8 u8  kind      1 record, 2 gap
 *     9 u8  bytes of stream
 *    10 u8  bytes of epoch
 *    11 u8  0
 *    12 u64 position
 *    20 u64 durable   every position below this one was on disk before this frame was written
 *    28 u64 seq       (gap: the position after the gap)
 *    36 stream, epoch, payload
 *
 * `durable` tells an interrupted write from damage: behind an unreadable record, a frame that calls it durable proves that it was acknowledged.
 * The salt is the log's secret, so that a payload cannot be made to look like a frame.
 */
import { crc32 } from 'node:zlib';
import { MAX_PAYLOAD_BYTES, type Position } from './event-log.ts';

export const HEADER_BYTES = 36;
const PREFIX_BYTES = 8;
const MAX_NAME_BYTES = 255;
export const MAX_FRAME_BYTES = HEADER_BYTES + 2 * MAX_NAME_BYTES + MAX_PAYLOAD_BYTES;
const KIND_RECORD = 1;
const KIND_GAP = 2;
const TWO_32 = 2 ** 32;

interface RecordFrame {
  readonly kind: 'record';
  readonly position: Position;
  /** Position after this frame's. */
  readonly next: Position;
  readonly durable: Position;
  readonly stream: string;
  readonly epoch: string;
  readonly seq: number;
  readonly payload: Buffer;
  readonly size: number;
}

/** Written by a repair in the place of records that could not be read. */
interface GapFrame {
  readonly kind: 'gap';
  readonly position: Position;
  readonly next: Position;
  readonly durable: Position;
  readonly size: number;
}

export type Frame = RecordFrame | GapFrame;
export type Parsed =
  | Frame
  | { readonly kind: 'short'; readonly need: number }
  | { readonly kind: 'bad'; readonly why: string };

export interface FrameHead {
  readonly stream: string;
  readonly epoch: string;
  readonly streamBytes: number;
  readonly epochBytes: number;
  readonly seq: number;
  readonly position: Position;
  readonly durable: Position;
}

export const payloadCrc = (payload: Buffer, salt: number): number => crc32(payload, salt);

/** Writes all of a frame but its payload at `at`; the payload follows it. Returns the bytes written. */
export function writeFrameHead(
  into: Buffer,
  at: number,
  head: FrameHead,
  payloadBytes: number,
  crcOfPayload: number,
): number {
  const names = head.streamBytes + head.epochBytes;
  writeFields(into, at, KIND_RECORD, head, HEADER_BYTES - PREFIX_BYTES + names + payloadBytes);
  into[at + 9] = head.streamBytes;
  into[at + 10] = head.epochBytes;
  into.write(head.stream, at + HEADER_BYTES, 'utf8');
  into.write(head.epoch, at + HEADER_BYTES + head.streamBytes, 'utf8');
  const end = at + HEADER_BYTES + names;
  sealFrame(into, at, end, crcOfPayload);
  return end - at;
}

export function encodeGap(position: Position, next: Position, salt: number): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES);
  writeFields(frame, 0, KIND_GAP, { position, durable: position, seq: next }, HEADER_BYTES - PREFIX_BYTES);
  sealFrame(frame, 0, HEADER_BYTES, salt);
  return frame;
}

function writeFields(
  into: Buffer,
  at: number,
  kind: number,
  { position, durable, seq }: { position: number; durable: number; seq: number },
  length: number,
): void {
  into.writeUInt32LE(length, at);
  into.writeUInt32LE(kind, at + 8);
  writeUInt53(into, position, at + 12);
  writeUInt53(into, durable, at + 20);
  writeUInt53(into, seq, at + 28);
}

function sealFrame(into: Buffer, at: number, end: number, crcOfPayload: number): void {
  const ofLength = crc32(into.subarray(at, at + 4), crcOfPayload);
  into.writeUInt32LE(crc32(into.subarray(at + PREFIX_BYTES, end), ofLength), at + 4);
}

/** Reads the frame at `at`. `short`: it goes on past the end of the buffer. The payload is a view of the buffer. */
export function parseFrame(buffer: Buffer, at: number, salt: number): Parsed {
  const there = buffer.length - at;
  if (there < HEADER_BYTES) return { kind: 'short', need: HEADER_BYTES };
  const size = buffer.readUInt32LE(at) + PREFIX_BYTES;
  if (size < HEADER_BYTES || size > MAX_FRAME_BYTES) return { kind: 'bad', why: 'its length cannot be' };
  const kind = buffer[at + 8];
  const streamBytes = buffer[at + 9] ?? 0;
  const epochBytes = buffer[at + 10] ?? 0;
  const namesEnd = HEADER_BYTES + streamBytes + epochBytes;
  if ((kind !== KIND_RECORD && kind !== KIND_GAP) || namesEnd > size)
    return { kind: 'bad', why: 'it is not a frame' };
  if (size > there) return { kind: 'short', need: size };

  const payload = buffer.subarray(at + namesEnd, at + size);
  const ofLength = crc32(buffer.subarray(at, at + 4), crc32(payload, salt));
  const crc = crc32(buffer.subarray(at + PREFIX_BYTES, at + namesEnd), ofLength);
  if (crc !== buffer.readUInt32LE(at + 4)) return { kind: 'bad', why: 'its checksum does not match' };

  const position = readUInt53(buffer, at + 12);
  const durable = readUInt53(buffer, at + 20);
  const seq = readUInt53(buffer, at + 28);
  if (kind === KIND_GAP) return { kind: 'gap', position, next: seq, durable, size };
  return {
    kind: 'record',
    position,
    next: position + 1,
    durable,
    stream: buffer.toString('utf8', at + HEADER_BYTES, at + HEADER_BYTES + streamBytes),
    epoch: buffer.toString('utf8', at + HEADER_BYTES + streamBytes, at + namesEnd),
    seq,
    payload,
    size,
  };
}

/** What stands where a frame would have it, unproven. */
export function peekFrame(buffer: Buffer, at: number): { position: Position; durable: Position } {
  return { position: readUInt53(buffer, at + 12), durable: readUInt53(buffer, at + 20) };
}

export function writeUInt53(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % TWO_32, at);
  into.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

export function readUInt53(from: Buffer, at: number): number {
  return from.readUInt32LE(at) + from.readUInt32LE(at + 4) * TWO_32;
}
