import { describe, expect, it } from 'vitest';
import { FailureThrottle } from './failure-throttle.ts';

describe('wrong credentials', () => {
  it('make their source wait for that client after twenty in a minute, and nobody else', () => {
    let now = 0;
    const throttle = new FailureThrottle({ now: () => new Date(now) });
    for (let failure = 0; failure < 19; failure++) throttle.failed('192.0.2.1', 'app');
    expect(throttle.wait('192.0.2.1', 'app')).toBe(0);
    throttle.failed('192.0.2.1', 'app');
    expect(throttle.wait('192.0.2.1', 'app')).toBe(60);
    expect(throttle.wait('192.0.2.2', 'app')).toBe(0);
    expect(throttle.wait('192.0.2.1', 'other')).toBe(0);
    now = 59_001;
    expect(throttle.wait('192.0.2.1', 'app')).toBe(1);
    now = 60_000;
    expect(throttle.wait('192.0.2.1', 'app')).toBe(0);
    throttle.failed('192.0.2.1', 'app');
    expect(throttle.wait('192.0.2.1', 'app')).toBe(0);
  });
});
