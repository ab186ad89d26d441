import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Box, BoxTree } from './box-tree.ts';

const box = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 12 })), {
    minLength: 2,
    maxLength: 2,
  })
  .map((sides): Box => ({ low: sides.map(([at]) => at), high: sides.map(([at, size]) => at + size) }));

it('finds the boxes that meet one, and no other', () => {
  fc.assert(
    fc.property(fc.array(box, { maxLength: 60 }), box, (boxes, asked) => {
      const meeting = boxes.flatMap(({ low, high }, index) =>
        low.every(
          (from, axis) => from <= (asked.high[axis] ?? 0) && (high[axis] ?? 0) >= (asked.low[axis] ?? 0),
        )
          ? [index]
          : [],
      );
      expect(new BoxTree(boxes).meeting(asked)).toEqual(meeting);
    }),
    { seed: 20_261_125, numRuns: 300 },
  );
});
