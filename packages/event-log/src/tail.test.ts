import { describe, expect, it } from 'vitest';
import { Tail } from './tail.ts';

const record = (position: number, size = 10) => ({
  position,
  stream: 's',
  payload: Buffer.from(String(position)),
  segment: 1,
  offset: position * 10,
  size,
});
const positions = (tail: Tail, from: number) => {
  const kept = tail.from(from);
  const found: number[] = [];
  for (let one = kept?.(0); one; one = kept?.(found.length)) found.push(one.position);
  return kept ? found : null;
};

describe('the tail of the log', () => {
  it('gives what was appended from any position it still holds, and nothing else', () => {
    const tail = new Tail(30);
    expect(tail.from(1)).toBeNull();
    for (let position = 5; position <= 9; position++) tail.push(record(position));
    expect(positions(tail, 7)).toEqual([7, 8, 9]);
    expect(positions(tail, 9)).toEqual([9]);
    expect([tail.from(6), tail.from(10)]).toEqual([null, null]);
  });

  it('holds no more bytes than it may, over any number of records', () => {
    const tail = new Tail(55);
    for (let position = 1; position <= 10_000; position++) {
      tail.push(record(position));
      if (position > 5) expect(positions(tail, position - 4)).toHaveLength(5);
      expect(tail.from(position - 5)).toBeNull();
    }
    tail.push(record(10_001, 100));
    expect(tail.from(10_001)).toBeNull();
    tail.push(record(10_002));
    expect(positions(tail, 10_002)).toEqual([10_002]);
  });
});
