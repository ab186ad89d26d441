/** What the log remembers of each stream in order to know a repeated record: the highest sequence of its last few epochs. */

/** Newest first: `[epoch, highest seq]`. */
export type Epochs = (readonly [epoch: string, seq: number])[];

/** A device that made its spool anew may still have one late answer to ask for again; older epochs than these are forgotten. */
const EPOCHS_KEPT = 4;

export class StreamMemory {
  readonly #streams: Map<string, Epochs>;

  constructor(entries: Iterable<readonly [string, Epochs]> = []) {
    this.#streams = new Map(entries);
  }

  get size(): number {
    return this.#streams.size;
  }

  knows(stream: string, epoch: string, seq: number): boolean {
    return this.#streams.get(stream)?.some(([known, highest]) => known === epoch && seq <= highest) ?? false;
  }

  add(stream: string, epoch: string, seq: number): void {
    const epochs = this.#streams.get(stream);
    if (epochs?.[0]?.[0] === epoch) {
      epochs[0] = [epoch, Math.max(seq, epochs[0][1])];
      return;
    }
    const known = epochs?.find(([name]) => name === epoch)?.[1] ?? 0;
    const others = epochs?.filter(([name]) => name !== epoch) ?? [];
    const newest: Epochs = [[epoch, Math.max(seq, known)], ...others];
    this.#streams.set(stream, newest.slice(0, EPOCHS_KEPT));
  }

  entries(): [string, Epochs][] {
    return [...this.#streams].map(([stream, epochs]) => [stream, [...epochs]]);
  }
}
