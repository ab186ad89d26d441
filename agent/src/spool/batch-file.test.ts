import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchFile, parseBatchFileName } from './batch-file.ts';

describe('batch file names', () => {
  it('say what they were made with', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 4 << 20 }),
        (first, rows, bytes) => {
          const made = batchFile(first, `00112233445566ff.${(first % 1000) + 1}`, rows, bytes);
          expect(parseBatchFileName(made.name)).toEqual(made);
        },
      ),
    );
  });

  it('sort as the rows were taken', () => {
    const names = [9, 10, 100_000_000].map((first) => batchFile(first, 'ffffffffffffffff.1', 1, 1).name);
    expect([...names].sort()).toEqual(names);
  });

  it('are no other names', () => {
    fc.assert(fc.property(fc.string(), (name) => parseBatchFileName(name) === null));
    for (const name of ['spool.json', 'report-ids.json', 'rejected', '1-x.1-1-1.ndjson.gz']) {
      expect(parseBatchFileName(name)).toBeNull();
    }
  });
});
