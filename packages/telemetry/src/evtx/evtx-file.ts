/**
 * Windows event log files (EVTX, version 3.1 and 3.2), after the published descriptions of the format: a file header of 4 KiB, then chunks of 64 KiB, each with its own
 * tables of strings and templates and its records. Nothing in a file is trusted: every offset is checked, every loop is bounded, and a chunk or record that makes no
 * sense is told and passed over.
 */
import { crc32 } from 'node:zlib';
import type { WindowsEvent } from '../envelope/windows-event.ts';
import { readRecordEvent } from './record-event.ts';

const FILE_MAGIC = Buffer.from('ElfFile\0');
const CHUNK_MAGIC = Buffer.from('ElfChnk\0');
const RECORD_MAGIC = 0x00002a2a;
const FILE_HEADER = 4096;
const CHUNK_BYTES = 65_536;
const CHUNK_HEADER = 512;
const RECORD_HEAD = 24;
const FREE_AT = 48;
const CRC_AT = 52;

export interface EvtxFile {
  /** An event, or what is wrong with a record or chunk. */
  events(): Generator<WindowsEvent | string>;
}

/** Null when the bytes are no such file. */
export function readEvtx(bytes: Buffer): EvtxFile | null {
  if (!bytes.subarray(0, 8).equals(FILE_MAGIC)) return null;
  return {
    *events() {
      // The header's count of chunks is of the last clean shutdown: the file's length tells.
      for (let at = FILE_HEADER; at + CHUNK_HEADER <= bytes.length; at += CHUNK_BYTES) {
        const chunk = bytes.subarray(at, Math.min(at + CHUNK_BYTES, bytes.length));
        if (chunk.subarray(0, 8).equals(CHUNK_MAGIC)) yield* chunkEvents(chunk);
        else if (!isEmpty(chunk)) yield 'a chunk without its mark';
      }
    },
  };
}

function* chunkEvents(chunk: Buffer): Generator<WindowsEvent | string> {
  const free = Math.min(chunk.readUInt32LE(FREE_AT), chunk.length);
  let at = CHUNK_HEADER;
  // A chunk that is being written has no sum yet; one whose sum differs is read all the same, record by record.
  const sumFits =
    free > CHUNK_HEADER && crc32(chunk.subarray(CHUNK_HEADER, free)) === chunk.readUInt32LE(CRC_AT);
  while (at + RECORD_HEAD < free) {
    if (chunk.readUInt32LE(at) !== RECORD_MAGIC) {
      yield sumFits ? 'a record without its mark' : 'a damaged chunk, from here on';
      return;
    }
    const size = chunk.readUInt32LE(at + 4);
    if (size < RECORD_HEAD + 4 || at + size > free || chunk.readUInt32LE(at + size - 4) !== size) {
      yield 'a record whose size does not fit';
      return;
    }
    yield recordOf(chunk, at, size);
    at += size;
  }
}

function recordOf(chunk: Buffer, at: number, size: number): WindowsEvent | string {
  try {
    return readRecordEvent(chunk, at + RECORD_HEAD, at + size - 4) ?? 'a record that is no event';
  } catch (error) {
    if (error instanceof RangeError) return 'a record that points beyond its chunk';
    throw error;
  }
}

function isEmpty(chunk: Buffer): boolean {
  return chunk.every((byte) => byte === 0);
}
