import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { type Generated, sql, type Transaction } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Migration, type StateStore, tenantTable } from './index.ts';
import { openTestStateStore } from './testing.ts';

interface Notes {
  notes: { tenant_id: Generated<string>; id: number; text: string };
}
interface Platform extends Notes {
  platform_things: { id: number };
  singletons: { tenant_id: Generated<string>; name: string; text: string };
}

const migrations: Migration[] = [
  {
    name: '2026-01-01-notes-1',
    async up(db) {
      await tenantTable(db, 'notes', (table) =>
        table.addColumn('id', 'integer', (c) => c.notNull()).addColumn('text', 'text', (c) => c.notNull()),
      );
      await tenantTable(db, 'singletons', (table) =>
        table.addColumn('name', 'text', (c) => c.primaryKey()).addColumn('text', 'text', (c) => c.notNull()),
      );
      await db.schema.createTable('platform_things').addColumn('id', 'integer').execute();
    },
  },
];

describe('state store', () => {
  const ours = randomUUID();
  const theirs = randomUUID();
  let store: StateStore;

  beforeAll(async () => {
    store = await openTestStateStore(migrations);
    for (const [tenant, text] of [
      [ours, 'ours'],
      [theirs, 'theirs'],
    ] as const) {
      await store.tenant<Notes, void>(tenant, async (db) => {
        await db.insertInto('notes').values({ id: 1, text }).execute();
      });
    }
    await store.tenant<Platform, unknown>(theirs, (db) =>
      db.insertInto('singletons').values({ name: 'one', text: 'theirs' }).execute(),
    );
  });
  afterAll(() => store.close());

  it('shows a tenant its own rows and no others, whatever the statement says', async () => {
    const rows = await store.tenant<Notes, unknown[]>(ours, async (db) => {
      const all = await sql<{
        text: string;
      }>`select text from notes where true or tenant_id = ${theirs}`.execute(db);
      return all.rows;
    });
    expect(rows).toEqual([{ text: 'ours' }]);
  });

  it('refuses to write a row for another tenant, or to move one there', async () => {
    await expect(
      store.tenant<Notes, unknown>(ours, (db) =>
        db.insertInto('notes').values({ tenant_id: theirs, id: 2, text: 'smuggled' }).execute(),
      ),
    ).rejects.toThrow(/row-level security/);
    await expect(
      store.tenant<Notes, unknown>(ours, (db) =>
        db.updateTable('notes').set({ tenant_id: theirs }).execute(),
      ),
    ).rejects.toThrow(/row-level security/);
  });

  it('keeps the platform tables from tenant work', async () => {
    await expect(
      store.tenant<Platform, unknown>(ours, (db) => db.selectFrom('platform_things').selectAll().execute()),
    ).rejects.toThrow(/permission denied/);
  });

  it('shows the platform every row', async () => {
    const rows = await store.system<Notes, { text: string }[]>((db) =>
      db.selectFrom('notes').select('text').orderBy('text').execute(),
    );
    expect(rows).toEqual([{ text: 'ours' }, { text: 'theirs' }]);
  });

  it('carries nothing from one transaction to the next on the same connection', async () => {
    const work = Array.from({ length: 64 }, (_, i) => {
      const tenant = i % 2 ? ours : theirs;
      return store.tenant<Notes, string | undefined>(tenant, async (db) => {
        const row = await db.selectFrom('notes').select('text').executeTakeFirst();
        return row?.text;
      });
    });
    const seen = await Promise.all(work);
    expect(seen.filter((_, i) => i % 2).every((text) => text === 'ours')).toBe(true);
    expect(seen.filter((_, i) => i % 2 === 0).every((text) => text === 'theirs')).toBe(true);
  });

  it('undoes everything when the work fails', async () => {
    await expect(
      store.tenant<Notes, void>(ours, async (db) => {
        await db.insertInto('notes').values({ id: 9, text: 'half' }).execute();
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    const left = await store.tenant<Notes, unknown[]>(ours, (db) =>
      db.selectFrom('notes').select('id').where('id', '=', 9).execute(),
    );
    expect(left).toEqual([]);
  });

  it('does not touch another tenant’s rows by any statement', async () => {
    await store.tenant<Notes, void>(ours, async (db) => {
      expect(
        (await db.deleteFrom('notes').where('text', '=', 'theirs').executeTakeFirst()).numDeletedRows,
      ).toBe(0n);
      expect((await sql`update notes set text = 'ours now' where id >= 0`.execute(db)).numAffectedRows).toBe(
        1n,
      );
      expect(
        (
          await sql`with gone as (delete from notes returning 1) select count(*)::int as n from gone`.execute(
            db,
          )
        ).rows,
      ).toEqual([{ n: 1 }]);
      await db.insertInto('notes').values({ id: 1, text: 'ours' }).execute();
    });
    // The key is taken by a row that the tenant cannot see: refused, not overwritten.
    await expect(
      store.tenant<Platform, unknown>(ours, (db) =>
        sql`insert into singletons (name, text) values ('one', 'ours') on conflict (name) do update set text = 'ours'`.execute(
          db,
        ),
      ),
    ).rejects.toThrow(/row-level security/);
    const left = await store.system<Platform, unknown[]>((db) =>
      db.selectFrom('singletons').select('text').execute(),
    );
    expect(left).toEqual([{ text: 'theirs' }]);
  });

  it('gives work no right over tables, roles or the machine', async () => {
    for (const statement of [
      'alter table notes disable row level security',
      'drop policy tenant_rows on notes',
      'create policy mine on notes using (true)',
      'truncate notes',
      'create table public.mine ()',
      'grant merlon_system to merlon_tenant',
      "copy (select 1) to program 'true'",
      "select pg_read_file('/etc/passwd')",
      'select * from merlon_migrations',
      'set local session_replication_role = replica',
    ]) {
      await expect(
        store.tenant(ours, (db) => sql.raw(statement).execute(db)),
        statement,
      ).rejects.toThrow(/permission denied|must be owner|must be able to|denied to/);
    }
    const { rows } = await store.system((db) =>
      sql`select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = session_user`.execute(
        db,
      ),
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false }]);
  });

  it('keeps each transaction its own tenant’s, however those before it on the connection ended', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            tenant: fc.constantFrom(ours, theirs, null),
            end: fc.constantFrom('well', 'throw', 'sql', 'swallow', 'forget'),
          }),
          { minLength: 20, maxLength: 60 },
        ),
        async (works) => {
          await Promise.all(
            works.map(async ({ tenant, end }) => {
              const work = async (db: Transaction<Notes>) => {
                const { rows } = await sql<{ tenant: string; role: string; seen: string[] }>`
                  select current_setting('merlon.tenant') as tenant, current_user as role, array_agg(text order by text) as seen from notes`.execute(
                  db,
                );
                expect(rows).toEqual([
                  tenant === null
                    ? { tenant: '', role: 'merlon_system', seen: ['ours', 'theirs'] }
                    : { tenant, role: 'merlon_tenant', seen: [tenant === ours ? 'ours' : 'theirs'] },
                ]);
                if (end === 'throw') throw new Error('as meant');
                if (end === 'sql') await sql`select 1 / 0`.execute(db);
                if (end === 'swallow') await sql`select 1 / 0`.execute(db).catch(() => {});
                if (end === 'forget') void sql`select 1`.execute(db);
              };
              const run = tenant === null ? store.system(work) : store.tenant(tenant, work);
              if (end === 'well' || end === 'forget') await run;
              else await expect(run).rejects.toThrow(/as meant|division by zero|the transaction was undone/);
            }),
          );
        },
      ),
      { numRuns: 10 },
    );
  });

  it('does not call done what PostgreSQL undid', async () => {
    await expect(
      store.tenant<Notes, void>(ours, async (db) => {
        await db.insertInto('notes').values({ id: 7, text: 'lost' }).execute();
        await sql`select 1 / 0`.execute(db).catch(() => {});
      }),
    ).rejects.toThrow(/the transaction was undone/);
  });

  it('does again what met another transaction', async () => {
    await store.system<Notes, void>(async (db) => {
      await db
        .insertInto('notes')
        .values([101, 102].map((id) => ({ tenant_id: ours, id, text: '0' })))
        .execute();
    });
    let begun = 0;
    const both = withResolvers();
    const inOrder = (ids: readonly number[]) =>
      store.tenant<Notes, void>(ours, async (db) => {
        for (const id of ids) {
          await sql`update notes set text = (text::int + 1)::text where id = ${id}`.execute(db);
          if (++begun === 2) both.resolve();
          await both.promise;
        }
      });
    await Promise.all([inOrder([101, 102]), inOrder([102, 101])]);
    expect(begun).toBeGreaterThan(4);
    const texts = await store.tenant<Notes, { text: string }[]>(ours, (db) =>
      db.selectFrom('notes').select('text').where('id', '>', 100).execute(),
    );
    expect(texts).toEqual([{ text: '2' }, { text: '2' }]);
    await store.tenant<Notes, unknown>(ours, (db) => db.deleteFrom('notes').where('id', '>', 100).execute());
  });

  it('refuses a tenant id that is none', async () => {
    await expect(store.tenant("x'; drop table notes; --", async () => {})).rejects.toThrow(/not a tenant id/);
  });

  describe('notifications', () => {
    it('reach every listener of the channel, until it stops', async () => {
      const heard: string[] = [];
      const stops = await Promise.all(
        ['a', 'b'].map((name) => store.listen('merlon_test', (payload) => heard.push(`${name}:${payload}`))),
      );
      const other = await heardOn('merlon_other');
      await store.notify('merlon_test', 'one');
      await store.notify('merlon_other', 'marker');
      expect(await other.next).toBe('marker');
      await stops[0]?.();
      const again = await heardOn('merlon_other');
      await store.notify('merlon_test', 'two');
      await store.notify('merlon_other', 'marker');
      await again.next;
      expect(heard.sort()).toEqual(['a:one', 'b:one', 'b:two']);
      await stops[1]?.();
      await expect(store.listen('x; drop table notes', () => {})).rejects.toThrow(/not a channel name/);
    });

    it('are sent with the transaction that tells them, or not at all', async () => {
      const heard = await heardOn('merlon_tx');
      await store
        .tenant(ours, async (db) => {
          await sql`select pg_notify('merlon_tx', 'undone')`.execute(db);
          throw new Error('stop');
        })
        .catch(() => {});
      await store.tenant(ours, (db) => sql`select pg_notify('merlon_tx', 'done')`.execute(db));
      expect(await heard.next).toBe('done');
    });

    it('are heard again after the connection broke, also by a handler that failed before', async () => {
      let calls = 0;
      const stop = await store.listen('merlon_broken', () => {
        calls++;
        throw new Error('a handler that fails');
      });
      await store.notify('merlon_broken', 'x');
      await until(() => calls === 1);
      await store.system(async (db) => {
        await sql`reset role`.execute(db);
        await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query ilike 'listen%'`.execute(
          db,
        );
      });
      await until(async () => {
        await store.notify('merlon_broken', 'y');
        return calls > 1;
      });
      await stop();
    });

    /** Resolves when it listens; `next` is what it then hears first. */
    const heardOn = async (channel: string) => {
      let hear = (_: string) => {};
      const next = new Promise<string>((resolve) => {
        hear = resolve;
      });
      const stop = await store.listen(channel, hear);
      return { next: next.finally(stop) };
    };
  });
});

async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(20)) if (await look()) return;
  throw new Error('waited in vain');
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
