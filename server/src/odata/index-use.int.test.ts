/** The statements of real sets on real tables: whether an index answers them, and whether pages hold rows that lie closer than a millisecond. */
import { Readable } from 'node:stream';
import type { ODataSet } from '@merlon/odata';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertColumns, alertSet } from '../features/alerts/alert-set.ts';
import { machineColumns, machineSet } from '../features/devices/machine-set.ts';
import { machineActionColumns, machineActionSet } from '../features/response/machine-action-set.ts';
import { MIGRATIONS } from '../features.ts';
import { collectionBody, collectionReply, readQuery, type SqlPage, sqlPage } from './page.ts';
import type { SqlColumns } from './sql-filter.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const SCOPE: TenantScope = { tenantId: TENANT, deviceGroups: 'all' };
const NOW = new Date('2026-11-25T12:00:00Z');
const ROWS = 4_000;
const DEVICE = '0'.repeat(37).concat('00a');

interface Listed {
  readonly set: ODataSet;
  readonly columns: SqlColumns;
  readonly table: string;
  /** What names the row, and the times it is paged by, as they are read into the entity. */
  readonly read: Readonly<Record<string, string>>;
}

const alerts: Listed = {
  set: alertSet,
  columns: alertColumns,
  table: 'alerts',
  read: { id: 'id', alertCreationTime: 'created_at', firstEventTime: 'first_event_at' },
};
const machines: Listed = {
  set: machineSet,
  columns: machineColumns(NOW),
  table: 'devices',
  read: { id: 'id', lastSeen: 'last_seen' },
};
const actions: Listed = {
  set: machineActionSet,
  columns: machineActionColumns,
  table: 'machine_actions',
  read: { id: 'id', creationDateTimeUtc: 'created_at' },
};

let state: StateStore;
beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
  await state.tenant<object, void>(SCOPE, async (db) => {
    // A row every tenth of a millisecond.
    const times = sql`timestamptz '2026-11-25T10:00:00Z' + n * interval '0.1 milliseconds'`;
    const device = sql`lpad(to_hex(n % 500), 40, '0')`;
    await sql`insert into devices (id, public_key_x, onboarded_at, first_seen, last_seen, computer_name, os_platform, os_version, os_architecture, os_processor, agent_version)
      select lpad(to_hex(n), 40, '0'), 'x' || n, ${times}, ${times}, ${times}, 'pc-' || n, 'Linux', '6', '64-bit', 'x64', '1'
      from generate_series(0, ${ROWS - 1}) as n`.execute(db);
    await sql`insert into incidents (id, leads_to, status, tags, created_at, updated_at) values (1, 1, 'Active', '{}', now(), now())`.execute(
      db,
    );
    await sql`insert into alerts (id, dedup_key, detector_id, detection_source, title, description, category, severity, techniques, status,
        machine_id, machine_name, first_event_at, last_event_at, created_at, updated_at, incident)
      select 'da' || n, 'k' || n, 'd', 's', 't', 'd', 'c', 'Low', '{}', 'New', ${device}, 'pc', ${times}, ${times}, ${times}, ${times}, 1
      from generate_series(0, ${ROWS - 1}) as n`.execute(db);
    await sql`insert into machine_actions (id, type, status, requestor, requestor_comment, request_source, machine_id, computer_dns_name, seq,
        created_at, updated_at, expires_at)
      select gen_random_uuid(), 'Isolate', 'Succeeded', 'r', 'c', 's', ${device}, 'pc', n, ${times}, ${times}, ${times}
      from generate_series(0, ${ROWS - 1}) as n`.execute(db);
  });
  await state.system<object, void>(async (db) => {
    for (const { table } of [alerts, machines, actions]) await sql`analyze ${sql.table(table)}`.execute(db);
  });
}, 60_000);
afterAll(() => state.close());

function statement({ set, columns, table }: Listed, search: string) {
  return statementOf(table, sqlPage(readQuery({ url: `/x?${search}` }, set), set, columns));
}

function statementOf(table: string, { where, after, orderBy, limit, offset }: SqlPage) {
  const conditions = [where, after].filter((condition) => condition != null);
  return sql`from ${sql.table(table)} where ${conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`}
    order by ${sql.join(orderBy.map(({ expression, direction }) => sql`${expression} ${sql.raw(direction)}`))} limit ${limit} offset ${offset}`;
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Plan[];
}

function nodes(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)];
}

async function plan(listed: Listed, search: string): Promise<readonly Plan[]> {
  return state.tenant<object, readonly Plan[]>(SCOPE, async (db) => {
    const explained = await sql<{
      'QUERY PLAN': [{ Plan: Plan }];
    }>`explain (format json) select * ${statement(listed, search)}`.execute(db);
    return nodes(explained.rows[0]?.['QUERY PLAN'][0].Plan ?? { 'Node Type': 'none' });
  });
}

async function page(listed: Listed, url: string): Promise<{ ids: string[]; next: string | null }> {
  const read = Object.entries(listed.read).map(
    ([name, column]) => sql`${sql.ref(column)} as ${sql.id(name)}`,
  );
  const { rows } = await state.tenant<object, { rows: Record<string, unknown>[] }>(SCOPE, (db) =>
    sql<
      Record<string, unknown>
    >`select ${sql.join(read)} ${statement(listed, url.split('?')[1] ?? '')}`.execute(db),
  );
  // A Date holds milliseconds, as entities do.
  const entities = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
    ),
  );
  const request = { url, origin: 'https://merlon.test' };
  const body = collectionBody(request, readQuery(request, listed.set), listed.set, 'X', entities, null);
  const ids = entities.slice(0, listed.set.maxTop).map(({ id }) => String(id));
  return {
    ids,
    next: '@odata.nextLink' in body ? String(body['@odata.nextLink']).slice(request.origin.length) : null,
  };
}

/** Pages of 700, so that they end inside a millisecond. */
const small = (listed: Listed): Listed => ({ ...listed, set: { ...listed.set, maxTop: 700 } });

describe('an index', () => {
  it.each([
    ['a device of alerts', alerts, `$filter=machineId eq '${DEVICE}'`, 'machine_id'],
    ['an alert', alerts, "$filter=id eq 'da17'", 'id'],
    ['some alerts', alerts, "$filter=id in ('da17', 'da18')", 'id'],
    ['changes since', alerts, '$filter=lastUpdateTime gt 2026-11-25T10:00:00.39Z', 'updated_at'],
    [
      'changes since, and more',
      alerts,
      "$filter=lastUpdateTime ge 2026-11-25T10:00:00.39Z and status ne 'Resolved'",
      'updated_at',
    ],
    ['a machine', machines, `$filter=id eq '${DEVICE}'`, 'id'],
    ['a machine by name', machines, "$filter=computerDnsName eq 'pc-7'", 'computer_name'],
    ['machines seen since', machines, '$filter=lastSeen gt 2026-11-25T10:00:00.39Z', 'last_seen'],
    ['a device of actions', actions, `$filter=machineId eq '${DEVICE}'`, 'machine_id'],
    ['an action', actions, '$filter=id eq 2f0ad3b1-17f1-4f8b-9e7b-3b5df2a0c1d2', 'id'],
    ['actions since', actions, '$filter=creationDateTimeUtc gt 2026-11-25T10:00:00.39Z', 'created_at'],
  ] as const)('finds %s', async (_name, listed, search, column) => {
    const found = await plan(listed, search);
    expect(found.map((node) => node['Index Cond'] ?? '').join(' ')).toMatch(new RegExp(`\\b${column}\\b`));
    expect(found.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  });

  it.each([
    ['alerts', alerts, '', 'created_at'],
    ['alerts by change', alerts, '$orderby=lastUpdateTime', 'updated_at'],
    ['machines', machines, '', 'id'],
    ['machines by time', machines, '$orderby=lastSeen desc', 'last_seen'],
    ['actions', actions, '', 'created_at'],
  ] as const)('finds the second page of %s', async (_name, listed, search, column) => {
    const few = {
      ...listed,
      set: { ...listed.set, maxTop: 20 },
      read: { ...listed.read, lastUpdateTime: 'updated_at' },
    };
    const read = listed === machines ? listed.read : few.read;
    const { next } = await page({ ...few, read }, `/x?${search}`);
    const found = await plan(few, next?.split('?')[1] ?? '');
    expect(found.map((node) => node['Index Cond'] ?? '').join(' ')).toMatch(new RegExp(`\\b${column}\\b`));
    expect(found.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    // One walk along the order, not every later row gathered and sorted.
    expect(found.map((node) => node['Node Type'])).not.toContain('BitmapOr');
  });
});

describe('rows that lie inside one millisecond', () => {
  it.each([
    ['alerts', alerts, ''],
    ['alerts by their first event', alerts, '$orderby=firstEventTime'],
    ['machines', machines, '$orderby=lastSeen desc'],
    ['machine actions', actions, ''],
  ] as const)('stand on one page of %s each', async (_name, listed, search) => {
    const seen: string[] = [];
    let next: string | null = `/x?${search}`;
    while (next !== null) {
      const answer: { ids: string[]; next: string | null } = await page(small(listed), next);
      seen.push(...answer.ids);
      next = answer.next;
    }
    expect(seen.length).toBe(ROWS);
    expect(new Set(seen).size).toBe(ROWS);
  });

  it('are not seen again by who goes on from the last time he read', async () => {
    const last = (await page(small(alerts), '/x?$orderby=firstEventTime')).ids.at(-1);
    const times = await state.tenant<object, { first_event_at: Date }[]>(SCOPE, async (db) => {
      const { rows } = await sql<{
        first_event_at: Date;
      }>`select first_event_at from alerts where id = ${last}`.execute(db);
      return rows;
    });
    const since = times[0]?.first_event_at.toISOString() ?? '';
    const later = await page(small(alerts), `/x?$orderby=firstEventTime&$filter=firstEventTime gt ${since}`);
    expect(later.ids).not.toContain(last);
  });
});

describe('a page of many', () => {
  /** The whole text of an answer that leaves in pieces; `between` is called after each read. */
  async function answer(
    url: string,
    between: (reads: number) => Promise<void> = async () => {},
    maxTop = alerts.set.maxTop,
  ) {
    const { columns, table } = alerts;
    const set = { ...alerts.set, maxTop };
    let [reads, widest] = [0, 0];
    const reply = await collectionReply(
      { url, origin: 'https://merlon.test' },
      { set, columns, context: 'Alerts' },
      async (page) => {
        const { rows } = await state.read<object, { rows: { id: string; at: Date; changed: Date }[] }>(
          SCOPE,
          (db) =>
            sql<{
              id: string;
              at: Date;
              changed: Date;
            }>`select id, created_at as at, updated_at as changed ${statementOf(table, page)}`.execute(db),
        );
        widest = Math.max(widest, rows.length);
        await between(++reads);
        const entities = rows.map(({ id, at, changed }) => ({
          id,
          alertCreationTime: at.toISOString(),
          firstEventTime: at.toISOString(),
          lastUpdateTime: changed.toISOString(),
        }));
        return { entities, total: page.count ? ROWS : null };
      },
    );
    if (!('body' in reply)) throw new Error('no body');
    const { body } = reply;
    let text = '';
    if (body instanceof Readable) for await (const chunk of body) text += chunk;
    else text = JSON.stringify(body);
    return { reads, widest, streamed: body instanceof Readable, body: JSON.parse(text) };
  }
  const idsOf = (body: { value: { id: string }[] }) => body.value.map(({ id }) => id);

  it.each([
    ['/x', 4_000, false],
    ['/x?$top=3000', 3_000, false],
    ['/x?$top=501&$skip=7', 501, false],
    ['/x?$top=500', 500, false],
    ['/x?$count=true&$orderby=alertCreationTime', 4_000, true],
    ["/x?$filter=id eq 'da7'", 1, false],
    ['/x?$filter=lastUpdateTime gt 2000-01-01Z', 4_000, false],
  ])('%s is the same in pieces as it would be at once', async (url, size, counted) => {
    const { body, widest, streamed } = await answer(url);
    expect(streamed).toBe(size > 500);
    expect(widest).toBeLessThanOrEqual(501);
    const whole = await page({ ...alerts, set: { ...alerts.set, maxTop: 10_000 } }, url);
    expect(idsOf(body)).toEqual(whole.ids.slice(0, size));
    expect(body.value.length).toBe(size);
    expect(body['@odata.count']).toBe(counted ? ROWS : undefined);
    expect(body['@odata.nextLink']).toBeUndefined();
  });

  it('says where the next one begins', async () => {
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let next: string | undefined = '/x?$orderby=firstEventTime'; next !== undefined; ) {
      const { body } = await answer(next, undefined, 1_200);
      seen.push(...idsOf(body));
      sizes.push(body.value.length);
      next = body['@odata.nextLink']?.slice('https://merlon.test'.length);
    }
    expect(sizes).toEqual([1_200, 1_200, 1_200, 400]);
    expect(new Set(seen).size).toBe(ROWS);
  });

  it('holds what stays once, though rows go while it leaves', async () => {
    const { body } = await answer('/x?$orderby=alertCreationTime', async (reads) => {
      if (reads !== 3) return;
      await state.tenant<object, void>(SCOPE, async (db) => {
        await sql`update alerts set created_at = created_at - interval '1 day' where id in ('da10', 'da20', 'da3999')`.execute(
          db,
        );
      });
    });
    const ids = idsOf(body);
    expect(new Set(ids).size).toBe(ids.length);
    // What moved to a place that had been passed is not met again.
    expect(ids.length).toBe(ROWS - 1);
  });

  it('is cut off when the store fails on the way', async () => {
    await expect(
      answer('/x', async (reads) => {
        if (reads === 2) throw new Error('the store is gone');
      }),
    ).rejects.toThrow('the store is gone');
  });
});
