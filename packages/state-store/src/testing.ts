/**
 * For integration tests: a real store of their own, fast, gone afterwards. Making a database costs about a second of processor time, so it is
 * made once a machine, kept in `node_modules/.cache`, and copied.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CLUSTER_VERSION } from './cluster-files.ts';
import { startEmbeddedServer } from './embedded-server.ts';
import { nativeFolder } from './native-folder.ts';
import { openStateStore } from './open-state-store.ts';
import type { Migration, StateStore, StateStoreLog } from './store.ts';

const silent: StateStoreLog = { info: () => {}, warn: () => {}, error: () => {} };

/** `close` ends the engine and removes its files. */
export async function openTestStateStore(migrations: readonly Migration[]): Promise<StateStore> {
  const template = await ensureTemplate();
  const dir = mkdtempSync(join(tmpdir(), 'merlon-state-'));
  try {
    for (const part of ['data', 'password'])
      cpSync(join(template, part), join(dir, part), { recursive: true });
    const store = await openStateStore({ dir, migrations, log: silent, durable: false });
    return {
      ...store,
      async close() {
        await store.close();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

/** A cluster with our database in it, stopped in order. Another PostgreSQL, user or way of making it has another template. */
async function ensureTemplate(): Promise<string> {
  const cache = join(nodeModules(), '.cache', 'merlon');
  const template = join(cache, `postgres-${fingerprint()}`);
  if (existsSync(template)) return template;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'making-'));
  try {
    const server = await startEmbeddedServer({ dir: fresh, log: silent, durable: false });
    await server.close();
    renameSync(fresh, template);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    // Another test file may have been quicker.
    if (!existsSync(template)) throw error;
  }
  return template;
}

function fingerprint(): string {
  const postgres = join(nativeFolder(), 'bin', 'postgres');
  const { size, mtimeMs } = statSync(postgres);
  const made = [postgres, size, mtimeMs, process.getuid?.(), CLUSTER_VERSION].join();
  return createHash('sha256').update(made).digest('hex').slice(0, 16);
}

function nodeModules(): string {
  const pg = createRequire(import.meta.url).resolve('pg/package.json');
  return dirname(dirname(pg));
}
