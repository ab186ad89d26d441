/**
 * The last steps of a row: the rate limit, waiting for the hashes it names, and the hand-over to the agent. Rows that wait are bounded; over the
 * bound a row goes out without its hashes, and is counted.
 */
import type { HashedFile } from './file-hasher.ts';
import { RateLimit } from './rate-limit.ts';
import { setHashes, setInitiatingHashes } from './rows.ts';
import type { SensorRow } from './sensor.ts';

export interface RowSinkOptions {
  emit: (row: SensorRow) => void;
  rateLimit: { perSecond: number; burst: number };
  maxWaiting?: number;
  nowMs: () => number;
}

export class RowSink {
  #emit: (row: SensorRow) => void;
  #limit: RateLimit;
  #maxWaiting: number;
  #nowMs: () => number;
  #waiting = 0;
  /** Rows sent without a hash they might have had. */
  unhashed = 0;

  constructor(options: RowSinkOptions) {
    this.#emit = options.emit;
    this.#limit = new RateLimit(options.rateLimit);
    this.#maxWaiting = options.maxWaiting ?? 20_000;
    this.#nowMs = options.nowMs;
  }

  /** Whether a row of the table may be made now. A refusal is counted: ask once a row. */
  allows(table: string): boolean {
    return this.#limit.take(table, this.#nowMs());
  }

  suppressed(table: string): number {
    return this.#limit.suppressed(table);
  }

  /** Sends the row once the hashes of its file and of its initiating process are known, or known to be missing. */
  send(row: SensorRow, subject: HashedFile | null, initiator: HashedFile | null): void {
    const ready = (subject?.waiting ?? null) === null && (initiator?.waiting ?? null) === null;
    if (ready || this.#waiting >= this.#maxWaiting) {
      this.#finish(row, subject, initiator);
      return;
    }
    const pending = [subject, initiator].filter(
      (file): file is HashedFile => file !== null && file.waiting !== null,
    );
    this.#waiting++;
    let left = pending.length;
    for (const file of pending) {
      file.waiting?.push(() => {
        if (--left > 0) return;
        this.#waiting--;
        this.#finish(row, subject, initiator);
      });
    }
  }

  #finish(row: SensorRow, subject: HashedFile | null, initiator: HashedFile | null): void {
    if (subject !== null) {
      if (subject.hashes !== null) setHashes(row, subject.hashes);
      else {
        this.unhashed++;
        const known = typeof row.AdditionalFields === 'string' ? row.AdditionalFields : '{}';
        row.AdditionalFields = JSON.stringify({
          ...JSON.parse(known),
          HashMissing: subject.missing ?? 'busy',
        });
      }
    }
    if (initiator?.hashes) setInitiatingHashes(row, initiator.hashes);
    this.#emit(row);
  }
}
