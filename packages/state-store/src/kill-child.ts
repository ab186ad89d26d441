/** What `durability.int.test.ts` kills: a process with a store, which writes as fast as it can and tells on stdout what was acknowledged. */
import { writeSync } from 'node:fs';
import { sql } from 'kysely';
import { type Migration, openStateStore, tenantTable } from './index.ts';

const { dir, tenant, from, writers } = JSON.parse(process.argv[2] ?? '') as {
  dir: string;
  tenant: string;
  from: number;
  writers: number;
};
const migrations: Migration[] = [
  {
    name: '2026-01-01-marks-1',
    up: (db) => tenantTable(db, 'marks', (t) => t.addColumn('n', 'integer', (c) => c.primaryKey())),
  },
];
const complain = (facts: object, message: string) =>
  void writeSync(2, `${message} ${JSON.stringify(facts)}\n`);
const store = await openStateStore({
  dir,
  migrations,
  log: { info: () => {}, warn: complain, error: complain },
});
// Straight to the pipe: what was said is with the parent, whenever we die.
writeSync(1, `up ${process.getuid?.()}\n`);

let next = from;
await Promise.all(
  Array.from({ length: writers }, async () => {
    for (;;) {
      const n = next++;
      await store.tenant(tenant, (db) => sql`insert into marks (n) values (${n})`.execute(db));
      writeSync(1, `A ${n}\n`);
    }
  }),
);
