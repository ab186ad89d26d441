/** Writes down what became of ranges: those of all pumps that wait go together, in one transaction, while the one before is under way. */
import type { Settled, StreamingStore } from './store.ts';

export interface SettledRanges {
  /** Resolves when it is stored. */
  settle(range: Settled): Promise<void>;
}

export function settledRanges(store: Pick<StreamingStore, 'settle'>): SettledRanges {
  let waiting: { range: Settled; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let writing = false;

  async function write(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await store.settle(group.map(({ range }) => range));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    writing = false;
  }

  return {
    settle: (range) =>
      new Promise((resolve, reject) => {
        waiting.push({ range, resolve, reject });
        if (!writing) void write();
      }),
  };
}
