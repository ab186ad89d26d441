import { describe, expect, it } from 'vitest';
import { createLogger } from '../../telemetry/log.ts';
import type { WatchedIndicator } from '../indicators/index.ts';
import { createWatchlist } from './watchlist.ts';

function setup(sizes: Record<string, number>) {
  let now = 0;
  const stamps: Record<string, string> = {};
  const told: string[] = [];
  const reads: string[] = [];
  let changed: (tenantId: string) => void = () => {};
  const watchlist = createWatchlist({
    indicators: {
      stamp: async (tenantId) => stamps[tenantId] ?? 'first',
      async watched(tenantId) {
        reads.push(tenantId);
        return Array.from({ length: sizes[tenantId] ?? 0 }, () => ({}) as WatchedIndicator);
      },
    },
    detector: { setIndicators: (tenantId, indicators) => told.push(`${tenantId} ${indicators.length}`) },
    state: {
      async listen(_, handler) {
        changed = handler;
        return async () => {};
      },
    },
    clock: { now: () => new Date(now) },
    log: createLogger({ level: 'silent', pretty: false }),
  });
  return {
    watchlist,
    stamps,
    told,
    reads,
    changed: (tenantId: string) => changed(tenantId),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('the watchlist', () => {
  it('gives the detector the indicators of a tenant once, and again when they are others', async () => {
    const { watchlist, stamps, told, changed, pass } = setup({ a: 2 });
    await watchlist.start();
    await watchlist.ready('a');
    await watchlist.ready('a');
    expect(told).toEqual(['a 2']);
    // Told of a change: read at once.
    stamps.a = 'second';
    changed('a');
    await watchlist.ready('a');
    // Told of one that was none.
    changed('a');
    await watchlist.ready('a');
    expect(told).toEqual(['a 2', 'a 2']);
    // Not told of one: read after a while.
    stamps.a = 'third';
    await watchlist.ready('a');
    expect(told).toHaveLength(2);
    pass(30_000);
    await watchlist.ready('a');
    expect(told).toHaveLength(3);
  });

  it('holds no more than there is room for: those of the tenant heard of longest ago go first', async () => {
    const { watchlist, told } = setup({ a: 300_000, b: 100_000, c: 200_000 });
    for (const tenantId of ['a', 'b', 'c']) await watchlist.ready(tenantId);
    expect(told).toEqual(['a 300000', 'b 100000', 'c 200000', 'a 0']);
    await watchlist.ready('a');
    expect(told.slice(4)).toEqual(['a 300000', 'b 0']);
  });
});
