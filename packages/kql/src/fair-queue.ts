/** What waits, by whom it is for. Those who wait take turns, whatever each of them has waiting. */
export class FairQueue<T> {
  /** In the order of turns: whoever has had one goes to the end. */
  readonly #waiting = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(owner: string): number {
    return this.#waiting.get(owner)?.length ?? 0;
  }

  push(owner: string, item: T): void {
    const items = this.#waiting.get(owner);
    if (items === undefined) this.#waiting.set(owner, [item]);
    else items.push(item);
    this.#size++;
  }

  /** The next item of the first in turn who may have it. `others`: somebody else waits as well. */
  next(may: (owner: string, others: boolean) => boolean): T | undefined {
    for (const [owner, items] of this.#waiting) {
      if (!may(owner, this.#waiting.size > 1)) continue;
      const item = items.shift();
      this.#waiting.delete(owner);
      if (items.length > 0) this.#waiting.set(owner, items);
      this.#size--;
      return item;
    }
    return undefined;
  }

  /** False when it does not wait (any more). */
  remove(owner: string, item: T): boolean {
    const items = this.#waiting.get(owner);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return false;
    items.splice(at, 1);
    if (items.length === 0) this.#waiting.delete(owner);
    this.#size--;
    return true;
  }

  /** Everything that waits; nothing does afterwards. */
  drain(): T[] {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#size = 0;
    return all;
  }
}
