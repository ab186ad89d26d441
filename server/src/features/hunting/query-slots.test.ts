import { describe, expect, it } from 'vitest';
import { QuerySlots, SlotsBusy } from './query-slots.ts';

const never = new AbortController().signal;
const limits = { total: 3, perTenant: 2, waitingPerTenant: 10, waitMs: 60_000 };

/** Starts queries and tells which of them run, in the order in which they got their slots. */
function driver(slots: QuerySlots) {
  const started: string[] = [];
  const releases = new Map<string, () => void>();
  return {
    started,
    async ask(...names: string[]) {
      for (const name of names)
        void slots.acquire(name.charAt(0), never).then((release) => {
          started.push(name);
          releases.set(name, release);
        });
      await settled();
    },
    async end(name: string) {
      releases.get(name)?.();
      await settled();
    },
  };
}
const settled = () => new Promise(setImmediate);

describe('query slots', () => {
  it('leave room for another tenant, whatever one has running and waiting', async () => {
    const slots = new QuerySlots(limits);
    const { ask, started } = driver(slots);
    await ask('a1', 'a2', 'a3', 'a4');
    expect(started).toEqual(['a1', 'a2']);
    await ask('b1');
    expect(started).toEqual(['a1', 'a2', 'b1']);
    expect([slots.running, slots.waiting]).toEqual([3, 2]);
  });

  it('give turns to tenants, not to queries', async () => {
    const { ask, end, started } = driver(new QuerySlots({ ...limits, total: 2 }));
    await ask('a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'c1');
    await end('a1');
    await end('a2');
    expect(started).toEqual(['a1', 'a2', 'a3', 'b1']);
    await end('a3');
    await end('b1');
    expect(started.slice(4).sort()).toEqual(['a4', 'c1']);
  });

  it('are given back once, whoever gives them back twice', async () => {
    const slots = new QuerySlots(limits);
    const release = await slots.acquire('a', never);
    release();
    release();
    expect(slots.running).toBe(0);
  });

  it('let go of a query whose caller has gone', async () => {
    const slots = new QuerySlots({ ...limits, total: 1 });
    const release = await slots.acquire('a', never);
    const gone = new AbortController();
    const waiting = slots.acquire('b', gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(slots.acquire('b', gone.signal)).rejects.toThrow('gone');
    release();
    expect([slots.running, slots.waiting]).toEqual([0, 0]);
  });

  it('turn away what would wait too long, or behind too many of its own', async () => {
    const slots = new QuerySlots({ total: 1, perTenant: 1, waitingPerTenant: 1, waitMs: 1 });
    await slots.acquire('a', never);
    const late = slots.acquire('a', never);
    await expect(slots.acquire('a', never)).rejects.toThrow(SlotsBusy);
    await expect(late).rejects.toThrow(SlotsBusy);
    expect(slots.waiting).toBe(0);
  });
});
