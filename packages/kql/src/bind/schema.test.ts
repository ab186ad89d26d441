import { huntingTables } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { describeTables } from './schema.ts';

describe('the schema', () => {
  const plain = describeTables(huntingTables, { aliases: false, additionalFields: 'dynamic' });
  const aliased = describeTables(huntingTables, { aliases: true, additionalFields: 'string' });

  it('has every hunting table with its columns in order', () => {
    expect(plain.map((table) => table.name)).toEqual(huntingTables.map((table) => table.name));
    for (const table of plain) expect(table.columns.every((column) => !column.hidden)).toBe(true);
  });

  it('adds former names only with the aliases', () => {
    const legacy = aliased.filter((table) => table.legacy);
    expect(legacy.map((table) => table.name)).toContain('ProcessCreationEvents');
    expect(legacy.find((table) => table.name === 'ProcessCreationEvents')?.storage).toBe(
      'DeviceProcessEvents',
    );
    expect(plain.some((table) => table.legacy)).toBe(false);
  });

  it('adds TimeGenerated to every table with a Timestamp, hidden', () => {
    for (const table of aliased) {
      const hasTime = table.columns.some((column) => column.name === 'Timestamp');
      const alias = table.columns.find((column) => column.name === 'TimeGenerated');
      if (hasTime) expect(alias).toMatchObject({ storage: 'Timestamp', hidden: true });
      else expect(alias).toBeUndefined();
    }
  });

  it('types AdditionalFields as the variant says', () => {
    const typeIn = (tables: typeof plain) =>
      tables
        .find((table) => table.name === 'DeviceEvents')
        ?.columns.find((column) => column.name === 'AdditionalFields')?.type;
    expect([typeIn(plain), typeIn(aliased)]).toEqual(['dynamic', 'string']);
  });
});
