import { huntingTables } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError, type QueryScope } from '../index.ts';
import { severalResultOperators } from '../lower/first-result.ts';
import { pipedOperators, sourceOperators } from '../lower/operators/index.ts';
import { joinKinds, lookupKinds } from '../lower/operators/join.ts';
import { plugins } from '../lower/plugins/index.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { tenantA, tenantB } from '../testing/fixtures.ts';
import { injections, joinQueries, operatorQueries, pluginQueries } from './leak-queries.ts';
import { plausibleRow } from './rows.ts';

/**
 * A query under a scope gives what it gives where nothing but the rows in scope exists: tenant A is watched through the group Servers; the tenant
 * `alone` holds copies of the rows of A's servers and nothing else. Tenant B and A's other groups hold more rows in every table.
 */
const alone = '33333333-3333-3333-3333-333333333333';
const servers: QueryScope = { tenantId: tenantA, deviceGroups: ['Servers'] };
const everything: QueryScope = { tenantId: alone, deviceGroups: 'all' };

let engine: TestEngine;

beforeAll(() => {
  engine = openTestEngine(huntingTables.map((table) => table.name));
  for (const [index, table] of huntingTables.entries()) {
    const ofDevices = table.columns.some(({ name }) => name === 'DeviceId');
    const ofAlerts = table.columns.some(({ name }) => name === 'AlertId');
    const own = rowsOf(index, ['d1', 'd1'], 'own');
    const others = ofDevices || ofAlerts ? rowsOf(index, ['d2', 'd3', ''], 'foreign') : [];
    insert(table.name, tenantA, [...own, ...others]);
    insert(table.name, alone, own);
    insert(table.name, tenantB, rowsOf(index, ['d1', 'foreign-x9'], 'foreign'));
  }
  for (const [tenant, device, group] of [
    [tenantA, 'd1', 'Servers'],
    [tenantA, 'd2', 'Laptops'],
    [tenantA, 'd3', 'Kiosks'],
    [tenantB, 'foreign-x9', 'Servers'],
    [tenantB, 'd2', 'Servers'],
  ])
    engine.sql(
      `INSERT INTO merlon.DeviceScope SELECT '${tenant}', '${device}', '${group}', '2026-11-01 00:00:00'`,
    );
}, 180_000);
afterAll(() => engine.close());

/** A row for each device; every text of it says whose it is, and every alert is of one side only. */
function rowsOf(
  place: number,
  devices: readonly string[],
  owner: 'own' | 'foreign',
): Record<string, unknown>[] {
  const table = huntingTables[place];
  if (table === undefined) return [];
  return devices.map((device, index) => {
    const row = plausibleRow(table, (owner === 'own' ? 1 : 7) + index);
    const marked = table.columns
      .filter(
        ({ name, type }) =>
          type === 'string' && name !== 'TenantId' && name !== 'OSPlatform' && !/IP|SHA|Fields/.test(name),
      )
      .map(({ name }) => [name, `${owner}-${device}`]);
    return {
      ...row,
      ...Object.fromEntries(marked),
      ...('DeviceId' in row ? { DeviceId: device } : {}),
      ...('AlertId' in row ? { AlertId: `${owner}-alert` } : {}),
    };
  });
}

function insert(table: string, tenant: string, rows: readonly Record<string, unknown>[]): void {
  const lines = rows.map((row) =>
    JSON.stringify({ ...row, TenantId: tenant, IngestionTime: '2026-11-24T11:00:00Z' }),
  );
  engine.sql(
    `INSERT INTO merlon.\`${table}\` SETTINGS date_time_input_format = 'best_effort' FORMAT JSONEachRow ${lines.join('\n')}`,
  );
}

/** Rows in no order, as text; the tenants' ids alike. A refusal is its message. */
function answer(query: string, scope: QueryScope): string {
  try {
    return engine
      .rows(query, { scope })
      .map((row) => JSON.stringify(row).replaceAll(scope.tenantId, 'the tenant'))
      .sort()
      .join('\n');
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    return `refused: ${error.message}`;
  }
}

/** Nothing of others shows, and what shows is what there would be without them. */
function staysInScope(query: string): void {
  const seen = answer(query, servers);
  expect(seen.replaceAll('foreign-x9', ''), query).not.toMatch(/foreign-/);
  expect(seen, query).toEqual(answer(query, everything));
}

const ran = (query: string) => expect(answer(query, servers), query).not.toMatch(/^refused/);

const keywords = [
  ...[...pipedOperators.values(), ...sourceOperators.values()].map(({ keyword }) => keyword),
  ...severalResultOperators,
];

it('what is to stay out of sight is there to be seen', () => {
  const all: QueryScope = { tenantId: tenantA, deviceGroups: 'all' };
  expect(answer('DeviceInfo | project DeviceName', all)).toContain('foreign-d2');
  expect(answer('DeviceInfo | count', all)).not.toEqual(answer('DeviceInfo | count', everything));
});

it('no operator and no plug-in is forgotten', () => {
  expect(keywords.filter((keyword) => operatorQueries[keyword] === undefined)).toEqual([]);
  expect([...plugins.keys()].filter((name) => pluginQueries[name] === undefined)).toEqual([]);
});

describe('shows nothing of others:', () => {
  it.each([...Object.values(operatorQueries), ...Object.values(pluginQueries)].flat())('%s', staysInScope);

  it.each([
    ...joinQueries(Object.keys(joinKinds), 'join'),
    ...joinQueries(Object.keys(lookupKinds), 'lookup'),
  ])('%s', (query) => {
    ran(query);
    staysInScope(query);
  });
});

it.each(injections)('%s stays a query', staysInScope);

it('a table gives the rows in scope, whichever it is', () => {
  for (const { name, legacyNames } of huntingTables)
    for (const table of [name, ...legacyNames]) {
      const query = `${table} | count`;
      ran(query);
      staysInScope(query);
      staysInScope(table);
    }
});
