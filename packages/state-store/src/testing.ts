/** For integration tests: a real store of their own, fast, gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStateStore } from './open-state-store.ts';
import type { Migration, StateStore, StateStoreLog } from './store.ts';

const silent: StateStoreLog = { info: () => {}, warn: () => {}, error: () => {} };

/** `close` ends the engine and removes its files. */
export async function openTestStateStore(migrations: readonly Migration[]): Promise<StateStore> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-state-'));
  const store = await openStateStore({ dir, migrations, log: silent, durable: false });
  return {
    ...store,
    async close() {
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
