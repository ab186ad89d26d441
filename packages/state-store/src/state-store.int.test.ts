import { randomUUID } from 'node:crypto';
import { type Generated, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Migration, type StateStore, tenantTable } from './index.ts';
import { openTestStateStore } from './testing.ts';

interface Notes {
  notes: { tenant_id: Generated<string>; id: number; text: string };
}
interface Platform extends Notes {
  platform_things: { id: number };
}

const migrations: Migration[] = [
  {
    name: '2026-01-01-notes-1',
    async up(db) {
      await tenantTable(db, 'notes', (table) =>
        table.addColumn('id', 'integer', (c) => c.notNull()).addColumn('text', 'text', (c) => c.notNull()),
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

  it('refuses a tenant id that is none', async () => {
    await expect(store.tenant("x'; drop table notes; --", async () => {})).rejects.toThrow(/not a tenant id/);
  });

  it('tells every listener what was notified', async () => {
    const heard = new Promise<string>(
      (resolve) => void store.listen('merlon_test', resolve).then(() => store.notify('merlon_test', 'hello')),
    );
    expect(await heard).toBe('hello');
  });
});
