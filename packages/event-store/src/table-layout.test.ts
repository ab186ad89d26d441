import { huntingTable, huntingTables } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { EventStoreSchemaError } from './errors.ts';
import { createStatement, huntingLayout, quoteName, statementsFor } from './table-layout.ts';

function layoutOf(name: string) {
  const table = huntingTable(name);
  if (!table) throw new Error(name);
  return huntingLayout(table);
}

const existing = (layout: ReturnType<typeof layoutOf>, without: readonly string[] = []) => ({
  columns: new Map(layout.columns.filter((c) => !without.includes(c.name)).map((c) => [c.name, c.type])),
  indexes: new Set(layout.indexes.map((i) => i.name).filter((name) => !without.includes(name))),
});

describe('the layout of a hunting table', () => {
  const layout = layoutOf('DeviceProcessEvents');
  const type = (name: string) => layout.columns.find((column) => column.name === name)?.type;

  it('keeps text as text, times to 100 ns, and lets only what KQL calls null be null', () => {
    expect(type('TenantId')).toBe('UUID');
    expect(type('Timestamp')).toBe("DateTime64(7, 'UTC')");
    expect(type('ProcessCreationTime')).toBe("Nullable(DateTime64(7, 'UTC'))");
    expect(type('ProcessCommandLine')).toBe('String');
    expect(type('FileName')).toBe('LowCardinality(String)');
    expect(type('SHA256')).toBe('String');
    expect(type('FileSize')).toBe('Nullable(Int64)');
    expect(type('AdditionalFields')).toBe('String');
  });

  it('lies by day, tenant and device, with its words indexed', () => {
    expect(layout.partitionBy).toBe('toYYYYMMDD(Timestamp)');
    expect(layout.orderBy).toEqual(['TenantId', 'DeviceId', 'Timestamp']);
    expect(layout.indexes.map((index) => index.name)).toEqual([
      'words_FolderPath',
      'words_ProcessCommandLine',
      'words_InitiatingProcessCommandLine',
      'words_AdditionalFields',
    ]);
    expect(createStatement('merlon', layout)).toContain(
      "INDEX `words_FolderPath` lower(`FolderPath`) TYPE text(tokenizer = 'splitByNonAlpha')",
    );
  });

  it('has no days where rows have no time', () => {
    expect(layoutOf('DeviceTvmSoftwareInventory')).toMatchObject({
      partitionBy: null,
      orderBy: ['TenantId', 'DeviceId'],
    });
    expect(layoutOf('AlertInfo')).toMatchObject({ orderBy: ['TenantId', 'Timestamp'] });
  });

  it('exists for every table of contract, with every column once', () => {
    for (const table of huntingTables) {
      const names = huntingLayout(table).columns.map((column) => column.name);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(table.columns.map((column) => column.name)));
    }
  });
});

describe('statementsFor', () => {
  const layout = layoutOf('DeviceNetworkEvents');

  it('creates what is not there and leaves alone what is', () => {
    expect(statementsFor('merlon', layout, undefined)).toEqual([createStatement('merlon', layout)]);
    expect(statementsFor('merlon', layout, existing(layout))).toEqual([]);
  });

  it('adds columns and indexes, and never takes any away', () => {
    const before = existing(layout, ['RemoteIP', 'words_RemoteUrl']);
    before.columns.set('FormerColumn', 'String');
    expect(statementsFor('merlon', layout, before)).toEqual([
      'ALTER TABLE `merlon`.`DeviceNetworkEvents` ADD COLUMN IF NOT EXISTS `RemoteIP` String CODEC(ZSTD(1))',
      "ALTER TABLE `merlon`.`DeviceNetworkEvents` ADD INDEX IF NOT EXISTS `words_RemoteUrl` lower(`RemoteUrl`) TYPE text(tokenizer = 'splitByNonAlpha')",
      'ALTER TABLE `merlon`.`DeviceNetworkEvents` MATERIALIZE INDEX `words_RemoteUrl`',
    ]);
  });

  it('widens a type, and makes anew the index that was made of the old one', () => {
    const before = existing(layout);
    before.columns.set('RemotePort', 'Int32');
    before.columns.set('RemoteUrl', 'LowCardinality(String)');
    expect(statementsFor('merlon', layout, before)).toEqual(
      [
        'MODIFY COLUMN `RemotePort` Nullable(Int32) CODEC(ZSTD(1))',
        'DROP INDEX IF EXISTS `words_RemoteUrl`',
        'MODIFY COLUMN `RemoteUrl` String CODEC(ZSTD(1))',
        "ADD INDEX IF NOT EXISTS `words_RemoteUrl` lower(`RemoteUrl`) TYPE text(tokenizer = 'splitByNonAlpha')",
        'MATERIALIZE INDEX `words_RemoteUrl`',
      ].map((change) => `ALTER TABLE \`merlon\`.\`DeviceNetworkEvents\` ${change}`),
    );
  });

  it('widens decimals on both sides of the point, and on no side less', () => {
    const of = { ...layout, columns: [{ name: 'D', type: 'Nullable(Decimal(76, 38))' }], indexes: [] };
    const from = (type: string) => ({ columns: new Map([['D', type]]), indexes: new Set<string>() });
    expect(statementsFor('merlon', of, from('Nullable(Decimal(38, 17))'))).toHaveLength(1);
    expect(() => statementsFor('merlon', of, from('Nullable(Decimal(76, 20))'))).toThrow(
      EventStoreSchemaError,
    );
  });

  it.each([
    ['RemotePort', 'Nullable(Int64)', 'narrower'],
    ['FileName', 'Nullable(String)', 'without nulls'],
    ['Timestamp', "DateTime64(3, 'UTC')", 'that orders the table'],
  ])('refuses to change %s from %s, into one %s', (column, type) => {
    const of = column === 'RemotePort' ? layout : layoutOf('DeviceFileEvents');
    const there = existing(of);
    there.columns.set(column, type);
    expect(() => statementsFor('merlon', of, there)).toThrow(EventStoreSchemaError);
  });

  it('refuses by name to change a type', () => {
    const before = existing(layout);
    before.columns.set('RemotePort', 'String');
    expect(() => statementsFor('merlon', layout, before)).toThrow(EventStoreSchemaError);
    expect(() => statementsFor('merlon', layout, before)).toThrow(
      /RemotePort .* is String.*Nullable\(Int32\)/,
    );
  });

  it('quotes names', () => {
    expect(quoteName('a`b\\c')).toBe('`a\\`b\\\\c`');
  });
});
