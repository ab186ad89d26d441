import { formatTicks, UNIX_EPOCH_TICKS } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootTime, calibrate, creationOffset } from './boot-clock.ts';

describe('boot time', () => {
  it('is UTC with seven digits, exactly', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 30_000_000_000_000_000n }),
        fc.array(fc.integer({ min: 0, max: 2 ** 53 - 1 }), { minLength: 1, maxLength: 5 }),
        (offset, times) => {
          const clock = new BootTime(offset);
          for (const ns of times)
            expect(clock.iso(ns)).toBe(formatTicks(BigInt(Math.floor(ns / 100)) + offset + UNIX_EPOCH_TICKS));
        },
      ),
    );
  });

  it('takes the tightest of several readings', () => {
    const boot = [0n, 1000n, 2000n, 2100n, 3000n, 9000n];
    const real = [5_000_000n, 5_002_050n, 5_003_000n];
    const offset = calibrate({ bootNs: () => boot.shift() ?? 0n, realtimeNs: () => real.shift() ?? 0n }, 3);
    expect(offset).toBe(50_000n);
  });

  it('keeps creation times of a boot while the clock only slews', () => {
    const remembered = { bootId: 'a', offsetTicks: '1000000' };
    expect(creationOffset(1_000_400n, 'a', remembered)).toBe(1_000_000n);
    expect(creationOffset(9_000_000n, 'a', remembered)).toBe(9_000_000n);
    expect(creationOffset(1_000_400n, 'b', remembered)).toBe(1_000_400n);
    expect(creationOffset(5n, 'a', null)).toBe(5n);
    expect(creationOffset(5n, 'a', { bootId: 'a', offsetTicks: 'x' })).toBe(5n);
  });
});
