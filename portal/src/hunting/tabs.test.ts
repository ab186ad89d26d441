import { describe, expect, it } from 'vitest';
import { changed, keepTabs, MOST_TABS, oneTab, readTabs, withoutTab, withTab } from './tabs.ts';

describe('the tabs of the hunting page', () => {
  it('come and go, one always in sight', () => {
    const two = withTab(oneTab('a'), { text: 'b' });
    expect(two.tabs.map(({ title }) => title)).toEqual(['Query 1', 'Query 2']);
    expect(two.active).toBe('2');
    expect(withoutTab(two, '2').active).toBe('1');
    expect(withoutTab(two, '1').active).toBe('2');
    expect(withoutTab(oneTab('a'), '1').tabs).toHaveLength(1);
  });

  it('are so many at most', () => {
    let all = oneTab('');
    for (let n = 0; n < 20; n++) all = withTab(all, { text: String(n) });
    expect(all.tabs).toHaveLength(MOST_TABS);
    expect(all.tabs.some(({ id }) => id === all.active)).toBe(true);
  });

  it('are there again after a reload, and new where what was kept is broken', () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    const all = changed(oneTab('a'), '1', { text: 'changed' });
    keepTabs(storage, all);
    expect(readTabs(storage, 'x')).toEqual(all);
    for (const key of kept.keys()) kept.set(key, '{"tabs":[]');
    expect(readTabs(storage, 'x')).toEqual(oneTab('x'));
  });
});
