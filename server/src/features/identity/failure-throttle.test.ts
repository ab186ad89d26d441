import { describe, expect, it } from 'vitest';
import { FailureThrottle, MAX_FAILURES, ThrottledError } from './failure-throttle.ts';

const SOURCE = '192.0.2.1';

function throttleAt(start = 0) {
  let now = start;
  const throttle = new FailureThrottle({ now: () => new Date(now) });
  const wrong = async (failed: () => void) => failed();
  return {
    throttle,
    set: (at: number) => {
      now = at;
    },
    wrong: (source = SOURCE, subject = 'app') => throttle.attempt(source, subject, wrong),
    right: (source = SOURCE, subject = 'app') => throttle.attempt(source, subject, async () => 'in'),
  };
}

describe('wrong credentials', () => {
  it('make their source wait for that client after twenty in a minute, and nobody else', async () => {
    const { wrong, right, set } = throttleAt();
    for (let failure = 1; failure < MAX_FAILURES; failure++) await wrong();
    expect(await right()).toBe('in');
    await wrong();
    await expect(right()).rejects.toMatchObject({ name: 'ThrottledError', retryAfterSeconds: 60 });
    expect(await right('192.0.2.2')).toBe('in');
    expect(await right(SOURCE, 'other')).toBe('in');
    set(59_001);
    await expect(right()).rejects.toMatchObject({ retryAfterSeconds: 1 });
    set(60_000);
    expect(await right()).toBe('in');
    await wrong();
    expect(await right()).toBe('in');
  });

  it('at once are checked twenty times at most', async () => {
    const { throttle } = throttleAt();
    let checked = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, () =>
        throttle.attempt(SOURCE, 'app', async (failed) => {
          checked += 1;
          await Promise.resolve();
          failed();
        }),
      ),
    );
    expect(checked).toBe(MAX_FAILURES);
    const refused = results.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(40);
    expect(refused.every(({ reason }) => reason instanceof ThrottledError)).toBe(true);
  });

  it('leave right ones at once in, however many, and those that broke off', async () => {
    const { throttle, right } = throttleAt();
    const all = await Promise.all(Array.from({ length: 200 }, () => right()));
    expect(all).toHaveLength(200);
    for (let turn = 0; turn < 30; turn++)
      await expect(throttle.attempt(SOURCE, 'app', () => Promise.reject(new Error('gone')))).rejects.toThrow(
        'gone',
      );
    expect(await right()).toBe('in');
  });

  it('keep a bounded number waiting', async () => {
    const { throttle } = throttleAt();
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const all = Array.from({ length: 1_100 }, () => throttle.attempt(SOURCE, 'app', () => held));
    const settled = Promise.allSettled(all);
    await Promise.resolve();
    finish();
    const refused = (await settled).filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(1_100 - MAX_FAILURES - 1_000);
  });
});
