/** How much room answers may take until their clients have read them. No tenant has more than half, so that slow readers of one leave room for another's. */

/** Too much is still to be read. */
export class SpoolFull extends Error {
  override readonly name = 'SpoolFull';
}

export class SpoolSpace {
  readonly #total: number;
  readonly #held = new Map<string, number>();
  #used = 0;

  /** @param total bytes */
  constructor(total: number) {
    this.#total = total;
  }

  get used(): number {
    return this.#used;
  }

  /** @throws SpoolFull */
  take(tenantId: string, bytes: number): void {
    const held = (this.#held.get(tenantId) ?? 0) + bytes;
    if (held > this.#total / 2 || this.#used + bytes > this.#total)
      throw new SpoolFull(`${this.#used} bytes of answers are still to be read`);
    this.#held.set(tenantId, held);
    this.#used += bytes;
  }

  give(tenantId: string, bytes: number): void {
    const held = (this.#held.get(tenantId) ?? 0) - bytes;
    if (held > 0) this.#held.set(tenantId, held);
    else this.#held.delete(tenantId);
    this.#used -= bytes;
  }
}
