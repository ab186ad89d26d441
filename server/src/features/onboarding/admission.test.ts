import { describe, expect, it } from 'vitest';
import { Admission } from './admission.ts';

/** Work that ends when it is told to. */
function held() {
  const ends: (() => void)[] = [];
  return {
    work: () => new Promise<string>((resolve) => ends.push(() => resolve('done'))),
    get begun() {
      return ends.length;
    },
    end: async (index: number) => {
      ends[index]?.();
      for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    },
  };
}

describe('Admission', () => {
  it('lets so many work, lets so many wait, and turns the rest away before they begin', async () => {
    const admission = new Admission({ atWork: 2, waiting: 1 });
    const given = held();
    const all = [1, 2, 3, 4].map(() => admission.run(given.work));
    expect(await all[3]).toEqual({ retryAfterSeconds: 1 });
    expect(given.begun).toBe(2);
    await given.end(0);
    expect(given.begun).toBe(3);
    await given.end(1);
    await given.end(2);
    expect(await Promise.all(all.slice(0, 3))).toEqual(Array(3).fill({ value: 'done' }));
  });

  it('gives the place of work that failed to the next', async () => {
    const admission = new Admission({ atWork: 1, waiting: 1 });
    const failing = admission.run(() => Promise.reject(new Error('no')));
    const next = admission.run(async () => 'done');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toEqual({ value: 'done' });
  });

  it('spreads those it turned away over the time they will take together, up to a minute', async () => {
    const admission = new Admission(
      { atWork: 1, waiting: 0 },
      () => 0,
      () => 0.999,
    );
    void admission.run(() => new Promise(() => {}));
    const told = [];
    for (let i = 0; i < 10_000; i++) told.push(await admission.run(async () => 'done'));
    const seconds = told.map((one) => ('retryAfterSeconds' in one ? one.retryAfterSeconds : 0));
    // Ten milliseconds each, as long as nothing is known of it.
    expect([seconds[0], seconds[999], seconds.at(-1)]).toEqual([1, 10, 60]);
  });
});
