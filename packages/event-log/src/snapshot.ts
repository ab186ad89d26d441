/**
 * What was known of all streams, beside the segments: `<position>.streams`. With it, segments before that position may be deleted, and an
 * opening reads only those after it.
 *
 *     "MRLNSTR1" u64 position   then blocks: u32 length, u32 crc, u32 entries, entries   last block: no entries
 *     entry: u8 n stream, u64 position, u8 epochs, each: u8 n epoch, u64 highest, u8 skipped, u64 each
 *
 * It is written while appends go on: an entry may already know records past `position`. That is why each entry has its own.
 */
import { open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CorruptLogError } from './errors.ts';
import type { Position } from './event-log.ts';
import { replaceFile, writeAllAt } from './files.ts';
import { readUInt53, writeUInt53 } from './frame.ts';
import {
  type EpochState,
  MAX_EPOCHS,
  MAX_SKIPPED,
  type StreamState,
  type StreamTable,
} from './stream-table.ts';

const MAGIC = 'MRLNSTR1';
const HEAD_BYTES = 16;
const BLOCK_HEAD_BYTES = 12;
const BLOCK_BYTES = 256 * 1024;
const MAX_ENTRY_BYTES = 1 + 255 + 8 + 1 + MAX_EPOCHS * (1 + 255 + 8 + 1 + 8 * MAX_SKIPPED);
const NAME = /^(\d{16})\.streams$/;

export interface SnapshotFile {
  readonly position: Position;
  readonly path: string;
}

export async function listSnapshots(dir: string): Promise<SnapshotFile[]> {
  const found: SnapshotFile[] = [];
  for (const name of await readdir(dir)) {
    const digits = NAME.exec(name)?.[1];
    if (digits) found.push({ position: Number(digits), path: join(dir, name) });
  }
  return found.sort((a, b) => a.position - b.position);
}

/** Writes block by block, letting others run between; then the older snapshots go. Returns the bytes written. */
export async function writeSnapshot(dir: string, position: Position, streams: StreamTable): Promise<number> {
  const path = join(dir, `${String(position).padStart(16, '0')}.streams`);
  let bytes = 0;
  await replaceFile(path, async (handle) => {
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(MAGIC, 0, 'latin1');
    writeUInt53(head, position, 8);
    await writeAllAt(handle, [head], 0);
    bytes = head.length;
    for (const block of blocks(streams)) {
      await writeAllAt(handle, [block], bytes);
      bytes += block.length;
    }
  });
  for (const older of await listSnapshots(dir)) if (older.position < position) await unlink(older.path);
  return bytes;
}

function* blocks(streams: StreamTable): Generator<Buffer> {
  let block = Buffer.allocUnsafe(BLOCK_BYTES + MAX_ENTRY_BYTES);
  let at = BLOCK_HEAD_BYTES;
  let entries = 0;
  for (const [stream, state] of streams.entries()) {
    at = writeEntry(block, at, stream, state);
    entries++;
    if (at < BLOCK_BYTES) continue;
    yield sealBlock(block, at, entries);
    block = Buffer.allocUnsafe(BLOCK_BYTES + MAX_ENTRY_BYTES);
    at = BLOCK_HEAD_BYTES;
    entries = 0;
  }
  if (entries > 0) yield sealBlock(block, at, entries);
  yield sealBlock(Buffer.alloc(BLOCK_HEAD_BYTES), BLOCK_HEAD_BYTES, 0);
}

function sealBlock(block: Buffer, end: number, entries: number): Buffer {
  block.writeUInt32LE(end, 0);
  block.writeUInt32LE(entries, 8);
  block.writeUInt32LE(crc32(block.subarray(8, end)), 4);
  return block.subarray(0, end);
}

function writeEntry(into: Buffer, start: number, stream: string, { position, epochs }: StreamState): number {
  let at = writeName(into, start, stream);
  writeUInt53(into, position, at);
  into[at + 8] = epochs.length;
  at += 9;
  for (const { epoch, highest, skipped } of epochs) {
    at = writeName(into, at, epoch);
    writeUInt53(into, highest, at);
    into[at + 8] = skipped.length;
    at += 9;
    for (const seq of skipped) {
      writeUInt53(into, seq, at);
      at += 8;
    }
  }
  return at;
}

function writeName(into: Buffer, at: number, name: string): number {
  const bytes = into.write(name, at + 1, 'utf8');
  into[at] = bytes;
  return at + 1 + bytes;
}

/** Fills the table and returns the bytes read. Throws {@link CorruptLogError} for anything but a whole snapshot. */
export async function readSnapshot({ path, position }: SnapshotFile, streams: StreamTable): Promise<number> {
  const handle = await open(path, 'r');
  let bytes: Buffer;
  try {
    bytes = await handle.readFile();
  } finally {
    await handle.close();
  }
  const damaged = (offset: number, why: string) => new CorruptLogError(path, offset, null, why);
  if (
    bytes.length < HEAD_BYTES ||
    bytes.toString('latin1', 0, 8) !== MAGIC ||
    readUInt53(bytes, 8) !== position
  ) {
    throw damaged(0, 'it is not a snapshot of the streams');
  }
  for (let at = HEAD_BYTES; ; ) {
    const length = at + BLOCK_HEAD_BYTES <= bytes.length ? bytes.readUInt32LE(at) : 0;
    if (length < BLOCK_HEAD_BYTES || at + length > bytes.length) throw damaged(at, 'a block is cut off');
    const block = bytes.subarray(at, at + length);
    if (block.readUInt32LE(4) !== crc32(block.subarray(8)))
      throw damaged(at, "a block's checksum does not match");
    const entries = block.readUInt32LE(8);
    if (entries === 0) return bytes.length;
    readEntries(block, entries, streams);
    at += length;
  }
}

function readEntries(block: Buffer, entries: number, streams: StreamTable): void {
  let at = BLOCK_HEAD_BYTES;
  const name = () => {
    const end = at + 1 + (block[at] ?? 0);
    const text = block.toString('utf8', at + 1, end);
    at = end;
    return text;
  };
  const number = () => {
    at += 8;
    return readUInt53(block, at - 8);
  };
  const count = () => block[at++] ?? 0;
  for (let i = 0; i < entries; i++) {
    const stream = name();
    const position = number();
    const epochs: EpochState[] = [];
    for (let left = count(); left > 0; left--) {
      const epoch = name();
      const highest = number();
      const skipped = Array.from({ length: count() }, number);
      epochs.push({ epoch, highest, skipped });
    }
    streams.set(stream, { position, epochs });
  }
}
