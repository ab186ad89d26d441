/**
 * One record on disk, little endian:
 *
 *   0  magic   u32  'MLF1'
 *   4  length  u32  of everything after the checksum
 *   8  crc32   u32  of everything after it
 *  12  seq     u64
 *  20  stream length u8, epoch length u8
 *  22  stream, epoch (UTF-8), payload
 */
import { crc32 } from 'node:zlib';

export interface LogRecord {
  readonly stream: string;
  readonly epoch: string;
  readonly seq: number;
  readonly payload: Buffer;
}

export const FRAME_MAGIC = 0x31464c4d;
const HEAD = 12;
const META = 10;
const MIN_FRAME = HEAD + META;
/** Longer than any batch can be. A length beyond it is damage, not data. */
export const MAX_FRAME = 64 * 1024 * 1024;

/** Head and meta; the payload is written beside it, not copied. */
export function encodeFrame(record: LogRecord): Buffer[] {
  const stream = Buffer.from(record.stream);
  const epoch = Buffer.from(record.epoch);
  if (stream.length > 255 || epoch.length > 255)
    throw new RangeError('stream and epoch have at most 255 bytes');
  const length = META + stream.length + epoch.length + record.payload.length;
  if (length > MAX_FRAME) throw new RangeError(`a record has at most ${MAX_FRAME} bytes`);
  const head = Buffer.alloc(MIN_FRAME + stream.length + epoch.length);
  head.writeUInt32LE(FRAME_MAGIC, 0);
  head.writeUInt32LE(length, 4);
  head.writeBigUInt64LE(BigInt(record.seq), 12);
  head.writeUInt8(stream.length, 20);
  head.writeUInt8(epoch.length, 21);
  stream.copy(head, 22);
  epoch.copy(head, 22 + stream.length);
  head.writeUInt32LE(crc32(record.payload, crc32(head.subarray(HEAD))), 8);
  return [head, record.payload];
}

export type FrameRead =
  | { readonly kind: 'record'; readonly record: LogRecord; readonly end: number }
  /** The bytes end before the frame does; `needed` bytes from its start would hold what is known of it. */
  | { readonly kind: 'short'; readonly needed: number }
  | { readonly kind: 'bad'; readonly problem: string };

/** Reads the frame at `at`. The payload is a view of `bytes`. */
export function readFrame(bytes: Buffer, at: number): FrameRead {
  if (bytes.length - at < MIN_FRAME) return { kind: 'short', needed: MIN_FRAME };
  if (bytes.readUInt32LE(at) !== FRAME_MAGIC) return { kind: 'bad', problem: 'no record begins' };
  const length = bytes.readUInt32LE(at + 4);
  if (length < META || length > MAX_FRAME)
    return { kind: 'bad', problem: 'a record has an impossible length' };
  const end = at + HEAD + length;
  if (end > bytes.length) return { kind: 'short', needed: HEAD + length };
  if (crc32(bytes.subarray(at + HEAD, end)) !== bytes.readUInt32LE(at + 8)) {
    return { kind: 'bad', problem: 'a record does not match its checksum' };
  }
  const streamEnd = at + MIN_FRAME + bytes.readUInt8(at + 20);
  const epochEnd = streamEnd + bytes.readUInt8(at + 21);
  if (epochEnd > end) return { kind: 'bad', problem: 'a record has impossible name lengths' };
  return {
    kind: 'record',
    end,
    record: {
      seq: Number(bytes.readBigUInt64LE(at + 12)),
      stream: bytes.toString('utf8', at + MIN_FRAME, streamEnd),
      epoch: bytes.toString('utf8', streamEnd, epochEnd),
      payload: bytes.subarray(epochEnd, end),
    },
  };
}

/** Whether any whole record begins at or after `from`. Tells a torn end from damage in the middle. */
export function anyFrameFrom(bytes: Buffer, from: number): boolean {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(FRAME_MAGIC);
  for (let at = bytes.indexOf(magic, from); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    if (readFrame(bytes, at).kind === 'record') return true;
  }
  return false;
}
