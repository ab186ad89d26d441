import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStoreUnavailable, QueryFailed, QueryTooLarge } from './errors.ts';
import { type ResultCaps, readResult as readAsItFlows } from './result-stream.ts';

const NO_CAPS = { maxRows: 1e9, maxBytes: 1e9 };

async function readResult(stream: Readable, caps: ResultCaps) {
  const rows: unknown[][] = [];
  const result = await readAsItFlows(stream, caps, (more) => {
    rows.push(...more);
  });
  return { rows, ...result };
}

function inPieces(text: string, cuts: readonly number[] = [], failure?: Error): Readable {
  const bytes = Buffer.from(text);
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const ends = [...at, bytes.length];
  const pieces = ends
    .map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
    .filter((piece) => piece.length > 0);
  return Readable.from(
    (function* () {
      yield* pieces;
      if (failure) throw failure;
    })(),
    { objectMode: false },
  );
}

const PROGRESS = '{"progress":{"read_rows":"7","read_bytes":"70","elapsed_ns":"1"}}';
const META = '{"meta":[{"name":"a","type":"Nullable(Int64)"},{"name":"b","type":"String"}]}';

describe('readResult', () => {
  it('gives the same rows however the text is cut', async () => {
    const cell = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constant(null), fc.boolean());
    const rowsOf = fc.array(fc.tuple(fc.constant(null), cell), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rowsOf, fc.array(fc.nat(), { maxLength: 12 }), async (rows, cuts) => {
        const text = [PROGRESS, META, ...rows.map((row) => JSON.stringify({ row })), PROGRESS, ''].join('\n');
        const read = await readResult(inPieces(text, cuts), NO_CAPS);
        expect(read).toEqual({ rows, rowsRead: 7, bytesRead: 70, complaint: null });
      }),
    );
  }, 30_000);

  it('makes numbers of 64-bit integers that are exact as such, and leaves the others as text', async () => {
    const values = ['0', '-5', '9007199254740991', '9007199254740993', '-9223372036854775808'];
    const text = [META, ...values.map((value) => JSON.stringify({ row: [value, value] }))].join('\n');
    const { rows } = await readResult(inPieces(text), NO_CAPS);
    expect(rows.map((row) => row[0])).toEqual([
      0,
      -5,
      9007199254740991,
      '9007199254740993',
      '-9223372036854775808',
    ]);
    expect(rows.map((row) => row[1])).toEqual(values);
  });

  it('stops at the caps and says which', async () => {
    const rows = (count: number) => `${META}\n${'{"row":["1","x"]}\n'.repeat(count)}`;
    await expect(readResult(inPieces(rows(10)), { maxRows: 10, maxBytes: 1e6 })).resolves.toBeDefined();
    const tooMany = readResult(inPieces(rows(11)), { maxRows: 10, maxBytes: 1e6 });
    await expect(tooMany).rejects.toMatchObject({ name: 'QueryTooLarge', cap: 'rows', limit: 10 });
    const tooBig = readResult(inPieces(rows(11)), { maxRows: 1e6, maxBytes: 100 });
    await expect(tooBig).rejects.toMatchObject({ cap: 'bytes', limit: 100 });
  });

  it('does not hold a row that never ends', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(10_000, 'x');
      })(),
    );
    await expect(readResult(endless, { maxRows: 1, maxBytes: 10_000 })).rejects.toThrow(QueryTooLarge);
  });

  it('finds the error behind the rows', async () => {
    const text = `${META}\n{"row":["1","x"]}\n\r\n__exception__\r\nhgqs\r\nCode: 241. DB::Exception: too much\nof it. (MEMORY_LIMIT_EXCEEDED) (version 26.7.2.1)\n90 hgqs\r\n__exception__\r\n`;
    for (const cut of [0, 40, 60, 75, 120]) {
      // The server breaks the connection off after it.
      const { complaint } = await readResult(inPieces(text, [cut], new Error('aborted')), NO_CAPS);
      expect(complaint).toMatchObject({ code: 241, message: expect.stringMatching(/^too much\nof it/) });
    }
  });

  it('finds the error that cuts a row short', async () => {
    const text = `${META}\n{"row":["1",\r\n__exception__\r\nhgqs\r\nCode: 159. DB::Exception: late. (TIMEOUT_EXCEEDED)\n9 hgqs\r\n__exception__\r\n`;
    expect(await readResult(inPieces(text), NO_CAPS)).toMatchObject({ rows: [], complaint: { code: 159 } });
  });

  it('hands rows on in order and waits for whoever takes them, reading ahead only so far', async () => {
    const row = `{"row":["1","${'x'.repeat(1_000)}"]}\n`;
    let given = 0;
    const plenty = Readable.from(
      (function* () {
        yield Buffer.from(`${META}\n`);
        for (; given < 1_000; given++) yield Buffer.from(row.repeat(64));
      })(),
      { objectMode: false },
    );
    let taken = 0;
    let ahead = 0;
    await readAsItFlows(plenty, NO_CAPS, async (rows) => {
      await new Promise(setImmediate);
      ahead = Math.max(ahead, given - taken / 64);
      taken += rows.length;
    });
    expect(taken).toBe(64_000);
    expect(ahead).toBeLessThan(100);
  });

  it('ends with what the taker of the rows throws', async () => {
    const stream = inPieces(`${META}\n{"row":["1","x"]}\n`);
    const refusing = readAsItFlows(stream, NO_CAPS, () => Promise.reject(new RangeError('full')));
    await expect(refusing).rejects.toThrow(RangeError);
    expect(stream.destroyed).toBe(true);
  });

  it('passes on the failure of the connection', async () => {
    const failing = readResult(inPieces(`${META}\n{"row":["1","x"]}\n`, [], new Error('aborted')), NO_CAPS);
    await expect(failing).rejects.toThrow('aborted');
  });

  it('tells a result that broke off from one that is none', async () => {
    await expect(readResult(inPieces(`${META}\n{"row":["1"`), NO_CAPS)).rejects.toThrow(
      EventStoreUnavailable,
    );
    await expect(readResult(inPieces('1\t2\n'), NO_CAPS)).rejects.toThrow(QueryFailed);
  });
});
