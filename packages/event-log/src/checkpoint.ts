/**
 * Where a reader stands, in a file of two slots written in turn: a write cut short damages one slot, and the other still holds. `taken` is
 * the number of records of the range that was handed out and not yet committed; after a crash the same range is handed out again.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

export interface ReaderState {
  /** Ordinal of the first record not committed. */
  readonly next: number;
  /** Byte in its segment where that record begins. */
  readonly offset: number;
  /** First ordinal of that segment. */
  readonly segment: number;
  readonly taken: number;
}

const SLOT = 64;

export class Checkpoint {
  readonly #file: FileHandle;
  #turn: number;
  #state: ReaderState | null;

  private constructor(file: FileHandle, turn: number, state: ReaderState | null) {
    this.#file = file;
    this.#turn = turn;
    this.#state = state;
  }

  static async open(path: string): Promise<Checkpoint> {
    const file = await open(path, 'a+').then(async (created) => {
      await created.close();
      return open(path, 'r+');
    });
    const bytes = Buffer.alloc(2 * SLOT);
    await file.read(bytes, 0, bytes.length, 0);
    const slots = [readSlot(bytes.subarray(0, SLOT)), readSlot(bytes.subarray(SLOT))].filter(
      (slot) => slot !== null,
    );
    const newest = slots.sort((a, b) => b.turn - a.turn)[0];
    return new Checkpoint(file, newest?.turn ?? 0, newest?.state ?? null);
  }

  get state(): ReaderState | null {
    return this.#state;
  }

  async write(state: ReaderState): Promise<void> {
    this.#turn += 1;
    this.#state = state;
    await this.#file.write(slotBytes(this.#turn, state), 0, SLOT, (this.#turn % 2) * SLOT);
  }

  sync(): Promise<void> {
    return this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function slotBytes(turn: number, state: ReaderState): Buffer {
  const bytes = Buffer.alloc(SLOT);
  for (const [i, value] of [turn, state.next, state.offset, state.segment, state.taken].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), 4 + i * 8);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

function readSlot(bytes: Buffer): { turn: number; state: ReaderState } | null {
  if (crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return null;
  const [turn = 0, next = 0, offset = 0, segment = 0, taken = 0] = [0, 1, 2, 3, 4].map((i) =>
    Number(bytes.readBigUInt64LE(4 + i * 8)),
  );
  return turn === 0 ? null : { turn, state: { next, offset, segment, taken } };
}
