import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DigestList } from './digest-list.ts';

const md5 = (i: number) => createHash('md5').update(String(i)).digest('hex');
const sha256 = (i: number) => createHash('sha256').update(String(i)).digest('hex');
const hashes = (i: number) => ({ md5: md5(i), sha256: sha256(i), sha1: '' });

describe('DigestList', () => {
  it('holds what it was given, in any order, and nothing else', () => {
    const even = Array.from({ length: 2_000 }, (_, i) => i * 2);
    const list = DigestList.of({ md5: [...even.map(md5), ...even.map(md5), 'no digest', ''] });
    expect(list.size).toBe(2_000);
    for (const i of even) expect(list.holds(hashes(i))).toBe(true);
    for (const i of even) expect(list.holds(hashes(i + 1))).toBe(false);
    expect(list.shared.md5.byteLength).toBe(4_096 * 16);
  });

  it('knows a file by either kind, also in another thread', () => {
    const list = new DigestList(DigestList.of({ md5: [md5(1)], sha256: [sha256(2)] }).shared);
    expect([1, 2, 3].map((i) => list.holds(hashes(i)))).toEqual([true, true, false]);
    expect(DigestList.of({}).holds(hashes(1))).toBe(false);
  });
});
