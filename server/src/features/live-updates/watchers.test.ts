import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Changes } from './changes-store.ts';
import { createWatchers, type Notice, type Watcher } from './watchers.ts';

const START = Date.parse('2026-11-25T12:00:00Z');
const none = { warn: () => {} } as never;

let asked: { groups: unknown; since: number }[];
let answer: () => Promise<Changes>;

function make() {
  return createWatchers({
    store: {
      since: (scope, since) => {
        asked.push({ groups: scope.deviceGroups, since: since.getTime() });
        return answer();
      },
    },
    clock: { now: () => new Date() },
    log: none,
  });
}

function watcher(heard: Notice[], deviceGroups: 'all' | string[] = 'all', personId = 'p'): Watcher {
  return { scope: { tenantId: 't', deviceGroups }, personId, tell: (notice) => heard.push(notice) };
}

describe('watchers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    asked = [];
    answer = async () => ({});
  });
  afterEach(() => vi.useRealTimers());

  it('share one look for one scope, and none is taken while nobody watches', async () => {
    const watchers = make();
    const one: Notice[] = [];
    const two: Notice[] = [];
    const other: Notice[] = [];
    const stops = [
      watchers.add(watcher(one), null),
      watchers.add(watcher(two), null),
      watchers.add(watcher(other, ['7']), null),
    ];
    answer = async () => ({ alerts: { ids: ['a1'], more: false } });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked.map(({ groups }) => groups)).toEqual(['all', ['7']]);
    for (const heard of [one, two, other]) {
      expect(heard).toEqual([{ kind: 'changes', changes: { alerts: { ids: ['a1'], more: false } } }]);
    }
    for (const stop of stops) stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(2);
  });

  it('look back over what was being committed, and do not repeat what that finds', async () => {
    const watchers = make();
    const heard: Notice[] = [];
    watchers.add(watcher(heard), null);
    answer = async () => ({ machines: { ids: ['d'], more: false } });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(asked.map(({ since }) => since - START)).toEqual([-5_000, -3_000]);
    expect(heard).toHaveLength(1);
    watchers.close();
  });

  it('tell who comes back what he missed, and who was away too long to read everything', async () => {
    const watchers = make();
    const back: Notice[] = [];
    const late: Notice[] = [];
    answer = async () => ({ incidents: { ids: ['4'], more: false } });
    watchers.add(watcher(back), new Date(START - 60_000));
    watchers.add(watcher(late), new Date(START - 3_600_000));
    await vi.advanceTimersByTimeAsync(0);
    expect(back).toEqual([{ kind: 'changes', changes: { incidents: { ids: ['4'], more: false } } }]);
    expect(late).toEqual([{ kind: 'reset' }]);
    watchers.close();
  });

  it('say so when the database cannot be asked, and go on from before it', async () => {
    const watchers = make();
    const heard: Notice[] = [];
    watchers.add(watcher(heard), null);
    answer = async () => {
      throw new Error('away');
    };
    await vi.advanceTimersByTimeAsync(2_000);
    answer = async () => ({ alerts: { ids: ['a'], more: false } });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(heard.map(({ kind }) => kind)).toEqual(['reset', 'changes']);
    expect(asked.map(({ since }) => since - START)).toEqual([-5_000, -5_000]);
    watchers.close();
  });

  it('are twenty of one person at most', () => {
    const watchers = make();
    for (let n = 0; n < 20; n++) watchers.add(watcher([]), null);
    expect(() => watchers.add(watcher([]), null)).toThrow('Too many streams');
    watchers.add(watcher([], 'all', 'another'), null);
    expect(watchers.count).toBe(21);
    watchers.close();
  });
});
