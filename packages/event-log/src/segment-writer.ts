/**
 * Puts groups of frames at the end of the log, each with one sync.
 *
 *   writing ──disk full: the part written is cut off again──▶ writing
 *      └──a sync or the cut fails: nobody knows what is on disk──▶ broken, until the log is opened anew
 */
import type { FileHandle } from 'node:fs/promises';
import { LogBrokenError, LogFullError } from './errors.ts';
import type { Position } from './event-log.ts';
import { writeAllAt } from './files.ts';
import type { LogState } from './log-state.ts';
import type { Segment } from './recover.ts';
import { createSegment, SEGMENT_HEADER_BYTES, segmentPath } from './segment.ts';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export class SegmentWriter {
  readonly #state: LogState;
  readonly #segmentBytes: number;
  readonly #onRoll: () => void;
  readonly #onBroken: (error: LogBrokenError) => void;
  #handle: FileHandle;
  #active: Segment;
  #broken: LogBrokenError | null = null;

  constructor(
    state: LogState,
    active: { handle: FileHandle; segment: Segment },
    segmentBytes: number,
    onRoll: () => void,
    onBroken: (error: LogBrokenError) => void,
  ) {
    this.#state = state;
    this.#handle = active.handle;
    this.#active = active.segment;
    this.#segmentBytes = segmentBytes;
    this.#onRoll = onRoll;
    this.#onBroken = onBroken;
  }

  get broken(): LogBrokenError | null {
    return this.#broken;
  }

  /** Resolves when the frames, the first of which is record `first`, are on disk. */
  async write(first: Position, frames: readonly Buffer[], bytes: number): Promise<void> {
    if (this.#broken) throw this.#broken;
    const { bytes: end } = this.#active;
    if (end > SEGMENT_HEADER_BYTES && end + bytes > this.#segmentBytes) await this.#roll(first);
    const segment = this.#active;
    try {
      await writeAllAt(this.#handle, frames, segment.bytes);
    } catch (error) {
      await this.#handle.truncate(segment.bytes).catch((failed) => {
        throw this.#breaks(failed);
      });
      throw isNoRoom(error) ? diskFull(error) : this.#breaks(error);
    }
    await this.#handle.datasync().catch((error) => {
      throw this.#breaks(error);
    });
    segment.bytes += bytes;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #roll(first: Position): Promise<void> {
    const fresh = await createSegment(this.#state.dir, first, this.#state.identity).catch((error) => {
      throw isNoRoom(error) ? diskFull(error) : this.#breaks(error);
    });
    const full = this.#handle;
    this.#handle = fresh;
    this.#active = { first, path: segmentPath(this.#state.dir, first), bytes: SEGMENT_HEADER_BYTES };
    this.#state.segments.push(this.#active);
    await full.close();
    this.#onRoll();
  }

  #breaks(cause: unknown): LogBrokenError {
    this.#broken = new LogBrokenError(
      `the event log in ${this.#state.dir} could not be written: ${(cause as Error).message}`,
      { cause },
    );
    this.#state.log?.error({ err: cause }, 'the event log takes nothing more until it is opened again');
    this.#onBroken(this.#broken);
    return this.#broken;
  }
}

const isNoRoom = (error: unknown): boolean => NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '');

const diskFull = (cause: unknown): LogFullError =>
  new LogFullError('disk', `the disk of the event log is full: ${(cause as Error).message}`, { cause });
