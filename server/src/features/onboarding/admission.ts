/**
 * How much of a storm is let in at once: so many at work, so many waiting their turn, the rest told when to come back. Whoever is turned away is turned away
 * before any of his work is done, so nothing half done is left of it.
 */
export class Admission {
  readonly #limits: { readonly atWork: number; readonly waiting: number };
  #atWork = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: { readonly atWork: number; readonly waiting: number }) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Null: there is no room for it. */
  async run<T>(work: () => Promise<T>): Promise<{ readonly value: T } | null> {
    if (this.#atWork >= this.#limits.atWork) {
      if (this.#waiting.length >= this.#limits.waiting) return null;
      // Whoever ends hands his place on, so that nobody slips in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#atWork += 1;
    try {
      return { value: await work() };
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#atWork -= 1;
    }
  }
}
