import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';

function filled(...owners: string[]): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const [index, owner] of owners.entries()) queue.push(owner, `${owner}${index}`);
  return queue;
}

describe('a fair queue', () => {
  it('gives turns to those who wait, not to what they have waiting', () => {
    const queue = filled('a', 'a', 'a', 'b', 'c');
    const order = Array.from({ length: 5 }, () => queue.next(() => true));
    expect(order).toEqual(['a0', 'b3', 'c4', 'a1', 'a2']);
    expect(queue.next(() => true)).toBeUndefined();
  });

  it('passes over whoever may not have a turn now', () => {
    const queue = filled('a', 'b');
    expect(queue.next((owner) => owner === 'b')).toBe('b1');
    expect(queue.next((owner) => owner === 'b')).toBeUndefined();
    expect([queue.size, queue.sizeOf('a'), queue.sizeOf('b')]).toEqual([1, 1, 0]);
  });

  it('says whether somebody else waits', () => {
    const seen: boolean[] = [];
    const queue = filled('a', 'b');
    const look = (_: string, others: boolean) => seen.push(others) > 0;
    queue.next(look);
    queue.next(look);
    expect(seen).toEqual([true, false]);
  });

  it('lets go of what need not wait any more', () => {
    const queue = filled('a', 'a', 'b');
    expect(queue.remove('a', 'a0')).toBe(true);
    expect(queue.remove('a', 'a0')).toBe(false);
    expect(queue.remove('b', 'b2')).toBe(true);
    expect([queue.size, queue.sizeOf('a'), queue.sizeOf('b')]).toEqual([1, 1, 0]);
    expect([queue.next((_, others) => !others), queue.size]).toEqual(['a1', 0]);
  });

  it('is empty once drained', () => {
    const queue = filled('a', 'b', 'a');
    expect(queue.drain().sort()).toEqual(['a0', 'a2', 'b1']);
    expect([queue.size, queue.next(() => true)]).toEqual([0, undefined]);
  });
});
