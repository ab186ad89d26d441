/**
 * Several transactions as one. Each that would have begun while the unit is open becomes a part of it, between savepoints, under its own role and
 * tenant; a part that fails is undone alone, and all of them are when the unit fails.
 */
import { sql, type Transaction } from 'kysely';

export class UnitOfWork {
  readonly db: Transaction<unknown>;
  /** Statements that make the connection whoever works at this level. */
  readonly settings: readonly string[];
  /** What it told; this server's own listeners hear it at the end without a way round through PostgreSQL. */
  readonly notices: { readonly channel: string; readonly payload: string }[];
  readonly #depth: number;
  /** One connection does one thing after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #open = true;

  // biome-ignore lint/suspicious/noExplicitAny: only the connection is used
  constructor(db: Transaction<any>, settings: readonly string[], above?: UnitOfWork) {
    this.db = db;
    this.settings = settings;
    this.notices = above?.notices ?? [];
    this.#depth = above ? above.#depth + 1 : 0;
  }

  /** False once its work has ended: what that left running in the background has transactions of its own. */
  get open(): boolean {
    return this.#open;
  }

  join<T>(settings: readonly string[], work: (level: UnitOfWork) => Promise<T>): Promise<T> {
    const part = this.#last.then(() => this.#part(settings, work));
    this.#last = part.catch(() => undefined);
    return part;
  }

  /** The unit takes nothing more when its work has ended, and ends after its last part. */
  async settle<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.#open = false;
      await this.#last;
    }
  }

  async #part<T>(settings: readonly string[], work: (level: UnitOfWork) => Promise<T>): Promise<T> {
    const savepoint = `part_${this.#depth}`;
    await this.#say([`savepoint ${savepoint}`, ...settings]);
    const level = new UnitOfWork(this.db, settings, this);
    try {
      const done = await level.settle(work(level));
      await this.#say([`release savepoint ${savepoint}`, ...this.settings]);
      return done;
    } catch (error) {
      // With it go the part's settings.
      await this.#say([`rollback to savepoint ${savepoint}`, `release savepoint ${savepoint}`]);
      throw error;
    }
  }

  async #say(statements: readonly string[]): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(this.db);
  }
}
