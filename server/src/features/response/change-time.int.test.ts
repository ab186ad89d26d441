/** A client that polls machine actions by time gets every change once, however changes overlap, on a real database. */
import { randomUUID } from 'node:crypto';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gate } from '../../../../tests/support/gate.ts';
import { MIGRATIONS } from '../../features.ts';
import { responseStore } from './store.ts';

let tenantId = '';
let tenants = 0;
let devices = 0;
let state: StateStore;
let store: ReturnType<typeof responseStore>;

beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
  store = responseStore(state);
});
afterAll(() => state.close());
beforeEach(() => {
  tenantId = `33333333-3333-4333-8333-${String(++tenants).padStart(12, '0')}`;
});

async function order(alongside = async () => {}, createdAt = new Date()): Promise<string> {
  const id = randomUUID();
  await store.create(
    tenantId,
    {
      id,
      content: { kind: 'Isolate', params: { isolationType: 'Full' } },
      scope: 'Full',
      externalId: null,
      requestor: 'ann',
      requestorId: 'ann',
      approved: null,
      awaits: null,
      comment: '',
      source: 'Portal',
      machineId: String(++devices).padStart(40, 'a'),
      machineName: 'pc',
      createdAt,
      expiresAt: new Date('2030-01-01T00:00:00.000Z'),
    },
    alongside,
  );
  return id;
}
const start = (id: string, alongside = async () => {}) =>
  store.change(tenantId, id, { kind: 'started' }, new Date(), {}, { alongside });
const list = async (where: ReturnType<typeof sql<boolean>>) => {
  const page = { where, orderBy: [], limit: 10_000, offset: 0, count: false };
  return (await store.list({ tenantId, deviceGroups: 'all' }, page)).rows;
};
/** As clients do it: everything after the last time seen. */
function poller() {
  let last = new Date(0);
  const seen: string[] = [];
  return {
    seen,
    async poll() {
      const found = await list(sql<boolean>`updated_at > ${last}::timestamptz`);
      for (const action of found) if (action.updated_at > last) last = action.updated_at;
      seen.push(...found.map(({ id, status }) => `${id} ${status}`));
    },
  };
}

describe('a client that goes on from the last time it saw', () => {
  it('gets what was begun before and committed after what it saw', async () => {
    const [one, two] = [await order(), await order()];
    const client = poller();
    await client.poll();
    const late = gate();
    const first = start(one, late.pass);
    await late.arrived;
    // Nobody waits for whoever has not committed.
    await start(two);
    await client.poll();
    late.open();
    await first;
    await client.poll();
    await client.poll();
    expect(client.seen.sort()).toEqual(
      [`${one} Pending`, `${two} Pending`, `${one} InProgress`, `${two} InProgress`].sort(),
    );
  });

  it('gets an order that was long on its way', async () => {
    const client = poller();
    const late = gate();
    const slow = order(late.pass, new Date(Date.now() - 60_000));
    await late.arrived;
    const quick = await order();
    await client.poll();
    late.open();
    const id = await slow;
    await client.poll();
    expect(client.seen).toEqual([`${quick} Pending`, `${id} Pending`]);
  });

  it('gets everything once of many that change at once', async () => {
    const client = poller();
    const ids = await Promise.all(Array.from({ length: 60 }, () => order()));
    const changing = { over: false };
    const changes = Promise.all(ids.map((id) => start(id))).then(() => {
      changing.over = true;
    });
    while (!changing.over) await client.poll();
    await changes;
    await client.poll();
    const begun = client.seen.filter((one) => one.endsWith('InProgress'));
    expect(begun.sort()).toEqual(ids.map((id) => `${id} InProgress`).sort());
    const times = (await list(sql<boolean>`true`)).map(({ updated_at }) => updated_at.getTime());
    expect(new Set(times).size).toBe(ids.length);
  });
});

describe('a client that asks for what changed up to now, and goes on from there', () => {
  it('gets what is being committed, and what begins in the millisecond in which it asked', async () => {
    for (let round = 0; round < 20; round++) {
      const changes = [order(), order(), order()];
      const until = new Date();
      const before = await list(sql<boolean>`updated_at <= ${until}::timestamptz`);
      await Promise.all(changes);
      const after = await list(sql<boolean>`updated_at > ${until}::timestamptz`);
      expect(before.length + after.length).toBe((round + 1) * 3);
    }
  });
});

it('keeps the time of a change that changed nothing', async () => {
  const id = await order();
  const before = await store.find(tenantId, id);
  expect(await store.change(tenantId, id, { kind: 'refused' }, new Date(), {}, { machineId: 'none' })).toBe(
    undefined,
  );
  expect((await store.find(tenantId, id))?.updated_at).toEqual(before?.updated_at);
});
