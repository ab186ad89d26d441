import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, MAX_SKIPPED, type StreamState, StreamTable, withRecord } from './stream-table.ts';

const through = (seqs: readonly number[], epoch = 'e'): StreamState | undefined =>
  seqs.reduce<StreamState | undefined>(
    (state, seq, i) => (holds(state, epoch, seq) ? state : withRecord(state, epoch, seq, i + 1)),
    undefined,
  );

describe('stream table', () => {
  it('holds what it took, and nothing it never saw within reach of its memory', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: MAX_SKIPPED }), { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 0, max: MAX_SKIPPED + 5 }),
        (seqs, asked) => {
          const state = through(seqs);
          const first = seqs[0] ?? 0;
          // What lies below the first sequence ever seen counts as held: a log that starts anew cannot tell.
          expect(holds(state, 'e', asked)).toBe(seqs.includes(asked) || asked < first);
        },
      ),
    );
  });

  it('gives up on what was skipped long ago, rather than take it twice', () => {
    const state = through([1, 3, 4 + MAX_SKIPPED]);
    expect(holds(state, 'e', 2)).toBe(true);
    expect(holds(state, 'e', 5)).toBe(false);
  });

  it('knows late repeats of the epochs before, a few of them', () => {
    let state: StreamState | undefined;
    for (const [i, epoch] of ['a', 'b', 'c', 'd', 'e'].entries()) state = withRecord(state, epoch, 7, i + 1);
    expect(['a', 'b', 'c', 'd', 'e'].map((epoch) => holds(state, epoch, 7))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(holds(state, 'b', 8)).toBe(false);
    const late = withRecord(state, 'b', 8, 6);
    expect([holds(late, 'b', 8), holds(late, 'e', 7), late.epochs[0]?.epoch]).toEqual([true, true, 'e']);
  });

  it('forgets the streams silent for longest, and counts them', () => {
    const table = new StreamTable();
    for (let i = 1; i <= 100; i++) table.replay(`s${i}`, 'e', 1, i);
    table.replay('s1', 'e', 2, 101);
    table.forgetBeyond(100);
    expect(table.size).toBe(100);
    table.forgetBeyond(50);
    expect([table.size, table.forgotten]).toEqual([45, 55]);
    expect(table.get('s1')).toBeDefined();
    expect(table.get('s2')).toBeUndefined();
  });
});
