/**
 * Where a reader stands, on disk. Two slots, written in turn and synced: a write cut short spoils one, and the other still holds what was true
 * before. No file is made or renamed for it, which would cost each range three times as much.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { CorruptLogError } from './errors.ts';
import type { Position } from './event-log.ts';
import { readAt, replaceFile, writeAllAt } from './files.ts';
import { readUInt53, writeUInt53 } from './frame.ts';

/** A place between two frames. */
export interface Cursor {
  /** The record that comes next. */
  readonly position: Position;
  /** First position of the segment it is looked for in, and the byte there. */
  readonly segment: Position;
  readonly offset: number;
}

export interface Checkpoint {
  readonly committed: Cursor;
  /** Last position of the range that was handed out and not committed; null when none is. */
  readonly taken: Position | null;
}

/** Apart, so that no sector holds both. */
const SLOT_BYTES = 4096;
const USED_BYTES = 48;

export class CheckpointFile {
  readonly #handle: FileHandle;
  #turn: number;
  #current: Checkpoint;

  private constructor(handle: FileHandle, turn: number, current: Checkpoint) {
    this.#handle = handle;
    this.#turn = turn;
    this.#current = current;
  }

  static async create(path: string, first: Checkpoint): Promise<CheckpointFile> {
    await replaceFile(path, (handle) => writeAllAt(handle, [encodeSlot(1, first), encodeSlot(2, first)], 0));
    return new CheckpointFile(await open(path, 'r+'), 2, first);
  }

  static async open(path: string): Promise<CheckpointFile> {
    const handle = await open(path, 'r+');
    const bytes = await readAt(handle, 0, 2 * SLOT_BYTES);
    const slots = [decodeSlot(bytes.subarray(0, SLOT_BYTES)), decodeSlot(bytes.subarray(SLOT_BYTES))];
    const newest = slots.reduce((a, b) => ((b?.turn ?? 0) > (a?.turn ?? 0) ? b : a));
    if (newest) return new CheckpointFile(handle, newest.turn, newest.checkpoint);
    await handle.close();
    throw new CorruptLogError(path, 0, null, 'neither copy of the reader’s checkpoint can be read');
  }

  get current(): Checkpoint {
    return this.#current;
  }

  /** Resolves when it is on disk. One at a time. */
  async write(checkpoint: Checkpoint): Promise<void> {
    const turn = this.#turn + 1;
    await writeAllAt(this.#handle, [encodeSlot(turn, checkpoint)], (turn % 2 === 1 ? 0 : 1) * SLOT_BYTES);
    await this.#handle.datasync();
    this.#turn = turn;
    this.#current = checkpoint;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function encodeSlot(turn: number, { committed, taken }: Checkpoint): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES);
  const fields = [turn, committed.position, committed.segment, committed.offset, taken ?? 0];
  for (const [i, field] of fields.entries()) writeUInt53(slot, field, 8 + i * 8);
  slot.writeUInt32LE(crc32(slot.subarray(8, USED_BYTES)), 0);
  return slot;
}

function decodeSlot(slot: Buffer): { turn: number; checkpoint: Checkpoint } | null {
  if (slot.length < USED_BYTES || slot.readUInt32LE(0) !== crc32(slot.subarray(8, USED_BYTES))) return null;
  const [turn, position, segment, offset, taken] = [8, 16, 24, 32, 40].map((at) => readUInt53(slot, at));
  if (!turn || !position || segment === undefined || offset === undefined) return null;
  return { turn, checkpoint: { committed: { position, segment, offset }, taken: taken || null } };
}
