/** A wait that ends early when something happens. One waiter at a time. */
export class Wake {
  #ring: (() => void) | null = null;
  #rung = false;

  /** Ends the present wait, or the next one if nobody waits. */
  ring(): void {
    this.#rung = true;
    this.#ring?.();
  }

  /** Resolves after the time or at the next {@link ring}; without a time, at the ring alone. */
  async wait(ms?: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
        this.#ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#ring = null;
    }
    this.#rung = false;
  }
}
