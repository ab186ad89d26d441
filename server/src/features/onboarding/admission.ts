/** Nobody is sent away for longer. */
const LONGEST_S = 60;

/**
 * How much of a storm is let in at once: so many at work, so many waiting their turn, the rest told when to come back. Whoever is turned away is turned away
 * before any of his work is done, so nothing half done is left of it; and they come back spread over the time that all of them will take, so that the storm is not
 * the same again a moment later.
 */
export class Admission {
  readonly #limits: { readonly atWork: number; readonly waiting: number };
  readonly #nowMs: () => number;
  readonly #random: () => number;
  #atWork = 0;
  readonly #waiting: (() => void)[] = [];
  /** Who are still to come back, as far as is known: each piece of work done is one less. */
  #turnedAway = 0;
  #lastEndMs = 0;
  /** Between two ends of work while there is no pause, smoothed. */
  #eachMs = 10;

  constructor(
    limits: { readonly atWork: number; readonly waiting: number },
    nowMs: () => number = () => performance.now(),
    random: () => number = Math.random,
  ) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#random = random;
  }

  /** What came of the work, or the seconds after which to come back. */
  async run<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly retryAfterSeconds: number }> {
    if (this.#atWork >= this.#limits.atWork) {
      if (this.#waiting.length >= this.#limits.waiting) return { retryAfterSeconds: this.#turnAway() };
      // Whoever ends hands his place on, so that nobody slips in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#atWork += 1;
    try {
      return { value: await work() };
    } finally {
      this.#ended();
      const next = this.#waiting.shift();
      if (next) next();
      else this.#atWork -= 1;
    }
  }

  #turnAway(): number {
    this.#turnedAway += 1;
    const seconds = ((this.#waiting.length + this.#turnedAway) * this.#eachMs) / 1000;
    return Math.min(LONGEST_S, 1 + Math.floor(this.#random() * seconds));
  }

  #ended(): void {
    this.#turnedAway = Math.max(0, this.#turnedAway - 1);
    const now = this.#nowMs();
    if (this.#waiting.length > 0)
      this.#eachMs += (Math.min(now - this.#lastEndMs, 1_000) - this.#eachMs) / 16;
    this.#lastEndMs = now;
  }
}
