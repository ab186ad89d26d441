/** Work that is asked for often and done once a while: what is asked for meanwhile under the same key is done together, and what failed again. */
export class Soon {
  readonly #afterMs: number;
  readonly #failed: (error: unknown) => void;
  readonly #work: (key: string) => Promise<void>;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(afterMs: number, failed: (error: unknown) => void, work: (key: string) => Promise<void>) {
    this.#afterMs = afterMs;
    this.#failed = failed;
    this.#work = work;
  }

  start(key: string, afterMs = this.#afterMs): void {
    if (this.#stopped || this.#timers.has(key)) return;
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key);
        const run: Promise<void> = this.#work(key)
          .catch((error: unknown) => {
            this.#failed(error);
            this.start(key, RETRY_MS);
          })
          .finally(() => this.#running.delete(run));
        this.#running.add(run);
      }, afterMs).unref(),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }
}

const RETRY_MS = 1_000;
