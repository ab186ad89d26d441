/** Several transactions as one, on a real engine. */
import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StateStore } from './store.ts';
import { tenantTable } from './tenant-table.ts';
import { openTestStateStore } from './testing.ts';

interface Db {
  notes: { tenant_id: string; text: string };
}

describe('a unit of work', () => {
  const [one, two] = [randomUUID(), randomUUID()];
  let state: StateStore;
  beforeAll(async () => {
    state = await openTestStateStore([
      {
        name: '2026-11-25-notes-1',
        up: (db) =>
          tenantTable(db, 'notes', (table) =>
            table
              .addColumn('text', 'text', (c) => c.notNull())
              .addPrimaryKeyConstraint('notes_pkey', ['tenant_id', 'text']),
          ),
      },
    ]);
  });
  afterAll(() => state?.close());

  const write = (tenant: string, text: string) =>
    state.tenant<Db, void>(tenant, async (db) => {
      await db.insertInto('notes').values({ tenant_id: tenant, text }).execute();
    });
  const texts = (db: Transaction<Db>) => db.selectFrom('notes').select('text').orderBy('text').execute();
  const read = async (tenant: string) =>
    (await state.tenant<Db, { text: string }[]>(tenant, texts)).map(({ text }) => text);

  it('keeps all of its transactions or none', async () => {
    await expect(
      state.together(async () => {
        await write(one, 'a');
        await write(two, 'b');
        expect(await read(one)).toEqual(['a']);
        throw new Error('the last step failed');
      }),
    ).rejects.toThrow('the last step failed');
    expect([await read(one), await read(two)]).toEqual([[], []]);
    await state.together(() => Promise.all([write(one, 'a'), write(two, 'b')]));
    expect([await read(one), await read(two)]).toEqual([['a'], ['b']]);
  });

  it('undoes a part that failed alone, and each part sees its own tenant', async () => {
    await state.together(async () => {
      await write(one, 'c');
      await expect(write(one, 'c')).rejects.toThrow('notes_pkey');
      await expect(
        state.tenant<Db, unknown>(two, (db) =>
          db.insertInto('notes').values({ tenant_id: one, text: 'd' }).execute(),
        ),
      ).rejects.toThrow('row-level security');
      const all = await state.system<Db, unknown[]>(texts);
      expect(all).toHaveLength(3);
      await state.tenant<Db, void>(one, async () => {
        expect(await read(two)).toEqual(['b']);
        await write(two, 'e');
      });
    });
    expect([await read(one), await read(two)]).toEqual([
      ['a', 'c'],
      ['b', 'e'],
    ]);
  });

  it('is heard of when it stands, and lets go of what it left in the background', async () => {
    const heard: string[] = [];
    const stop = await state.listen('notes', (payload) => void heard.push(payload));
    let release = () => {};
    const later = new Promise<void>((resolve) => {
      release = resolve;
    });
    let background: Promise<void> = Promise.resolve();
    await expect(
      state.together(async () => {
        await state.notify('notes', 'undone');
        background = later.then(() => write(one, 'later'));
        throw new Error('undo');
      }),
    ).rejects.toThrow('undo');
    release();
    await background;
    expect(await read(one)).toContain('later');
    await state.together(() => state.notify('notes', 'stands'));
    // At once here, and once more by way of PostgreSQL, as other servers hear it.
    expect(heard).toEqual(['stands']);
    await expect.poll(() => heard).toEqual(['stands', 'stands']);
    await stop();
  });

  it('leaves the connection as nobody’s', async () => {
    await state.together(() => write(one, 'last'));
    const { rows } = await state.system<Db, { rows: { role: string }[] }>((db) =>
      sql<{ role: string }>`select current_user as role`.execute(db),
    );
    expect(rows[0]?.role).toBe('merlon_system');
  });
});
