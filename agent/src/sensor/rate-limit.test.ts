import { expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

it('lets a burst through, then as many as the rate, and counts the rest', () => {
  const limit = new RateLimit({ perSecond: 10, burst: 3 });
  const pass = (at: number, n: number): number =>
    Array.from({ length: n }, () => limit.take('T', at)).filter(Boolean).length;
  expect(pass(0, 5)).toBe(3);
  expect(pass(100, 5)).toBe(1);
  expect(pass(200, 1)).toBe(1);
  expect(pass(10_000, 9)).toBe(3);
  expect(limit.suppressed('T')).toBe(2 + 4 + 6);
});
