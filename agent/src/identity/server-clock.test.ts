import { describe, expect, it } from 'vitest';
import { ServerClock } from './server-clock.ts';

describe('ServerClock', () => {
  it('is the device clock until the server says otherwise', () => {
    const clock = new ServerClock(() => 1_000_000);
    expect(clock.now()).toEqual(new Date(1_000_000));
    expect(clock.correct('Thu, 01 Jan 1970 02:00:00 GMT')).toBe(true);
    expect(clock.now()).toEqual(new Date(7_200_000));
  });

  it('keeps what it has when the header is no date', () => {
    const clock = new ServerClock(() => 5);
    expect(clock.correct(undefined)).toBe(false);
    expect(clock.correct('soon')).toBe(false);
    expect(clock.offsetMs).toBe(0);
  });
});
