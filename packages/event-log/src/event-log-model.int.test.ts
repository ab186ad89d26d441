/** The log against the plainest model of it: an array, through crashes that leave any part of an unacknowledged write behind. */
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AppendRecord, type EventLog, openEventLog } from './index.ts';
import { SEGMENT_HEADER_BYTES } from './segment.ts';
import { ALL, crashCopy, freshFolder, segmentsIn } from './test-log.ts';

const SEGMENT_BYTES = 700;
const READERS = ['one', 'two'] as const;

interface Written {
  readonly stream: string;
  readonly epoch: string;
  readonly seq: number;
  readonly text: string;
}

const burst = fc.array(
  fc.record({
    stream: fc.constantFrom('a', 'b', 'ç'),
    size: fc.integer({ min: 0, max: 150 }),
    fresh: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), burst }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      reader: fc.constantFrom(...READERS),
      maxRecords: fc.integer({ min: 1, max: 8 }),
      maxBytes: fc.integer({ min: 1, max: 2_000 }),
      commit: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      burst,
      /** How much of the write landed, and a stretch in it that did not. */
      landed: fc.double({ min: 0, max: 1, noNaN: true }),
      hole: fc.option(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 80 }))),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Modelled {
  readonly written: Written[] = [];
  readonly #seqs = new Map<string, { epoch: number; seq: number }>();
  readonly #readers = new Map(
    READERS.map((name) => [name as string, { done: 0, out: null as string | null }]),
  );
  #folder = freshFolder();
  #log: EventLog | null = null;

  async open(): Promise<void> {
    this.#log = await openEventLog({ dir: this.#folder.dir, segmentBytes: SEGMENT_BYTES });
    for (const name of READERS) this.#log.reader(name);
  }

  get #opened(): EventLog {
    if (!this.#log) throw new Error('not open');
    return this.#log;
  }

  async end(): Promise<void> {
    await this.#log?.close();
    this.#folder.remove();
  }

  async run(action: Step): Promise<void> {
    if (action.do === 'append') return this.#append(action.burst);
    if (action.do === 'read') return this.#read(action);
    if (action.do === 'crash') return this.#crash(action);
    await this.#opened.close();
    await this.open();
  }

  #records(items: readonly { stream: string; size: number; fresh: boolean }[]): Written[] {
    return items.map(({ stream, size, fresh }) => {
      const last = this.#seqs.get(stream) ?? { epoch: 1, seq: 0 };
      const now =
        fresh && last.seq > 3 ? { epoch: last.epoch + 1, seq: 1 } : { epoch: last.epoch, seq: last.seq + 1 };
      this.#seqs.set(stream, now);
      return {
        stream,
        epoch: `e${now.epoch}`,
        seq: now.seq,
        text: `${stream}.${now.epoch}.${now.seq}.${'x'.repeat(size)}`,
      };
    });
  }

  async #append(
    items: Parameters<Modelled['run']>[0] extends infer S
      ? S extends { do: 'append'; burst: infer B }
        ? B
        : never
      : never,
  ): Promise<void> {
    const records = this.#records(items);
    const before = this.written.length;
    const answers = await Promise.all(
      [...records, ...records].map((record) => this.#opened.append(bytesOf(record))),
    );
    expect(answers.map(({ duplicate }) => duplicate)).toEqual([
      ...records.map(() => false),
      ...records.map(() => true),
    ]);
    expect(answers.slice(0, records.length).map(({ position }) => position)).toEqual(
      records.map((_, i) => before + i + 1),
    );
    this.written.push(...records);
  }

  async #read({
    reader,
    maxRecords,
    maxBytes,
    commit,
  }: {
    reader: string;
    maxRecords: number;
    maxBytes: number;
    commit: boolean;
  }): Promise<void> {
    const model = this.#readers.get(reader);
    if (!model || model.done >= this.written.length) return;
    const range = await this.#opened.reader(reader).next({ maxRecords, maxBytes });
    if (!range) throw new Error('closed');
    expect(range.records.map(({ payload }) => payload.toString())).toEqual(
      this.written.slice(model.done, model.done + range.records.length).map(({ text }) => text),
    );
    expect(range.records[0]?.position).toBe(model.done + 1);
    if (model.out !== null) expect(range.id).toBe(model.out);
    else expect(range.records.length).toBeLessThanOrEqual(maxRecords);
    model.out = range.id;
    if (!commit) return;
    await range.commit();
    model.done += range.records.length;
    model.out = null;
  }

  /** The process dies in the middle of writing a burst: any part of the write is on disk, and nobody was answered. */
  async #crash({ burst, landed, hole }: Extract<Step, { do: 'crash' }>): Promise<void> {
    const left = crashCopy(this.#folder.dir);
    const records = this.#records(burst);
    await Promise.all(records.map((record) => this.#opened.append(bytesOf(record))));
    const last = segmentsIn(this.#folder.dir).at(-1) ?? '';
    const copied = join(left.dir, basename(last));
    // A segment's header is on disk before its first record; only a segment that never got that far has less.
    const born = existsSync(copied) || landed > 0.2;
    const safe = existsSync(copied) ? statSync(copied).size : born ? SEGMENT_HEADER_BYTES : 0;
    copyFileSync(last, copied);
    const bytes = readFileSync(copied);
    const kept = Buffer.from(
      bytes.subarray(0, born ? safe + Math.floor((bytes.length - safe) * landed) : Math.floor(landed * 150)),
    );
    if (hole) {
      const from = safe + Math.floor((kept.length - safe) * hole[0]);
      kept.fill(0, from, Math.min(kept.length, from + hole[1]));
    }
    writeFileSync(copied, kept);
    await this.end();
    this.#folder = left;
    await this.open();

    const survived = this.#opened.stats().newest - this.written.length;
    expect(survived).toBeGreaterThanOrEqual(0);
    const answers = [];
    for (const record of records) answers.push((await this.#opened.append(bytesOf(record))).duplicate);
    expect(answers).toEqual(records.map((_, i) => i < survived));
    this.written.push(...records);
  }

  /** Every record is there once, in order, for a reader that never was; and every sequence is known. */
  async check(): Promise<void> {
    expect(this.#opened.stats().newest).toBe(this.written.length);
    for (const record of this.written.slice(-20)) {
      expect((await this.#opened.append(bytesOf(record))).duplicate).toBe(true);
    }
    const oldest = this.#opened.stats().oldest;
    if (this.written.length < oldest) return;
    const range = await this.#opened.reader('check').next(ALL);
    expect(range?.records.map(({ payload }) => payload.toString())).toEqual(
      this.written.slice(oldest - 1).map(({ text }) => text),
    );
  }
}

const bytesOf = ({ text, ...record }: Written): AppendRecord => ({ ...record, payload: Buffer.from(text) });

describe('event log', () => {
  it('is its model through appends, rolls, reads, openings and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const modelled = new Modelled();
        await modelled.open();
        try {
          for (const action of steps) await modelled.run(action);
          await modelled.check();
        } finally {
          await modelled.end();
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});
