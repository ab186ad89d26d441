import { expect, it } from 'vitest';
import { lostInserts } from './lost-inserts.ts';

const log = (...lines: [operation: 1 | 2, part: string, block: string][]) =>
  lines.map((line) => `${line.join('\t')}\n`).join('');

it('keeps what is there by itself, merged, or changed since', () => {
  const known = log([1, '20261121_1_1_0', 'a'], [1, '20261121_2_2_0', 'b'], [1, '20261122_3_3_0', 'c']);
  expect(
    lostInserts(known, ['20261121_1_2_1', '20261122_3_3_0_7', 'detached', 'deduplication_logs']),
  ).toEqual([]);
});

it('finds what is known and not there: in another partition, as a part half written, or beyond the merged ones', () => {
  const known = log([1, '20261121_1_1_0', 'a'], [1, '20261122_5_5_0', 'b'], [1, '20261123_9_9_0', 'c']);
  expect(
    lostInserts(known, ['20261121_2_4_1', '20261121_5_5_0', 'tmp_insert_20261122_5_5_0', '20261123_1_8_2']),
  ).toEqual([
    { part: '20261121_1_1_0', block: 'a' },
    { part: '20261122_5_5_0', block: 'b' },
    { part: '20261123_9_9_0', block: 'c' },
  ]);
});

it('leaves alone what was forgotten already, and a line that a crash cut off', () => {
  const known = log([1, 'all_1_1_0', 'a'], [2, 'all_1_1_0', 'a']);
  expect(lostInserts(`${known}1\tall_2`, [])).toEqual([]);
});
