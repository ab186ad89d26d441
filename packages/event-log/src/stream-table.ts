/**
 * Which sequences each stream already holds: what makes an append exactly once.
 *
 * Of each epoch the highest sequence is known, and the few below it that were skipped: a sender may have several records under way, and one
 * that was overtaken is new when it arrives. Of each stream the newest {@link MAX_EPOCHS} epochs are known, for retries that come late.
 *
 * So a repeat is known as one exactly while fewer than MAX_EPOCHS newer epochs of its stream have begun, and its sequence is at most
 * MAX_SKIPPED below the highest that was skipped. A sender begins an epoch only when it has lost its spool, and with it what it could repeat.
 */
import type { Position } from './event-log.ts';

export interface EpochState {
  readonly epoch: string;
  readonly highest: number;
  /** Sequences below `highest` not seen yet, ascending; the newest {@link MAX_SKIPPED}. */
  readonly skipped: readonly number[];
}

export interface StreamState {
  /** Of the stream's newest record. */
  readonly position: Position;
  /** Newest first; at most {@link MAX_EPOCHS}. */
  readonly epochs: readonly EpochState[];
}

export const MAX_EPOCHS = 64;
export const MAX_SKIPPED = 64;
const NONE: readonly number[] = [];

export function holds(stream: StreamState | undefined, epoch: string, seq: number): boolean {
  const known = stream?.epochs.find((state) => state.epoch === epoch);
  return known !== undefined && seq <= known.highest && !known.skipped.includes(seq);
}

/** The state after a record that it did not hold. */
export function withRecord(
  stream: StreamState | undefined,
  epoch: string,
  seq: number,
  position: Position,
): StreamState {
  const epochs = stream?.epochs ?? [];
  const at = epochs.findIndex((state) => state.epoch === epoch);
  const known = epochs[at];
  if (!known) {
    // Where a stream begins is its own affair: what lies below its first sequence was never skipped.
    return { position, epochs: [{ epoch, highest: seq, skipped: NONE }, ...epochs.slice(0, MAX_EPOCHS - 1)] };
  }
  const state = withSeq(known, seq);
  return {
    position,
    epochs: epochs.length === 1 ? [state] : epochs.map((old, i) => (i === at ? state : old)),
  };
}

function withSeq(state: EpochState, seq: number): EpochState {
  const { epoch, highest, skipped } = state;
  if (seq < highest) return { epoch, highest, skipped: skipped.filter((one) => one !== seq) };
  if (seq === highest + 1) return { epoch, highest: seq, skipped };
  const from = Math.max(highest + 1, seq - MAX_SKIPPED);
  const newly = Array.from({ length: seq - from }, (_, i) => from + i);
  return { epoch, highest: seq, skipped: [...skipped, ...newly].slice(-MAX_SKIPPED) };
}

/** All streams. Holds only what is on disk, so that a snapshot of it may be taken at any time. */
export class StreamTable {
  readonly #streams = new Map<string, StreamState>();
  #forgotten = 0;

  get size(): number {
    return this.#streams.size;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  get(stream: string): StreamState | undefined {
    return this.#streams.get(stream);
  }

  set(stream: string, state: StreamState): void {
    this.#streams.set(stream, state);
  }

  entries(): IterableIterator<[string, StreamState]> {
    return this.#streams.entries();
  }

  /** Takes in a record read back from disk; one that the snapshot already knew changes nothing. */
  replay(stream: string, epoch: string, seq: number, position: Position): void {
    const state = this.#streams.get(stream);
    if (state && position <= state.position) return;
    this.#streams.set(stream, withRecord(state, epoch, seq, position));
  }

  /** Forgets the streams silent for longest when there are more than `max`, down to nine tenths of it. */
  forgetBeyond(max: number): void {
    if (this.#streams.size <= max) return;
    const keep = Math.floor(max * 0.9);
    const positions = Float64Array.from(this.#streams.values(), (state) => state.position).sort();
    const oldestKept = positions[positions.length - keep] ?? 0;
    for (const [stream, { position }] of this.#streams) {
      if (position >= oldestKept) continue;
      this.#streams.delete(stream);
      this.#forgotten++;
    }
  }
}
