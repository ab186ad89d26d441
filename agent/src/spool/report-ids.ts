/**
 * ReportIds: strictly growing in the device's life, across any crash, without a sync for every row. A block is reserved on disk before the
 * first number of it is used; what a crash leaves unused is skipped.
 */
import { Type } from 'typebox';
import { readJson, writeJsonDurably } from '../files/durable.ts';

const Reserved = Type.Object({ reservedThrough: Type.Integer({ minimum: 0 }) });

const BLOCK = 100_000;

export class ReportIds {
  readonly #file: string;
  #next: number;
  #reservedThrough: number;

  private constructor(file: string, reservedThrough: number) {
    this.#file = file;
    this.#next = reservedThrough + 1;
    this.#reservedThrough = reservedThrough;
  }

  static async open(file: string): Promise<ReportIds> {
    const reserved = await readJson(file, Reserved);
    return new ReportIds(file, reserved?.reservedThrough ?? 0);
  }

  /** The first of `count` numbers that nobody had before. Not to be called again before it resolves. */
  async take(count: number): Promise<number> {
    const last = this.#next + count - 1;
    if (last > this.#reservedThrough) {
      const reservedThrough = last + BLOCK;
      await writeJsonDurably(this.#file, { reservedThrough });
      this.#reservedThrough = reservedThrough;
    }
    const first = this.#next;
    this.#next = last + 1;
    return first;
  }
}
