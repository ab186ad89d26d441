import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startEmbeddedServer } from './embedded-server.ts';
import { type Migration, openStateStore, type StateStore, type StateStoreLog, tenantTable } from './index.ts';
import { PatientPool } from './patient-pool.ts';
import { Transactions } from './transactions.ts';

/** On a server by address, as an administrator would set it up: the user owns its database and may make roles, and no more. */
describe('a state store on a PostgreSQL server', () => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-state-'));
  const warnings: { facts: object; message: string }[] = [];
  const log: StateStoreLog = {
    info: () => {},
    warn: (facts, message) => void warnings.push({ facts, message }),
    error: () => {},
  };
  let server: EmbeddedServer;
  let url: string;
  let databases = 0;

  beforeAll(async () => {
    server = await startEmbeddedServer({ dir, log, durable: false });
    await asAdministrator("create role dba login createrole password 'secret'");
  });
  afterAll(async () => {
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    const name = `db${++databases}`;
    await asAdministrator(`create database ${name} owner dba`);
    url = `postgres://dba:secret@/${name}?host=${server.owner.host}`;
    warnings.length = 0;
  });

  async function asAdministrator(statement: string): Promise<void> {
    const client = new pg.Client(server.owner);
    await client.connect();
    await client.query(statement);
    await client.end();
  }
  const open = (migrations: readonly Migration[]) => openStateStore({ url, dir, migrations, log });
  const opened = async <T>(
    migrations: readonly Migration[],
    work: (store: StateStore) => Promise<T>,
  ): Promise<T> => {
    const store = await open(migrations);
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  const applied = (store: StateStore) =>
    store.system(async (db) => {
      const { rows } = await sql<{
        name: string;
      }>`select name from merlon_migrations order by applied_at, name`.execute(db);
      return rows.map((row) => row.name);
    });

  const made = (name: string, table: string): Migration => ({
    name,
    up: (db) => tenantTable(db, table, (t) => t.addColumn('text', 'text')),
  });

  it('runs migrations in the order of their names, each once', async () => {
    const order: string[] = [];
    const noting = (name: string): Migration => ({ name, up: async () => void order.push(name) });
    await opened([noting('2026-02-01-b-1'), noting('2026-01-01-a-1')], async () => {});
    await opened(
      [noting('2026-02-01-b-1'), noting('2026-01-01-a-1'), noting('2026-01-15-late-1')],
      async (store) => {
        expect(await applied(store)).toEqual(['2026-01-01-a-1', '2026-02-01-b-1', '2026-01-15-late-1']);
      },
    );
    expect(order).toEqual(['2026-01-01-a-1', '2026-02-01-b-1', '2026-01-15-late-1']);
    await expect(open([noting('x'), noting('x')])).rejects.toThrow('two migrations are named "x"');
  });

  it('undoes a migration that fails, by name, and keeps those before it', async () => {
    const failing: Migration = {
      name: '2026-01-02-bad-1',
      async up(db) {
        await tenantTable(db, 'half', (t) => t.addColumn('text', 'text'));
        await sql`select 1 / 0`.execute(db);
      },
    };
    await expect(open([made('2026-01-01-good-1', 'good'), failing])).rejects.toMatchObject({
      name: 'MigrationError',
      message: expect.stringContaining('"2026-01-02-bad-1" failed and was undone: division by zero'),
    });
    await opened([made('2026-01-01-good-1', 'good')], async (store) => {
      expect(await applied(store)).toEqual(['2026-01-01-good-1']);
      const { rows } = await store.system((db) => sql`select to_regclass('half') as half`.execute(db));
      expect(rows).toEqual([{ half: null }]);
    });
  });

  it('refuses a database of a newer version, by name, but not one with a feature that is no more', async () => {
    await opened([made('2026-01-01-a-1', 'a'), made('2026-03-01-b-1', 'b')], async () => {});
    await expect(open([made('2026-01-01-a-1', 'a')])).rejects.toMatchObject({
      name: 'UnknownMigrationError',
      migration: '2026-03-01-b-1',
    });
    await opened([made('2026-03-01-b-1', 'b')], async () => {});
    expect(warnings.at(-1)?.facts).toEqual({ migrations: ['2026-01-01-a-1'] });
  });

  it('may be brought up to date by several servers at once', async () => {
    let runs = 0;
    const slow: Migration = {
      name: '2026-01-01-slow-1',
      async up(db) {
        runs++;
        await sql`select pg_sleep(0.3)`.execute(db);
        await tenantTable(db, 'once', (t) => t.addColumn('text', 'text'));
      },
    };
    const stores = await Promise.all([open([slow]), open([slow]), open([slow])]);
    expect(runs).toBe(1);
    for (const store of stores) await store.close();
  });

  it('keeps tenants apart there, too, and lets migrations see every row', async () => {
    const [ours, theirs] = [randomUUID(), randomUUID()];
    interface Db {
      notes: { tenant_id: string; text: string };
    }
    const first = made('2026-01-01-notes-1', 'notes');
    await opened([first], async (store) => {
      for (const tenant of [ours, theirs]) {
        await store.tenant(tenant, (db) => sql`insert into notes (text) values (${tenant})`.execute(db));
      }
    });
    const backfill: Migration = {
      name: '2026-01-02-notes-2',
      up: async (db) => {
        const { numAffectedRows } = await sql`update notes set text = text || '!'`.execute(db);
        expect(numAffectedRows).toBe(2n);
      },
    };
    await opened([first, backfill, made('2026-01-03-later-1', 'later')], async (store) => {
      const rows = await store.tenant<Db, unknown[]>(ours, (db) =>
        db.selectFrom('notes').selectAll().execute(),
      );
      expect(rows).toEqual([{ tenant_id: ours, text: `${ours}!` }]);
      await expect(
        store.tenant<Db, unknown>(ours, (db) => db.updateTable('notes').set({ tenant_id: theirs }).execute()),
      ).rejects.toThrow(/row-level security/);
      await store.tenant(ours, (db) => sql`insert into later (text) values ('x')`.execute(db));
    });
    expect(warnings).toEqual([]);
  });

  it('leaves nothing of a transaction on its connection, however it ended', async () => {
    await opened([], async () => {});
    const pool = new PatientPool({ connectionString: url }, { size: 1, statementTimeoutMs: 0 });
    const transactions = new Transactions(pool);
    const bare = async () => {
      const client = await pool.connect();
      const { rows } = await client.query(
        "select pg_backend_pid() as backend, current_user as role, coalesce(current_setting('merlon.tenant', true), '') as tenant",
      );
      client.release();
      return rows[0] as { backend: number; role: string; tenant: string };
    };
    const before = await bare();
    expect(before).toMatchObject({ role: 'dba', tenant: '' });
    const tenant = randomUUID();
    await transactions.asTenant(tenant, async () => {});
    expect(await bare()).toEqual(before);
    await transactions.asTenant(tenant, (db) => sql`select 1 / 0`.execute(db)).catch(() => {});
    expect(await bare()).toEqual(before);
    await transactions.asSystem((db) => sql`select 1 / 0`.execute(db).catch(() => {})).catch(() => {});
    expect(await bare()).toEqual(before);
    await pool.end();
  });

  it('names a user that may not take the roles on, and warns of one that is above them', async () => {
    await asAdministrator(`create role plain${databases} login password 'secret'`);
    await asAdministrator(`alter database db${databases} owner to plain${databases}`);
    await expect(
      openStateStore({ url: url.replace('dba', `plain${databases}`), dir, migrations: [], log }),
    ).rejects.toThrow(/may not work as merlon_tenant and merlon_scoped and merlon_system/);
    const superuser = `postgres://${server.owner.user}:${server.owner.password as string}@/db${databases}?host=${server.owner.host}`;
    const store = await openStateStore({ url: superuser, dir, migrations: [], log });
    await store.close();
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('is a superuser')]);
  });
});
