/** Deletes what every reader is done with. What the deleted segments told of the streams stays behind in a snapshot. */
import { unlink } from 'node:fs/promises';
import type { Position } from './event-log.ts';
import type { LogState } from './log-state.ts';
import { writeSnapshot } from './snapshot.ts';

/** A snapshot may cost at most this part of what was written since the last one. */
const SNAPSHOT_SHARE = 1 / 8;

export interface ReadersView {
  /** Resolves when every reader is known on disk. */
  settled(): Promise<void>;
  /** Position that the slowest has come to; null while there is none. */
  slowest(): Position | null;
}

export class Housekeeping {
  readonly #state: LogState;
  readonly #maxStreams: number;
  readonly #minBytes: number;
  readonly #readers: ReadersView;
  #snapshot: { position: Position; bytes: number };
  #sinceSnapshot: number;
  #again = false;
  #running: Promise<void> | null = null;

  constructor(
    state: LogState,
    snapshot: { position: Position; bytes: number; since: number },
    options: { segmentBytes: number; maxStreams: number },
    readers: ReadersView,
  ) {
    this.#state = state;
    this.#snapshot = snapshot;
    this.#sinceSnapshot = snapshot.since;
    this.#minBytes = options.segmentBytes / 2;
    this.#maxStreams = options.maxStreams;
    this.#readers = readers;
  }

  rolled(segmentBytes: number): void {
    this.#sinceSnapshot += segmentBytes;
    this.tidy();
  }

  tidy(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        if (this.#sinceSnapshot >= Math.max(this.#minBytes, this.#snapshot.bytes / SNAPSHOT_SHARE))
          await this.#takeSnapshot();
        await this.#deleteRead();
      } catch (error) {
        // The segments merely stay longer; the next roll or commit tries again.
        this.#state.log?.warn({ err: error }, 'old segments of the event log could not be tidied away');
      }
    }
    this.#running = null;
  }

  async #takeSnapshot(): Promise<void> {
    const { streams, next, dir, log } = this.#state;
    const before = streams.forgotten;
    streams.forgetBeyond(this.#maxStreams);
    if (streams.forgotten > before) {
      log?.warn(
        { streams: streams.forgotten - before },
        'the event log forgot the streams silent for longest, to make room',
      );
    }
    const since = this.#sinceSnapshot;
    this.#snapshot = { position: next, bytes: await writeSnapshot(dir, next, streams) };
    this.#sinceSnapshot -= since;
  }

  async #deleteRead(): Promise<void> {
    const { segments } = this.#state;
    for (;;) {
      // A reader that a crash would forget must not see its records deleted on the word of the others.
      await this.#readers.settled();
      const done = Math.min(this.#readers.slowest() ?? 0, this.#snapshot.position);
      const [oldest, next] = segments;
      // A segment is done with when the one after it begins no later.
      if (!oldest || !next || next.first > done) return;
      // Out of sight first: a reader that comes now begins behind it.
      segments.shift();
      await unlink(oldest.path);
    }
  }
}
