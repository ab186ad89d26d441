import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { record } from '../testing.ts';
import { BLOCK_BYTES, blobName, blocksOf, hourBlobs, LARGEST_BLOCK_BYTES } from './hour-blobs.ts';

const TENANT = '5f0c3c52-7d1e-4a4b-9d58-0f8a6f4d2c11';

describe('blobs by the hour', () => {
  it('are named by table, tenant and the hour a record came', () => {
    const late = { ...record(3, {}, 'AlertInfo'), time: '2026-12-01T09:59:59.9999999Z' };
    expect(
      hourBlobs([record(1), late, record(2)]).map(({ container, folder, records }) => [
        container,
        folder,
        records.length,
      ]),
    ).toEqual([
      [
        'insights-logs-advancedhunting-deviceprocessevents',
        `tenantId=${TENANT}/y=2026/m=11/d=25/h=14/m=00`,
        2,
      ],
      ['insights-logs-advancedhunting-alertinfo', `tenantId=${TENANT}/y=2026/m=12/d=01/h=09/m=00`, 1],
    ]);
    expect([blobName('f', 0), blobName('f', 2)]).toEqual(['f/PT1H.json', 'f/PT1H_2.json']);
  });

  it('take no record that says not whose it is', () => {
    expect(() => hourBlobs([{ ...record(1), json: '{"tenantId":"../../x"}' }])).toThrow('has no tenant');
  });

  it('get every record once and in order, a line each, in blocks that end with a line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.constantFrom(0, 1_500_000)), { maxLength: 8 }),
        (texts) => {
          const records = texts.map(([text, more], n) => record(n, { Text: text + 'x'.repeat(more) }));
          const blocks = blocksOf(records);
          expect(Buffer.concat(blocks).toString()).toBe(records.map(({ json }) => `${json}\r\n`).join(''));
          for (const block of blocks) {
            expect(block.subarray(-2).toString()).toBe('\r\n');
            expect(block.length <= BLOCK_BYTES || block.indexOf('\r\n') === block.length - 2).toBe(true);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it('refuse a record that no block holds', () => {
    expect(() => blocksOf([{ ...record(1), json: 'x'.repeat(LARGEST_BLOCK_BYTES) }])).toThrow(
      'a block takes',
    );
  });
});
