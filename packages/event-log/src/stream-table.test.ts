import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, MAX_EPOCHS, MAX_SKIPPED, type StreamState, StreamTable, withRecord } from './stream-table.ts';

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

  it('knows late repeats of exactly as many epochs as it says', () => {
    const epochs = Array.from({ length: MAX_EPOCHS + 1 }, (_, i) => `e${i}`);
    let state: StreamState | undefined;
    for (const [i, epoch] of epochs.entries()) state = withRecord(state, epoch, 7, i + 1);
    expect(epochs.filter((epoch) => !holds(state, epoch, 7))).toEqual(['e0']);
    expect(holds(state, 'e1', 8)).toBe(false);
    const late = withRecord(state, 'e1', 8, 99);
    const newest = epochs.at(-1) ?? '';
    expect([holds(late, 'e1', 8), holds(late, newest, 7), late.epochs[0]?.epoch]).toEqual([
      true,
      true,
      newest,
    ]);
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
