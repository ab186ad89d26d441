import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  actionTypeRenames,
  actionTypes,
  additionalFieldKeys,
  columnDictionary,
  DEVICE_TABLES,
  type HuntingTable,
  huntingTable,
  huntingTables,
  type KustoType,
  resolveHuntingTableName,
  tablesNotKept,
} from './index.ts';

const kustoTypes: readonly KustoType[] = ['bool', 'datetime', 'dynamic', 'int', 'long', 'real', 'string'];

describe('the hunting schema', () => {
  it('has 38 tables with names of their own', () => {
    expect(huntingTables).toHaveLength(38);
    expect(new Set(huntingTables.map((table) => table.name)).size).toBe(38);
  });

  it.each(huntingTables.map((table) => [table.name, table] as const))('%s has sound columns', (_, table) => {
    const names = table.columns.map((column) => column.name);
    expect(new Set(names).size).toBe(names.length);
    for (const column of table.columns) {
      expect(kustoTypes).toContain(column.type);
      expect(column.description).toMatch(/\S/);
    }
    for (const present of Object.values(table.columnRenames)) expect(names).toContain(present);
    for (const present of Object.keys(table.columnMerges)) expect(names).toContain(present);
    for (const former of Object.keys(table.columnRenames)) expect(names).not.toContain(former);
  });

  it('describes no column that no table has', () => {
    const used = new Set(huntingTables.flatMap((table) => table.columns.map((column) => column.name)));
    expect(Object.keys(columnDictionary).filter((name) => !used.has(name))).toEqual([]);
  });

  it('keeps AdditionalFields dynamic in every table', () => {
    const types = huntingTables.flatMap((t) =>
      t.columns.filter((c) => c.name === 'AdditionalFields').map((c) => c.type),
    );
    expect(new Set(types)).toEqual(new Set(['dynamic']));
  });

  it('resolves present and former names, and no other', () => {
    expect(resolveHuntingTableName('DeviceProcessEvents')).toBe('DeviceProcessEvents');
    expect(resolveHuntingTableName('ProcessCreationEvents')).toBe('DeviceProcessEvents');
    expect(resolveHuntingTableName('AlertEvents')).toBe('DeviceAlertEvents');
    expect(resolveHuntingTableName('deviceprocessevents')).toBeUndefined();
    expect(huntingTable('MiscEvents')?.name).toBe('DeviceEvents');
    expect(huntingTable('constructor')).toBeUndefined();
    expect(huntingTable('')).toBeUndefined();
  });

  it('gives every former name to one table', () => {
    const former = huntingTables.flatMap((table) => table.legacyNames);
    expect(new Set(former).size).toBe(former.length);
    expect(former.filter((name) => huntingTables.some((table) => table.name === name))).toEqual([]);
  });

  it('lists kinds of events only for tables that have them', () => {
    for (const [name, kinds] of Object.entries(actionTypes)) {
      expect(huntingTable(name)?.columns.map((column) => column.name)).toContain('ActionType');
      expect(new Set(kinds).size).toBe(kinds.length);
    }
    const known = new Set(Object.values(actionTypes).flat());
    expect(Object.keys(additionalFieldKeys).filter((kind) => !known.has(kind))).toEqual([]);
    for (const renames of Object.values(actionTypeRenames)) {
      expect(Object.values(renames).filter((kind) => !known.has(kind))).toEqual([]);
    }
  });

  it('keeps no table it says it does not keep', () => {
    expect(
      Object.values(tablesNotKept)
        .flat()
        .filter((name) => huntingTable(name)),
    ).toEqual([]);
  });

  it('has every table that devices write, with a time and a device', () => {
    for (const name of DEVICE_TABLES) {
      const columns = huntingTable(name)?.columns.map((column) => column.name);
      expect(columns).toEqual(expect.arrayContaining(['Timestamp', 'DeviceId', 'ReportId']));
    }
  });
});

// The facts the schema was written from are not part of the repository.
const spec = process.env.MERLON_SPEC;

interface Facts {
  tables: {
    name: string;
    category: string;
    status: string;
    surface: string;
    nrtDetectionSupported: boolean;
    legacyNames: string[];
    columnRenames: Record<string, string>;
    columns: { name: string; type: string }[];
  }[];
  otherTables: { name: string; category: string }[];
  actionTypes: Record<string, { name: string; additionalFields?: string[] }[]>;
}

describe.skipIf(!spec)('the hunting schema and the facts of MERLON_SPEC', () => {
  const facts = (): Facts =>
    JSON.parse(readFileSync(join(spec ?? '', 'hunting-schema.json'), 'utf8')) as Facts;

  it('agree on tables and columns', () => {
    const ours = (table: HuntingTable) => ({
      name: table.name,
      category: table.category,
      status: table.status,
      surface: table.surface === 'endpoint' ? 'mde' : 'xdr',
      nrtDetectionSupported: table.nearRealTime,
      legacyNames: [...table.legacyNames, ...table.supersedes].sort(),
      columnRenames: {
        ...table.columnRenames,
        ...Object.fromEntries(Object.entries(table.columnMerges).map(([to, from]) => [from.join('+'), to])),
      },
      columns: table.columns.map(({ name, type }) => ({
        name,
        type: name === 'AdditionalFields' ? 'dynamic' : type,
      })),
    });
    const theirs = facts().tables.map((table) => ({
      name: table.name,
      category: table.category,
      status: table.status,
      surface: table.surface,
      nrtDetectionSupported: table.nrtDetectionSupported,
      legacyNames: table.legacyNames.map((name) => name.replace(/ \(.*\)$/, '')).sort(),
      columnRenames: table.columnRenames,
      columns: table.columns.map(({ name, type }) => ({
        name,
        type: name === 'AdditionalFields' ? 'dynamic' : type,
      })),
    }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(huntingTables.map(ours).sort(byName)).toEqual(theirs.sort(byName));
  });

  it('agree on kinds of events', () => {
    const names = Object.fromEntries(
      Object.entries(facts().actionTypes).map(([t, kinds]) => [t, kinds.map((k) => k.name)]),
    );
    expect(actionTypes).toEqual(names);
    const keys = Object.values(facts().actionTypes)
      .flat()
      .flatMap((kind) => (kind.additionalFields ? [[kind.name, kind.additionalFields] as const] : []));
    expect(additionalFieldKeys).toEqual(Object.fromEntries(keys));
  });

  it('agree on tables not kept', () => {
    const theirs = facts().otherTables.map((t) => `${t.category}/${t.name}`);
    const ours = Object.entries(tablesNotKept).flatMap(([category, names]) =>
      names.map((name) => `${category}/${name}`),
    );
    expect(ours.sort()).toEqual(theirs.sort());
  });
});
