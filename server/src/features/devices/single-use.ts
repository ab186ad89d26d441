/**
 * Remembers token ids for at least `windowMs`, so that one recorded from the wire cannot be used again. Two generations of sets keep
 * it O(1) and bounded: past `capacity` in one generation it answers `full`, and the caller refuses rather than forgets.
 */
export class SingleUse {
  #young = new Set<string>();
  #old = new Set<string>();
  #turnedAt: number;
  readonly #windowMs: number;
  readonly #capacity: number;

  constructor(windowMs: number, nowMs: number, capacity = 500_000) {
    this.#windowMs = windowMs;
    this.#capacity = capacity;
    this.#turnedAt = nowMs;
  }

  take(id: string, nowMs: number): 'fresh' | 'used' | 'full' {
    if (nowMs - this.#turnedAt >= this.#windowMs) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#turnedAt = nowMs;
    }
    if (this.#young.has(id) || this.#old.has(id)) return 'used';
    if (this.#young.size >= this.#capacity) return 'full';
    this.#young.add(id);
    return 'fresh';
  }
}
