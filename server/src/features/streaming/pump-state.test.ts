import { describe, expect, it } from 'vitest';
import { nextState, pumpFaults, retryDelayMs } from './pump-state.ts';

describe('the state of a setting', () => {
  it.each([
    ['unreachable', 'Retrying'],
    ['throttled', 'Retrying'],
    ['credentials', 'Failing'],
    ['forbidden', 'Failing'],
    ['missing', 'Failing'],
    ['refused', 'Failing'],
    ['settings', 'Failing'],
    ['internal', 'Failing'],
  ] as const)('after %s is %s', (fault, state) => {
    expect(nextState({ kind: 'failed', fault })).toBe(state);
    expect(pumpFaults).toContain(fault);
  });

  it('is Active once something is delivered, and Stopped when it stops', () => {
    expect(nextState({ kind: 'started' })).toBe('Active');
    expect(nextState({ kind: 'delivered' })).toBe('Active');
    expect(nextState({ kind: 'stopped' })).toBe('Stopped');
  });
});

describe('the wait before another try', () => {
  it('grows, is bounded, and is spread', () => {
    const waits = (random: number) =>
      [1, 2, 5, 50, 5_000].map((attempt) => retryDelayMs('unreachable', attempt, null, random));
    expect(waits(0)).toEqual([250, 500, 4_000, 30_000, 30_000]);
    expect(waits(0.5)).toEqual([375, 750, 6_000, 45_000, 45_000]);
    expect(retryDelayMs('credentials', 1, null, 0)).toBe(2_500);
    expect(retryDelayMs('credentials', 100, null, 0)).toBe(150_000);
  });

  it('is as long as the destination asks for, up to an hour', () => {
    expect(retryDelayMs('throttled', 1, 7_000, 0)).toBe(7_000);
    expect(retryDelayMs('throttled', 1, 10, 0)).toBe(250);
    expect(retryDelayMs('throttled', 1, 1e12, 0)).toBe(3_600_000);
  });
});
