/** The log as it stands on disk, shared by those who write, read and tidy it. Changes only after the disk has. */
import type { Cursor } from './checkpoint.ts';
import type { EventLogLogger, Position } from './event-log.ts';
import type { RecoveredLog, Segment } from './recover.ts';
import { type LogIdentity, SEGMENT_HEADER_BYTES } from './segment.ts';
import type { StreamTable } from './stream-table.ts';
import { Tail } from './tail.ts';

/** At full speed, about a second. */
const TAIL_BYTES = 64 * 1024 * 1024;

export class LogState {
  readonly dir: string;
  readonly identity: LogIdentity;
  /** In order; the last is written to. */
  readonly segments: Segment[];
  readonly streams: StreamTable;
  readonly log: EventLogLogger | null;
  /** Position of the next record: all below are on disk. */
  next: Position;
  closed = false;
  readonly tail = new Tail(TAIL_BYTES);
  readonly #waiting = new Set<() => void>();

  constructor(dir: string, recovered: RecoveredLog, log: EventLogLogger | null) {
    this.dir = dir;
    this.identity = recovered.identity;
    this.segments = recovered.segments;
    this.streams = recovered.streams;
    this.next = recovered.next;
    this.log = log;
  }

  get oldest(): Position {
    return this.segments[0]?.first ?? this.next;
  }

  /** Before the oldest record. */
  beginning(): Cursor {
    return { position: this.oldest, segment: this.oldest, offset: SEGMENT_HEADER_BYTES };
  }

  /** After the newest record. */
  end(): Cursor {
    const active = this.segments.at(-1);
    return {
      position: this.next,
      segment: active?.first ?? this.next,
      offset: active?.bytes ?? SEGMENT_HEADER_BYTES,
    };
  }

  /** Bytes of frames from the cursor to the end. */
  bytesFrom({ segment, offset }: Cursor): number {
    let bytes = 0;
    for (const { first, bytes: size } of this.segments) {
      if (first >= segment) bytes += size - (first === segment ? offset : SEGMENT_HEADER_BYTES);
    }
    return bytes;
  }

  /** Resolves at the next change, or when the signal aborts. */
  changed(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake);
      if (signal?.aborted) wake();
    });
  }

  announce(): void {
    for (const wake of this.#waiting) wake();
  }
}
