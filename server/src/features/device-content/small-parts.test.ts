import { ApiError } from '@merlon/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeptSteps } from './kept-steps.ts';
import { Soon } from './soon.ts';
import type { ContentStep } from './store.ts';
import { createTurns } from './turns.ts';

const step = (items: number): ContentStep => ({
  version: 1,
  base: 0,
  scope: '0',
  upserts: Array.from({ length: items }, (_, id) => ({ id: String(id) })),
  removes: [],
});

describe('kept steps', () => {
  it('are read once for many, until their time is over or something changed', async () => {
    const kept = new KeptSteps();
    let reads = 0;
    const read = async () => {
      reads += 1;
      return step(1);
    };
    await Promise.all([kept.get('a x', 0, read), kept.get('a x', 1, read)]);
    expect(reads).toBe(1);
    await kept.get('a x', 5_000, read);
    expect(reads).toBe(2);
    kept.forget('a ');
    await kept.get('a x', 5_001, read);
    await kept.get('b x', 5_001, read);
    kept.forget('a ');
    await kept.get('b x', 5_002, read);
    expect(reads).toBe(4);
  });

  it('are not kept when they are large, or could not be read', async () => {
    const kept = new KeptSteps();
    let reads = 0;
    const large = async () => {
      reads += 1;
      return step(1_001);
    };
    await kept.get('a', 0, large);
    await kept.get('a', 0, large);
    expect(reads).toBe(2);
    await expect(kept.get('b', 0, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await kept.get('b', 0, async () => null)).toBeNull();
  });

  it('are few', async () => {
    const kept = new KeptSteps();
    let reads = 0;
    const read = async () => {
      reads += 1;
      return step(1);
    };
    for (let at = 0; at < 300; at++) await kept.get(`k${at}`, 0, read);
    await kept.get('k299', 0, read);
    await kept.get('k0', 0, read);
    expect(reads).toBe(301);
  });
});

describe('turns', () => {
  it('are taken a few at a time, the others wait, and too many are turned away', async () => {
    const turns = createTurns(2, 1);
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const work = (id: number) =>
      turns(async () => {
        begun.push(id);
        await new Promise<void>((resolve) => {
          ends.push(resolve);
        });
      });
    const running = [work(1), work(2), work(3)];
    await expect(work(4)).rejects.toThrow(ApiError);
    expect(begun).toEqual([1, 2]);
    ends[0]?.();
    await running[0];
    await vi.waitFor(() => expect(begun).toEqual([1, 2, 3]));
    for (const end of ends.slice(1)) end();
    await Promise.all(running);
    expect(await turns(async () => 'free')).toBe('free');
  });

  it('are given on when work fails', async () => {
    const turns = createTurns(1, 1);
    await expect(turns(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await turns(async () => 1)).toBe(1);
  });
});

describe('work that is done soon', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is done once for all that asked meanwhile, and again when it failed', async () => {
    const done: string[] = [];
    const failures: unknown[] = [];
    let fails = true;
    const soon = new Soon(
      100,
      (error) => failures.push(error),
      async (key) => {
        if (key === 'b' && fails) throw new Error('away');
        done.push(key);
      },
    );
    for (let at = 0; at < 500; at++) soon.start('a');
    soon.start('b');
    await vi.advanceTimersByTimeAsync(100);
    expect(done).toEqual(['a']);
    expect(failures).toHaveLength(1);
    fails = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(done).toEqual(['a', 'b']);
    soon.start('a');
    await soon.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(done).toEqual(['a', 'b']);
  });
});
