import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type Generated, type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceScope, type Migration, type StateStore, type TenantScope, tenantTable } from './index.ts';
import { openTestStateStore } from './testing.ts';

interface Db {
  devices: { tenant_id: Generated<string>; id: string; rbac_group_id: number };
}

const migrations: Migration[] = [
  {
    name: '2026-01-01-devices-1',
    async up(db) {
      await tenantTable(db, 'devices', (table) =>
        table
          .addColumn('id', 'text', (c) => c.notNull())
          .addColumn('rbac_group_id', 'integer', (c) => c.notNull())
          .addPrimaryKeyConstraint('devices_pkey', ['tenant_id', 'id']),
      );
      await deviceScope(db, 'devices', { group: 'rbac_group_id' });
      await sql`create function widen() returns void language sql security definer as 'alter table devices add column more text default ''more'''`.execute(
        db,
      );
    },
  },
];

const ours = randomUUID();
const theirs = randomUUID();
let store: StateStore;

beforeAll(async () => {
  store = await openTestStateStore(migrations);
  for (const tenant of [ours, theirs])
    await store.tenant<Db, void>(tenant, async (db) => {
      const name = tenant === ours ? 'our' : 'their';
      await db
        .insertInto('devices')
        .values([0, 1, 2].map((group) => ({ id: `${name} ${group}`, rbac_group_id: group })))
        .execute();
    });
});
afterAll(() => store.close());

const ids = async (db: Kysely<Db>): Promise<string[]> =>
  (await db.selectFrom('devices').select('id').where(sql<boolean>`true or true`).orderBy('id').execute()).map(
    ({ id }) => id,
  );

describe('a read', () => {
  it('sees what a transaction of the scope sees, whoever read on the connection before, and however that ended', async () => {
    const scopes: readonly (readonly [TenantScope | null, readonly string[]])[] = [
      [{ tenantId: ours, deviceGroups: 'all' }, ['our 0', 'our 1', 'our 2']],
      [{ tenantId: ours, deviceGroups: ['1'] }, ['our 1']],
      [{ tenantId: ours, deviceGroups: ['0', '2'] }, ['our 0', 'our 2']],
      [{ tenantId: ours, deviceGroups: [] }, []],
      [{ tenantId: theirs, deviceGroups: ['2'] }, ['their 2']],
      [{ tenantId: randomUUID(), deviceGroups: 'all' }, []],
      [null, ['our 0', 'our 1', 'our 2', 'their 0', 'their 1', 'their 2']],
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            scope: fc.constantFrom(...scopes),
            through: fc.constantFrom('read', 'transaction'),
            end: fc.constantFrom('well', 'sql', 'throw'),
          }),
          { minLength: 20, maxLength: 80 },
        ),
        async (works) => {
          await Promise.all(
            works.map(async ({ scope: [scope, expected], through, end }) => {
              const work = async (db: Kysely<Db>) => {
                expect(await ids(db)).toEqual(expected);
                if (end === 'sql') await sql`select 1 / ${0}::int`.execute(db);
                if (end === 'throw') throw new Error('as meant');
                expect(await ids(db)).toEqual(expected);
              };
              const run =
                scope === null
                  ? store.system(work)
                  : through === 'read'
                    ? store.read(scope, work)
                    : store.tenant(scope, work);
              if (end === 'well') await run;
              else await expect(run).rejects.toThrow(/as meant|division by zero/);
            }),
          );
        },
      ),
      { numRuns: 15 },
    );
  });

  it('leaves nothing behind on its connection', async () => {
    for (let round = 0; round < 20; round++) {
      await store.read<Db, unknown>({ tenantId: ours, deviceGroups: ['1'] }, ids);
      const { rows } = await store.tenant<Db, { rows: unknown[] }>(ours, (db) =>
        sql`select current_user as role, current_setting('merlon.device_groups') as groups, current_setting('transaction_read_only') as only`.execute(
          db,
        ),
      );
      expect(rows).toEqual([{ role: 'merlon_tenant', groups: '', only: 'off' }]);
    }
  });

  it.each([
    "insert into devices (id, rbac_group_id) values ('x', 1)",
    "update devices set id = 'x'",
    'with gone as (delete from devices returning 1) select count(*) from gone',
    'create table public.mine ()',
    'select 1 from devices for update',
  ])('refuses %s', async (statement) => {
    await expect(store.read(ours, (db) => sql.raw(statement).execute(db))).rejects.toThrow(
      /read-only transaction|permission denied/,
    );
    expect(await store.read<Db, string[]>(ours, ids)).toHaveLength(3);
  });

  it('takes one statement at a time, and no transaction', async () => {
    await expect(store.read(ours, (db) => sql.raw('select 1; select 2').execute(db))).rejects.toThrow(
      /multiple commands/,
    );
    await expect(store.read<Db, unknown>(ours, (db) => db.transaction().execute(ids))).rejects.toThrow(
      /no transactions/,
    );
  });

  it('gives values their types, both ways', async () => {
    const values = [7, true, null, 'a\'b"', new Date('2026-11-25T10:00:00.123Z'), ['x', 'y,z'], [1, 2]];
    for (let round = 0; round < 3; round++) {
      const { rows } = await store.read(ours, (db) =>
        sql`select ${values[0]}::int as a, ${values[1]}::boolean as b, ${values[2]}::text as c, ${values[3]}::text as d,
          ${values[4]}::timestamptz as e, ${values[5]}::text[] as f, ${values[6]}::int[] as g, '{"k":1}'::jsonb as h`.execute(
          db,
        ),
      );
      expect(rows).toEqual([
        { ...Object.fromEntries(values.map((value, at) => ['abcdefg'[at], value])), h: { k: 1 } },
      ]);
    }
  });

  it('is asked again when its connection is lost', async () => {
    await Promise.all(Array.from({ length: 8 }, () => store.read<Db, string[]>(ours, ids)));
    const slow = store.read<Db, { rows: unknown[] }>(ours, (db) =>
      sql`select 7 as n, pg_sleep(0.5)::text`.execute(db),
    );
    await store.system(async (db) => {
      await sql`set local role none`.execute(db);
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = session_user and pid <> pg_backend_pid()`.execute(
        db,
      );
    });
    await Promise.all(
      Array.from({ length: 8 }, async () =>
        expect(await store.read<Db, string[]>(ours, ids)).toEqual(['our 0', 'our 1', 'our 2']),
      ),
    );
    expect((await slow).rows).toMatchObject([{ n: 7 }]);
  });

  it('joins the unit of work it is asked in', async () => {
    const seen = await store.together(async () => {
      await store.tenant<Db, unknown>(ours, (db) =>
        db.insertInto('devices').values({ id: 'our new', rbac_group_id: 1 }).execute(),
      );
      const inside = await store.read<Db, string[]>(ours, ids);
      await store.tenant<Db, unknown>(ours, (db) =>
        db.deleteFrom('devices').where('id', '=', 'our new').execute(),
      );
      return inside;
    });
    expect(seen).toContain('our new');
  });
});

describe('statements that come again', () => {
  const names = async () => {
    const { rows } = await store.read<Db, { rows: { statement: string }[] }>(ours, (db) =>
      sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(db),
    );
    return rows.map(({ statement }) => statement);
  };

  it('are kept, up to a bound', async () => {
    const ask = (n: number) =>
      store.read(ours, (db) =>
        sql`select ${sql.lit(n)}::int as n, count(*)::int as all from devices`.execute(db),
      );
    for (let n = 0; n < 200; n++)
      for (let time = 0; time < 3; time++) expect((await ask(n)).rows).toEqual([{ n, all: 3 }]);
    const kept = (await names()).filter((text) => text.includes('as all from devices'));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThanOrEqual(64);
    expect(kept.join()).toContain('199::int');
  });

  it('are read anew when a table changes', async () => {
    const all = () =>
      store.read(ours, (db) => sql<{ id: string }>`select * from devices order by id limit 1`.execute(db));
    for (let time = 0; time < 4; time++)
      expect(Object.keys((await all()).rows[0] ?? {})).not.toContain('more');
    await store.system((db) => sql`select widen()`.execute(db));
    for (let time = 0; time < 4; time++)
      expect((await all()).rows).toMatchObject([{ id: 'our 0', more: 'more' }]);
  });

  it('are forgotten when they fail', async () => {
    const divide = (by: number) =>
      store.read(ours, (db) => sql<{ n: number }>`select 6 / ${by}::int as n`.execute(db));
    for (let time = 0; time < 4; time++) {
      await expect(divide(0)).rejects.toThrow(/division by zero/);
      expect((await divide(2)).rows).toEqual([{ n: 3 }]);
    }
  });
});
