/** The tabs of the hunting page: their texts outlive a reload, in this browser tab alone. Pure but for reading and writing what is kept. */
export interface HuntingTab {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** The saved query that it came from. */
  readonly savedId?: string;
}

export interface HuntingTabs {
  readonly tabs: readonly HuntingTab[];
  /** Id of the one in sight. */
  readonly active: string;
}

const KEPT = 'merlon.hunting';
export const MOST_TABS = 12;

export function oneTab(text: string): HuntingTabs {
  const tab = { id: '1', title: 'Query 1', text };
  return { tabs: [tab], active: tab.id };
}

/** With a further tab, which is then in sight. Beyond {@link MOST_TABS} the oldest goes. */
export function withTab(
  { tabs }: HuntingTabs,
  tab: Omit<HuntingTab, 'id' | 'title'> & { title?: string },
): HuntingTabs {
  const number = Math.max(0, ...tabs.map(({ id }) => Number(id))) + 1;
  const id = String(number);
  const added = { ...tab, id, title: tab.title ?? `Query ${number}` };
  return { tabs: [...tabs, added].slice(-MOST_TABS), active: id };
}

/** Never without any. */
export function withoutTab({ tabs, active }: HuntingTabs, id: string): HuntingTabs {
  const at = tabs.findIndex((tab) => tab.id === id);
  const left = tabs.filter((tab) => tab.id !== id);
  const beside = left[Math.min(Math.max(at, 0), left.length - 1)];
  if (!beside) return oneTab('');
  return { tabs: left, active: active === id ? beside.id : active };
}

export function changed(all: HuntingTabs, id: string, change: Partial<HuntingTab>): HuntingTabs {
  return { ...all, tabs: all.tabs.map((tab) => (tab.id === id ? { ...tab, ...change } : tab)) };
}

export function readTabs(storage: Pick<Storage, 'getItem'>, first: string): HuntingTabs {
  try {
    const kept = JSON.parse(storage.getItem(KEPT) ?? 'null') as HuntingTabs | null;
    return kept?.tabs.some(({ id }) => id === kept.active) ? kept : oneTab(first);
  } catch {
    return oneTab(first);
  }
}

export function keepTabs(storage: Pick<Storage, 'setItem'>, tabs: HuntingTabs): void {
  storage.setItem(KEPT, JSON.stringify(tabs));
}
