/**
 * The newest records, kept as they were appended: a reader that keeps up takes them from here and neither reads nor checks the disk. Each is
 * on disk before it is here.
 */
import type { LogRecord, Position } from './event-log.ts';

export interface TailRecord extends LogRecord {
  /** Where its frame lies: first record of the segment, byte in it, bytes. */
  readonly segment: Position;
  readonly offset: number;
  readonly size: number;
}

export class Tail {
  readonly #most: number;
  /** In order, without a gap, from `#start` on; what stands before has been let go of. */
  #records: (TailRecord | undefined)[] = [];
  #start = 0;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  push(record: TailRecord): void {
    this.#records.push(record);
    this.#bytes += record.size;
    while (this.#bytes > this.#most) {
      const oldest = this.#records[this.#start];
      if (!oldest) break;
      this.#bytes -= oldest.size;
      this.#records[this.#start] = undefined;
      this.#start += 1;
    }
    if (this.#start > 64 && this.#start * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#start);
      this.#start = 0;
    }
  }

  /** The record at `position` and those after it, one by one; null when it is not held. */
  from(position: Position): ((ahead: number) => TailRecord | undefined) | null {
    const oldest = this.#records[this.#start];
    if (!oldest || position < oldest.position) return null;
    const at = this.#start + position - oldest.position;
    const records = this.#records;
    return at < records.length ? (ahead) => records[at + ahead] : null;
  }
}
