import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

describe('Backoff', () => {
  it('doubles to its cap and starts over after a success', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1000, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('spreads delays over the upper half', () => {
    expect(new Backoff({ firstMs: 100, maxMs: 1000, random: () => 0 }).next()).toBe(50);
  });
});
